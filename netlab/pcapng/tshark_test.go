package pcapng_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/trace"
)

// What Wireshark calls things. Each field has a list of values: an ICMP message
// has the headers of the packet that it quotes too.
const (
	statusBad      = "0"
	statusGood     = "1"
	severityError  = 0x00800000
	directionOut   = "0x00000002"
	fieldSeverity  = "_ws.expert.severity"
	fieldMalformed = "_ws.malformed"
	fieldComment   = "frame.comment"
	fieldHost      = "frame.interface_name"
	fieldDirection = "frame.packet_flags_direction"
	fieldTime      = "frame.time_epoch"
)

var checksums = []string{
	"ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "icmp.checksum.status", "icmpv6.checksum.status",
}

func TestWiresharkReadsTheFileWithoutAComplaint(t *testing.T) {
	t.Parallel()
	for _, tt := range labs {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := tt.lab(t, tt.opts...)
			want, got := packetsOf(tr), tshark(t, write(t, tr))
			require.Len(t, got, len(tr.Packets))
			for i, p := range tr.Packets {
				require.NotContains(t, got[i], fieldMalformed, "packet %d", p.N)
				for _, text := range got[i][fieldSeverity] {
					severity, err := strconv.Atoi(text)
					require.NoError(t, err)
					require.Less(t, severity, severityError, "packet %d: %v", p.N, got[i])
				}
				require.Equal(t, goodChecksums(p), ownChecksums(got[i]), "packet %d: %v", p.N, got[i])
				require.Equal(t, []string{want[i].Host}, got[i][fieldHost], "packet %d", p.N)
				require.Equal(t, []string{epochTime(want[i].At)}, got[i][fieldTime], "packet %d", p.N)
				require.Equal(t, want[i].Comments, got[i][fieldComment], "packet %d", p.N)
				require.Equal(t, []string{directionOut}, got[i][fieldDirection], "packet %d", p.N)
				if p.Protocol == "tcp" {
					if diff := cmp.Diff(segment(p), only(got[i], segment(p))); diff != "" {
						t.Errorf("packet %d (-trace +Wireshark):\n%s", p.N, diff)
					}
				}
			}
		})
	}
}

// Without this, a tshark that validates nothing would pass.
func TestWiresharkFindsEachWrongChecksum(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		lab     func(*testing.T, ...netlab.Option) *trace.Trace
		opts    []netlab.Option
		offset  int // of the byte of the first packet that is changed
		wantBad string
	}{
		{"of an IPv4 header", overTCP, nil, 8, "ip.checksum.status"},
		{"of a TCP segment", overTCP, nil, 20 + 14, "tcp.checksum.status"},
		{"of a TCP segment over IPv6", overTCP, []netlab.Option{netlab.IPv6()}, 40 + 14, "tcp.checksum.status"},
		{"of a UDP datagram", overUDP, nil, 20 + 8, "udp.checksum.status"},
		{"of a UDP datagram over IPv6", overUDP, []netlab.Option{netlab.IPv6()}, 40 + 8, "udp.checksum.status"},
	}
	all := &trace.Trace{Version: trace.Version}
	for i, tt := range tests {
		tr := tt.lab(t, tt.opts...)
		p := tr.Packets[0]
		p.N = i + 1
		p.Bytes[tt.offset] ^= 1
		all.Hosts = tr.Hosts
		all.Packets = append(all.Packets, p)
		all.Events = append(all.Events, trace.Event{Kind: trace.Send, Host: p.From, Packet: p.N})
	}
	got := tshark(t, write(t, all)) // once, because tshark is slow to start
	require.Len(t, got, len(tests))
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, []string{statusBad}, got[i][tt.wantBad]) })
	}
}

// segment returns what Wireshark should say of a TCP segment. It counts from the
// SYN and scales the window as the trace does, each by its own means.
func segment(p trace.Packet) map[string][]string {
	return map[string][]string{
		"tcp.flags":       {fmt.Sprintf("0x%04x", uint8(p.Flags))},
		"tcp.seq":         {strconv.Itoa(int(p.Seq))},
		"tcp.ack":         {strconv.Itoa(int(p.Ack))},
		"tcp.len":         {strconv.Itoa(p.Length)},
		"tcp.window_size": {strconv.Itoa(p.Window)},
	}
}

// only returns those of the fields that are in want too.
func only(fields, want map[string][]string) map[string][]string {
	kept := maps.Clone(fields)
	maps.DeleteFunc(kept, func(name string, _ []string) bool { return want[name] == nil })
	return kept
}

// goodChecksums returns what ownChecksums does when they are good.
func goodChecksums(p trace.Packet) map[string]string {
	name, good := p.Protocol, map[string]string{}
	if p.Src.Addr().Is4() {
		good["ip.checksum.status"] = statusGood
	} else if name == "icmp" {
		name = "icmpv6"
	}
	good[name+".checksum.status"] = statusGood
	return good
}

// ownChecksums returns what Wireshark says of a packet's checksums, without
// those of the packet that an ICMP message quotes, which it does not validate.
func ownChecksums(fields map[string][]string) map[string]string {
	own := map[string]string{}
	for _, name := range checksums {
		if status := fields[name]; len(status) > 0 {
			own[name] = status[0]
		}
	}
	if own["icmp.checksum.status"]+own["icmpv6.checksum.status"] != "" {
		delete(own, "udp.checksum.status")
	}
	return own
}

func epochTime(at time.Time) string { return fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond()) }

// tshark returns what Wireshark reads in a capture file: the fields of each
// packet. Anything that it says besides fails the test.
func tshark(t *testing.T, file []byte) (packets []map[string][]string) {
	t.Helper()
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("skipped: tshark, which belongs to Wireshark, is not installed")
	}
	path := filepath.Join(t.TempDir(), "lab.pcapng")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	args := []string{"-n", "-r", path, "-T", "json",
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"}
	for _, field := range slices.Concat(checksums, slices.Collect(maps.Keys(segment(trace.Packet{}))),
		[]string{fieldSeverity, fieldMalformed, fieldComment, fieldHost, fieldDirection, fieldTime}) {
		args = append(args, "-e", field)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	require.NoError(t, cmd.Run(), "%s", &complaints)
	for line := range strings.Lines(complaints.String()) {
		require.True(t, strings.HasPrefix(line, "Running as user"), "tshark complains: %s", line)
	}

	var frames []struct {
		Source struct {
			Layers map[string][]string `json:"layers"`
		} `json:"_source"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &frames))
	for _, f := range frames {
		packets = append(packets, f.Source.Layers)
	}
	return packets
}
