//go:build linux

// Package bench compares the chat server with the design that most chat
// servers in Go have. Each server is a process of its own, so that its CPU time
// and its memory can be told from those of the clients:
//
//	go test -run '^$' -bench . ./chatroom/bench
//
// Rounds of all designs take turns; what is reported is the median of five.
package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/protocol"
)

const (
	clients = 500
	size    = 128 // bytes in a message as a client gets it
	rounds  = 5
)

// designs are what is compared; the first is ours.
var designs = []string{"chatroom", "hub", "hub-joining"}

const designVariable = "CHATROOM_BENCH_DESIGN" // in the environment of a server's process

func TestMain(m *testing.M) {
	if design := os.Getenv(designVariable); design != "" {
		if err := serve(design); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve is a server's process. It prints its address, and what it has used for
// each line that it reads: CPU time in ns, and memory in bytes.
func serve(design string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	switch design {
	case "chatroom":
		cfg := chatroom.DefaultConfig()
		cfg.Room.ConnectionsPerAddress = 1 << 20
		cfg.Room.MessagesPerSecond = 1 << 20
		go chatroom.Serve(context.Background(), ln, cfg, slog.New(slog.DiscardHandler))
	default:
		h := &hub{join: make(chan *hubClient), leave: make(chan *hubClient), say: make(chan []byte), joining: design == "hub-joining"}
		go h.run()
		go http.Serve(ln, h)
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if in.Text() == "memory" {
			debug.FreeOSMemory()
		}
		var used syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &used)
		fmt.Println(used.Utime.Nano()+used.Stime.Nano(), resident())
	}
	return nil
}

// resident is how much memory this process has, in bytes, without the pages of
// its program: those do not come from connections.
func resident() int {
	text, _ := os.ReadFile("/proc/self/statm")
	var all, resident, files int
	fmt.Sscan(string(text), &all, &resident, &files)
	return (resident - files) * os.Getpagesize()
}

// server is a running server's process.
type server struct {
	design, addr string
	in           io.Writer
	out          *bufio.Reader
}

func start(b *testing.B, design string) *server {
	b.Helper()
	self, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), designVariable+"="+design)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	s := &server{design: design, in: in, out: bufio.NewReader(out)}
	_, err = fmt.Fscanln(s.out, &s.addr)
	require.NoError(b, err)
	return s
}

func (s *server) used(b *testing.B, what string) (cpu time.Duration, memory int) {
	b.Helper()
	fmt.Fprintln(s.in, what)
	_, err := fmt.Fscanln(s.out, &cpu, &memory)
	require.NoError(b, err)
	return cpu, memory
}

// client is a connection that only counts what it gets: the servers shall have
// the CPU.
type client struct{ conn *websocket.Conn }

func (s *server) connect(b *testing.B, n int) []*client { return s.connectAs(b, "client", n) }

func (s *server) connectAs(b *testing.B, name string, n int) (all []*client) {
	b.Helper()
	for i := range n {
		dialer := websocket.Dialer{ReadBufferSize: 16 << 10, NetDialContext: (&net.Dialer{}).DialContext}
		conn, _, err := dialer.DialContext(b.Context(), fmt.Sprintf("ws://%s/ws?nick=%s-%d", s.addr, name, i), nil)
		require.NoError(b, err)
		b.Cleanup(func() { conn.Close() })
		all = append(all, &client{conn})
	}
	return all
}

// message returns what a client must send so that all get size bytes.
func (s *server) message(size int) []byte {
	if s.design != "chatroom" {
		return bytes.Repeat([]byte("x"), size)
	}
	frame := protocol.Message{Type: protocol.Said, ID: 1795373400000042, Time: 1795373400123, From: "client-0", Text: "x"}
	text := strings.Repeat("x", size-len(frame.Encode())+1)
	return protocol.Message{Type: protocol.Said, Text: text}.Encode()
}

// receive returns how many messages of this size came with the next frame that
// has any; 0 at the end of the connection.
func (c *client) receive(size int) int {
	for {
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			return 0
		}
		if len(data) == size || isJoined(data, size) { // and not who joined, or what was said before
			return (len(data) + 1) / size
		}
	}
}

func isJoined(data []byte, size int) bool {
	return (len(data)+1)%(size+1) == 0 && data[0] == 'x'
}

