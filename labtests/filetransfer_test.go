package labtests

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/netlabtest"
)

// The notes' protocol: what TCP mends arrives whole; what ends the connection
// leaves nothing under the file's name.
func TestAFileOverABadWire(t *testing.T) {
	content := bytes.Repeat([]byte("netlessons "), 20_000)
	for _, tt := range []struct {
		name    string
		fault   func(*netlab.Lab)
		arrives bool
	}{
		{"every twentieth packet is lost: TCP makes up for it", func(l *netlab.Lab) { l.Fault("loss", l.Chance(0.05), netlab.Drop) }, true},
		{"the network is down for a minute: TCP waits", func(l *netlab.Lab) { l.Fault("down", l.Between(50*time.Millisecond, time.Minute), netlab.Drop) }, true},
		{"the name's packet is late: the receiver waits for it", func(l *netlab.Lab) {
			l.Fault("late", netlab.Nth(1, netlab.All(netlab.Data, netlab.From("sender"))), netlab.Delay(2*time.Second))
		}, true},
		{"the sender is stopped half way", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			path := filepath.Join(from, "notes.txt")
			require.NoError(t, os.WriteFile(path, content, 0o644))
			file, err := os.Open(path)
			require.NoError(t, err)
			defer file.Close()
			dir, err := os.OpenRoot(to)
			require.NoError(t, err)
			defer dir.Close()

			lab := netlab.New(netlab.Bandwidth(10_000_000))
			sender, receiver := lab.Host("sender"), lab.Host("receiver")
			if tt.fault != nil {
				tt.fault(lab)
			}
			netlabtest.Run(t, lab, func(t *testing.T) {
				ln, err := receiver.Listen("tcp", ":9009")
				require.NoError(t, err)
				stop := background(t, func(ctx context.Context) error {
					return filetransfer.Serve(ctx, ln, dir, slog.New(slog.DiscardHandler))
				})
				conn, err := sender.Dial("tcp", "receiver:9009")
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if !tt.arrives {
					defer time.AfterFunc(100*time.Millisecond, cancel).Stop()
				}
				_, err = filetransfer.SendOver(ctx, conn, file, 5*time.Minute)
				require.Equal(t, tt.arrives, err == nil, "%v", err)
				stop()
			})
			left, err := filepath.Glob(filepath.Join(to, "*"))
			require.NoError(t, err)
			if !tt.arrives {
				require.Empty(t, left)
				return
			}
			got, err := os.ReadFile(filepath.Join(to, "notes.txt"))
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, got), "%d of %d bytes arrived", len(got), len(content))
		})
	}
}
