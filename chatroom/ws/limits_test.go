package ws

import "testing"

func TestAnAddressIsWhatOneClientHas(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, hostPort, want string
	}{
		{"of IPv4 the address, whatever the port", "192.0.2.7:1234", "192.0.2.7"},
		{"of IPv6 the network of 64 bits", "[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::/64"},
		{"also if it is on one link only", "[fe80::1%eth0]:1234", "fe80::/64"},
		{"IPv4 within IPv6 is IPv4", "[::ffff:192.0.2.7]:1234", "192.0.2.7"},
		{"what is no address stays as it is", "pipe", "pipe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := address(tt.hostPort); got != tt.want {
				t.Errorf("address(%q) = %q, want %q", tt.hostPort, got, tt.want)
			}
		})
	}
}