// BenchmarkCPU lets one client talk as fast as the others can hear.
func BenchmarkCPU(b *testing.B) {
	const burst, bursts = 32, 40
	perDelivery := map[string][]float64{}
	rate := map[string][]float64{}
	for range rounds {
		for _, design := range designs {
			func() {
				s := start(b, design)
				all := s.connect(b, clients)
				var heard sync.WaitGroup
				for _, c := range all {
					go func() {
						for n := c.receive(size); n > 0; n = c.receive(size) {
							heard.Add(-n)
						}
					}()
				}
				data := s.message(size)
				before, _ := s.used(b, "cpu")
				began := time.Now()
				for range bursts {
					heard.Add(burst * clients)
					for range burst {
						if err := all[0].conn.WriteMessage(websocket.TextMessage, data); err != nil {
							b.Fatal(err)
						}
					}
					heard.Wait()
				}
				after, _ := s.used(b, "cpu")
				n := float64(burst * bursts * clients)
				perDelivery[design] = append(perDelivery[design], float64((after-before).Nanoseconds())/n/1000)
				rate[design] = append(rate[design], n/time.Since(began).Seconds())
				for _, c := range all {
					c.conn.Close()
				}
			}()
		}
	}
	for _, design := range designs {
		b.ReportMetric(median(perDelivery[design]), design+"-µs/delivery")
		b.ReportMetric(median(rate[design])/1000, design+"-k/s")
	}
	b.ReportMetric(median(perDelivery["chatroom"])/median(perDelivery["hub"]), "chatroom/hub")
	b.ReportMetric(median(perDelivery["chatroom"])/median(perDelivery["hub-joining"]), "chatroom/hub-joining")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLatency measures from sending to receiving at 20,000 deliveries/s.
func BenchmarkLatency(b *testing.B) {
	ours, baseline := start(b, "chatroom"), start(b, "hub")
	p99 := compareLatency(b, size, crowd{ours, ours.connect(b, clients)}, crowd{baseline, baseline.connect(b, clients)})
	b.ReportMetric(p99[0], "chatroom-p99-ms")
	b.ReportMetric(p99[1], "hub-p99-ms")
	b.ReportMetric(p99[0]/p99[1], "chatroom/hub")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStalled measures the same while one reader in twenty reads nothing.
func BenchmarkStalled(b *testing.B) {
	const stalled, longer = clients / 20, 1024
	some, none := start(b, "chatroom"), start(b, "chatroom")
	some.connectAs(b, "stalled", stalled) // nobody receives
	p99 := compareLatency(b, longer,
		crowd{some, some.connect(b, clients-stalled)}, crowd{none, none.connect(b, clients-stalled)})
	b.ReportMetric(p99[0], "5%-stalled-p99-ms")
	b.ReportMetric(p99[1], "none-stalled-p99-ms")
	b.ReportMetric(p99[0]/p99[1], "ratio")
	b.ReportMetric(0, "ns/op")
}

// crowd is a server and its clients, of which the first talks.
type crowd struct {
	*server
	clients []*client
}

// compareLatency sends at an even pace, for an eighth of a second on each server
// in turn, so that what else the machine does hits all alike, and returns the medians of the rounds' 99th percentiles in ms.
func compareLatency(b *testing.B, size int, crowds ...crowd) (p99 []float64) {
	const perTurn, turns = 20_000 / clients / 8, 16
	samples := make([][]float64, len(crowds))
	for range rounds + 1 {
		took := make([][]time.Duration, len(crowds))
		for range turns {
			for i, c := range crowds {
				took[i] = append(took[i], c.turn(b, size, perTurn)...)
			}
		}
		for i := range crowds {
			slices.Sort(took[i])
			samples[i] = append(samples[i], float64(took[i][len(took[i])*99/100].Microseconds())/1000)
		}
	}
	for i := range crowds { // the first round is not counted: notices of who joined may still be on their way
		p99 = append(p99, median(samples[i][1:]))
	}
	return p99
}

// turn sends n messages and returns how long each took to each client.
func (c crowd) turn(b *testing.B, size, n int) []time.Duration {
	b.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var heard sync.WaitGroup
	sent := make([]atomic.Int64, n)
	for _, one := range c.clients {
		heard.Go(func() {
			mine := make([]time.Duration, 0, n)
			for len(mine) < n {
				got := one.receive(size)
				if got == 0 {
					return
				}
				for range got {
					mine = append(mine, time.Duration(time.Now().UnixNano()-sent[len(mine)].Load()))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	data := c.message(size)
	tick := time.NewTicker(time.Second * clients / 20_000)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		sent[i].Store(time.Now().UnixNano())
		if err := c.clients[0].conn.WriteMessage(websocket.TextMessage, data); err != nil {
			b.Fatal(err)
		}
	}
	heard.Wait()
	if len(took) != n*len(c.clients) {
		b.Fatalf("%s: %d of %d messages arrived", c.design, len(took), n*len(c.clients))
	}
	return took
}

// BenchmarkMemory measures what idle connections hold in the server's process.
func BenchmarkMemory(b *testing.B) {
	for _, n := range []int{500, 4000} {
		perConn := map[string][]float64{}
		for _, design := range designs[:2] {
			s := start(b, design)
			_, before := s.used(b, "memory")
			all := s.connect(b, n)
			for _, c := range all {
				go c.receive(size) // notices of who joined
			}
			require.Eventually(b, func() bool { // the last notices of who joined are out
				first, _ := s.used(b, "cpu")
				time.Sleep(300 * time.Millisecond)
				second, _ := s.used(b, "cpu")
				return second-first < 3*time.Millisecond
			}, time.Minute, time.Millisecond)
			_, after := s.used(b, "memory")
			perConn[design] = append(perConn[design], float64(after-before)/float64(n)/1024)
			for _, c := range all {
				c.conn.Close()
			}
		}
		for _, design := range designs[:2] {
			b.ReportMetric(median(perConn[design]), fmt.Sprintf("%s-KB/conn-%d", design, n))
		}
	}
	b.ReportMetric(0, "ns/op")
}

func median(samples []float64) float64 {
	return slices.Sorted(slices.Values(samples))[len(samples)/2]
}
