package netlabtest_test

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/netlabtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An echo server and its client, as one would write them for package net, on a
// wire that loses every fifth packet. It takes minutes of their time, and no
// time at all.
func TestOrdinaryCodeRunsOverALossyWire(t *testing.T) {
	lab := netlab.New()
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("loss", lab.Chance(0.2), netlab.Drop)

	netlabtest.Run(t, lab, func(t *testing.T) {
		start := time.Now()
		ln, err := server.Listen("tcp", ":7")
		require.NoError(t, err)
		var wg sync.WaitGroup
		wg.Go(func() {
			conn, err := ln.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			if _, err := io.Copy(conn, conn); err != nil {
				t.Error(err)
			}
		})

		conn, err := client.Dial("tcp", "server:7")
		require.NoError(t, err)
		for range 100 {
			_, err = conn.Write([]byte("hello"))
			require.NoError(t, err)
			_, err = io.ReadFull(conn, make([]byte, 5))
			require.NoError(t, err)
			time.Sleep(time.Second) // in the bubble's time
		}
		require.NoError(t, conn.Close())
		require.NoError(t, ln.Close())
		wg.Wait()
		require.Greater(t, time.Since(start), 100*time.Second)
		require.WithinDuration(t, time.Now(), lab.Now(), 0)
	})
}
