// Command demo shows one UDP socket that answers many clients at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	udpecho "example.com/netlessons/udp-echo"
	"example.com/netlessons/udp-echo/internal/cli"
)

const timeout = 5 * time.Second

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("demo [-clients N]", flag.ContinueOnError)
	clients := fs.Int("clients", 1000, "how many clients have a socket open in the second part; 100 of `N` ask at a time")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *clients < 1 || *clients > 10_000 {
		return cli.Usage(fs, "-clients %d: must be 1 to 10000", *clients)
	}
	if err := few(ctx, stdout); err != nil {
		return err
	}
	return many(ctx, *clients, stdout)
}

// few lets three clients ask two questions each before any of them reads, and
// prints what passes through the server's one socket.
func few(ctx context.Context, stdout io.Writer) error {
	server, err := udpecho.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "one socket, %s; three clients ask before any of them reads\n\n", server.LocalAddr())

	clients, err := dial(server.LocalAddr(), 3)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for i, conn := range clients {
		defer conn.Close()
		names[conn.LocalAddr().String()] = fmt.Sprintf("client %c", 'A'+i)
	}
	stop := serve(ctx, tap{server, stdout, names})
	defer stop()

	for question := 1; question <= 2; question++ {
		for i, conn := range clients {
			if _, err := fmt.Fprintf(conn, "%c%d", 'A'+i, question); err != nil {
				return err
			}
		}
	}
	var got string
	for i, conn := range clients {
		for question := 1; question <= 2; question++ {
			want := fmt.Sprintf("%c%d", 'A'+i, question)
			answer, err := read(conn)
			if err != nil {
				return err
			}
			if answer != want {
				return fmt.Errorf("client %c got %q, want %q", 'A'+i, answer, want)
			}
			got += fmt.Sprintf("  client %c got %q\n", 'A'+i, answer)
		}
	}
	stop() // it prints too: one at a time
	fmt.Fprintf(stdout, "\n%s\n", got)
	return nil
}

// many opens n sockets and lets all of them ask, at most 100 at the same
// moment, because the server's receive buffer is limited and UDP drops what
// does not fit.
func many(ctx context.Context, n int, stdout io.Writer) error {
	server, err := udpecho.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer serve(ctx, server)()
	clients, err := dial(server.LocalAddr(), n)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	asking := make(chan struct{}, 100)
	errs := make([]error, n)
	for i, conn := range clients {
		defer conn.Close()
		asking <- struct{}{}
		wg.Go(func() {
			_, errs[i] = udpecho.Ask(conn, fmt.Appendf(nil, "question of client %d", i), timeout)
			<-asking
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "then %d clients: each got its own answer, through one socket and one goroutine\n", n)
	return nil
}

// serve runs the server in the background and returns what stops it, and
// may be called twice.
func serve(ctx context.Context, conn net.PacketConn) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { udpecho.Serve(ctx, conn, udpecho.MaxPayload, slog.New(slog.DiscardHandler)) })
	return func() { cancel(); wg.Wait() }
}

// dial opens n client sockets.
func dial(server net.Addr, n int) ([]net.Conn, error) {
	var conns []net.Conn
	for range n {
		conn, err := udpecho.Dial(server.String())
		if err != nil {
			return nil, err
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

// read returns the next datagram on conn.
func read(conn net.Conn) (string, error) {
	if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return "", err
	}
	buf := make([]byte, udpecho.MaxPayload)
	n, err := conn.Read(buf)
	return string(buf[:n]), err
}

// tap prints each datagram that passes through a server's socket.
type tap struct {
	net.PacketConn
	out   io.Writer
	names map[string]string // of the clients, by address
}

func (t tap) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := t.PacketConn.ReadFrom(b)
	if err == nil {
		fmt.Fprintf(t.out, "  %s  %s ── %q ──►\n", t.names[from.String()], from, b[:n])
	}
	return n, from, err
}

func (t tap) WriteTo(b []byte, to net.Addr) (int, error) {
	fmt.Fprintf(t.out, "  %s  %s ◄── %q ──\n", t.names[to.String()], to, b)
	return t.PacketConn.WriteTo(b, to)
}
