package netlab_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/netlabtest"
	"example.com/netlessons/netlab/trace"
)

func TestConnsBehaveAsTheNetPackageSays(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		lab := netlab.New(netlab.Latency(time.Microsecond))
		client, server := lab.Host("client"), lab.Host("server")
		ln, err := server.Listen("tcp", ":80")
		if err != nil {
			return nil, nil, nil, err
		}
		if c1, err = client.Dial("tcp", "server:80"); err != nil {
			return nil, nil, nil, err
		}
		if c2, err = ln.Accept(); err != nil {
			return nil, nil, nil, err
		}
		end := lab.Live(nil)
		return c1, c2, func() { c1.Close(); c2.Close(); end(); lab.Close() }, nil
	})
}

// copyLossy sends 1 MiB by io.Copy over a wire that loses every tenth packet.
func copyLossy(t *testing.T, seed uint64) *trace.Trace {
	lab := netlab.New(netlab.Seed(seed))
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("loss", lab.Chance(0.1), netlab.Drop)
	netlabtest.Run(t, lab, func(t *testing.T) {
		sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		ln, err := server.Listen("tcp", ":80")
		require.NoError(t, err)
		var wg sync.WaitGroup
		wg.Go(func() {
			defer ln.Close()
			conn, err := ln.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			got, err := io.ReadAll(conn)
			if err != nil || !bytes.Equal(got, sent) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
		conn, err := client.Dial("tcp", "server:80")
		require.NoError(t, err)
		_, err = io.Copy(conn, struct{ io.Reader }{bytes.NewReader(sent)})
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		wg.Wait()
	})
	return lab.Trace()
}

// serveHTTP lets 50 clients ask one server of net/http at once.
func serveHTTP(t *testing.T, seed uint64) *trace.Trace {
	lab := netlab.New(netlab.Seed(seed))
	server := lab.Host("server")
	var clients []*netlab.Host
	for i := range 50 {
		clients = append(clients, lab.Host(fmt.Sprintf("client%d", i)))
	}
	lab.Fault("loss", lab.Chance(0.05), netlab.Drop)
	netlabtest.Run(t, lab, func(t *testing.T) {
		ln, err := server.Listen("tcp", ":80")
		require.NoError(t, err)
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "hello %s", r.URL.Path)
		})}
		var wg sync.WaitGroup
		wg.Go(func() { srv.Serve(ln) })
		var asked sync.WaitGroup
		for i, h := range clients {
			asked.Go(func() {
				c := &http.Client{Transport: &http.Transport{DialContext: h.DialContext, DisableKeepAlives: true}}
				resp, err := c.Get(fmt.Sprintf("http://server/%02d", i))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if want := fmt.Sprintf("hello /%02d", i); err != nil || string(body) != want {
					t.Errorf("got %q, %v", body, err)
				}
			})
		}
		asked.Wait()
		srv.Shutdown(context.Background())
		wg.Wait()
	})
	return lab.Trace()
}

// manyDials lets one host dial itself and three others at once, twice from the
// same ports: the second time, those are in TIME-WAIT at the other end.
func manyDials(t *testing.T, seed uint64) *trace.Trace {
	lab := netlab.New(netlab.Seed(seed))
	hosts := []*netlab.Host{lab.Host("a"), lab.Host("b"), lab.Host("c"), lab.Host("d")}
	lab.Fault("loss", lab.Chance(0.05), netlab.Drop)
	netlabtest.Run(t, lab, func(t *testing.T) {
		var servers, clients sync.WaitGroup
		var lns []net.Listener
		for _, h := range hosts {
			ln := must(h.Listen("tcp", ":80"))
			lns = append(lns, ln)
			servers.Go(func() {
				for {
					conn, err := ln.Accept()
					if err != nil {
						return
					}
					fmt.Fprintf(conn, "hello from %s", h.Name())
					conn.Close() // first: TIME-WAIT is here
				}
			})
		}
		for range 2 {
			for i, h := range hosts {
				clients.Go(func() {
					conn, err := hosts[0].DialFrom(t.Context(), "tcp", uint16(5000+i), h.Name()+":80")
					if err != nil {
						t.Error(err)
						return
					}
					if got, err := io.ReadAll(conn); err != nil || string(got) != "hello from "+h.Name() {
						t.Errorf("got %q, %v", got, err)
					}
					conn.Close()
				})
			}
			clients.Wait()
			time.Sleep(5 * time.Second)
		}
		for _, ln := range lns {
			ln.Close()
		}
		servers.Wait()
	})
	return lab.Trace()
}

// script is a conversation with faults, on one goroutine.
func script(t *testing.T, seed uint64) *trace.Trace {
	lab := netlab.New(netlab.Seed(seed))
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("loss", lab.Chance(0.1), netlab.Drop)
	lab.Fault("jitter", netlab.Any, lab.Jitter(5*time.Millisecond))
	ln := must(server.Listen("tcp", ":80"))
	c := must(client.Dial("tcp", "server:80"))
	s := must(ln.Accept())
	must(c.Write(make([]byte, 100_000)))
	require.NoError(t, c.Close())
	require.EqualValues(t, 100_000, must(io.Copy(io.Discard, s)))
	require.NoError(t, s.Close())
	lab.Advance(5 * time.Minute)
	return lab.Trace()
}

var runs = flag.Int("runs", 12, "how often TestOneSeedMakesOneTrace runs each program")

func TestOneSeedMakesOneTrace(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, uint64) *trace.Trace
	}{
		{"a script", script},
		{"1 MiB through io.Copy at 10 % loss", copyLossy},
		{"50 clients of net/http at 5 % loss", serveHTTP},
		{"many connections of one host, ports used again", manyDials},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
			defer busy()()
			want := hash(t, tt.run(t, 1))
			for i := range *runs {
				runtime.GOMAXPROCS([]int{1, 2, 8}[i%3])
				require.Equal(t, want, hash(t, tt.run(t, 1)), "run %d", i)
			}
			require.NotEqual(t, want, hash(t, tt.run(t, 2)), "another seed")
		})
	}
}

func hash(t *testing.T, tr *trace.Trace) string {
	b, err := json.Marshal(tr)
	require.NoError(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

// busy keeps two cores busy until it is stopped.
func busy() (stop func()) {
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !done.Load() {
				runtime.Gosched()
			}
		})
	}
	return func() { done.Store(true); wg.Wait() }
}
