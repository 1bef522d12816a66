package labtests

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/netlabtest"
	"example.com/netlessons/netlab/trace"
	tcphandshake "example.com/netlessons/tcp-handshake"
)

// 100 KB there and back, over wires of all kinds: TCP makes up for all of it.
func TestTheEchoIsWholeOverABadWire(t *testing.T) {
	message := bytes.Repeat([]byte("0123456789"), 10_000)
	for _, tt := range []struct {
		name  string
		fault func(*netlab.Lab)
	}{
		{"every tenth packet is lost", func(l *netlab.Lab) { l.Fault("loss", l.Chance(0.1), netlab.Drop) }},
		{"packets overtake each other", func(l *netlab.Lab) { l.Fault("jitter", netlab.Any, l.Jitter(30*time.Millisecond)) }},
		{"every packet comes twice", func(l *netlab.Lab) { l.Fault("twice", netlab.Any, netlab.Duplicate(5*time.Millisecond)) }},
		{"one packet in five has a bit turned over", func(l *netlab.Lab) { l.Fault("noise", l.Chance(0.2), netlab.Corrupt) }},
		{"the first SYN is lost", func(l *netlab.Lab) { l.Fault("SYN", netlab.Nth(1, netlab.Flags(trace.SYN)), netlab.Drop) }},
		{"the network is down for ten seconds", func(l *netlab.Lab) { l.Fault("down", l.Between(30*time.Millisecond, 10*time.Second), netlab.Drop) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab := netlab.New()
			client, server := lab.Host("client"), lab.Host("server")
			tt.fault(lab)
			netlabtest.Run(t, lab, func(t *testing.T) {
				defer serveTCP(t, server)()
				conn, err := client.Dial("tcp", "server:9001")
				require.NoError(t, err)
				answer, err := tcphandshake.Echo(t.Context(), conn.(tcphandshake.HalfCloser), message)
				require.NoError(t, err)
				require.True(t, bytes.Equal(message, answer), "%d of %d bytes came back", len(answer), len(message))
			})
		})
	}
}

// A client that is gone without a word must not keep the others waiting.
func TestAClientBehindABrokenWireDisturbsNobody(t *testing.T) {
	lab := netlab.New()
	server, gone, well := lab.Host("server"), lab.Host("gone"), lab.Host("well")
	netlabtest.Run(t, lab, func(t *testing.T) {
		defer serveTCP(t, server)()
		ctx, giveUp := context.WithCancel(t.Context())
		conn, err := gone.Dial("tcp", "server:9001")
		require.NoError(t, err)
		lab.Fault("the wire is cut", netlab.From("gone"), netlab.Drop)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := tcphandshake.Echo(ctx, conn.(tcphandshake.HalfCloser), []byte("hello?")); err == nil {
				t.Error("an echo through a wire that is cut")
			}
		})
		conn, err = well.Dial("tcp", "server:9001")
		require.NoError(t, err)
		answer, err := tcphandshake.Echo(t.Context(), conn.(tcphandshake.HalfCloser), []byte("hello"))
		require.NoError(t, err)
		require.Equal(t, "hello", string(answer))
		giveUp()
		wg.Wait()
	})
}

func TestAPortWhereNobodyListensRefuses(t *testing.T) {
	lab := netlab.New()
	client := lab.Host("client")
	lab.Host("server")
	netlabtest.Run(t, lab, func(t *testing.T) {
		_, err := client.Dial("tcp", "server:9001")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	})
}

func serveTCP(t *testing.T, host *netlab.Host) (stop func()) {
	ln, err := host.Listen("tcp", ":9001")
	require.NoError(t, err)
	return background(t, func(ctx context.Context) error {
		return tcphandshake.Serve(ctx, ln, slog.New(slog.DiscardHandler))
	})
}
