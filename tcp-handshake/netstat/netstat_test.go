package netstat_test

import (
	"net"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/tcp-handshake/netstat"
)

func TestTableShowsAListenerAndBothEndsOfAConnection(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	server, err := ln.Accept()
	require.NoError(t, err)
	defer server.Close()

	port := ln.Addr().(*net.TCPAddr).Port
	rows, err := netstat.Table(t.Context(), uint16(port))
	require.NoError(t, err)
	var got [][2]string
	for _, r := range rows {
		if r.State == "TIME_WAIT" { // of an earlier connection that had this port
			continue
		}
		got = append(got, [2]string{r.Local.String(), r.State})
	}
	want := [][2]string{
		{ln.Addr().String(), "LISTEN"},
		{client.LocalAddr().String(), "ESTABLISHED"},
		{ln.Addr().String(), "ESTABLISHED"},
	}
	if client.LocalAddr().(*net.TCPAddr).Port < port { // rows come in the order of the remote end
		want[1], want[2] = want[2], want[1]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows of port %d on %s (-want +got):\n%s", port, runtime.GOOS, diff)
	}
}
