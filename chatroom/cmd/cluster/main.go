// Command cluster lets two clients talk that are on different chat servers,
// stops one of the servers, and shows that its client goes on at the other one
// and has missed nothing. NATS, between the servers, runs in this process too.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/nats-io/nats.go"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli"
	"example.com/netlessons/chatroom/natsbus"
	"example.com/netlessons/chatroom/natsbus/embedded"
	"example.com/netlessons/chatroom/protocol"
)

const timeout = 10 * time.Second

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) (err error) {
	fs := flag.NewFlagSet("cluster", flag.ContinueOnError)
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	dir, err := os.MkdirTemp("", "chat-nats-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	between, err := embedded.Start(dir)
	if err != nil {
		return err
	}
	defer between.Stop()
	a, err := start(ctx, "a", between)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	b, err := start(ctx, "b", between)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	d := &demo{ctx: ctx, stdout: stdout, last: map[*chatroom.Conn]uint64{}}
	defer d.close()
	return d.talk(a, b)
}

// chatServer is one of the two servers.
type chatServer struct {
	addr string
	stop func() error
}

// start runs a chat server that is linked to the others by NATS.
func start(ctx context.Context, name string, between *embedded.Server) (*chatServer, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	bus, err := natsbus.Connect(ctx, natsbus.Config{Log: slog.New(slog.DiscardHandler), Options: []nats.Option{between.Option()}})
	if err != nil {
		ln.Close()
		return nil, err
	}
	cfg := chatroom.DefaultConfig()
	cfg.Room.Name, cfg.Room.Bus = name, bus
	serving, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() {
		served <- chatroom.Serve(serving, ln, cfg, slog.New(slog.DiscardHandler))
		bus.Close()
		close(served)
	}()
	stop := func() error {
		cancel()
		err := <-served // nil if it was stopped before
		<-served
		return err
	}
	return &chatServer{ln.Addr().String(), stop}, nil
}

// demo shows what happens, and fails if something else does.
type demo struct {
	ctx    context.Context
	stdout io.Writer
	conns  []*chatroom.Conn
	last   map[*chatroom.Conn]uint64 // id of the last message that each has seen
}

func (d *demo) close() {
	for _, conn := range d.conns {
		conn.Close()
	}
}

func (d *demo) join(s *chatServer, join chatroom.Join) (*chatroom.Conn, error) {
	conn, err := chatroom.Dial(d.ctx, s.addr, join)
	if err != nil {
		return nil, err
	}
	d.conns = append(d.conns, conn)
	context.AfterFunc(d.ctx, func() { conn.Close() })
	return conn, nil
}

func (d *demo) show(what, ann, bob string) {
	fmt.Fprintf(d.stdout, "%-32s %-23s %s\n", what, ann, bob)
}

// step shows what ann and bob see of what happens; a nil one is not there.
func (d *demo) step(what string, ann, bob *chatroom.Conn, want string) error {
	annSaw, bobSaw := d.next(ann), d.next(bob)
	d.show(what, annSaw, bobSaw)
	if ann != nil && annSaw != want || bob != nil && bobSaw != want {
		return fmt.Errorf("%s: ann saw %q and bob %q, want %q", what, annSaw, bobSaw, want)
	}
	return nil
}

func (d *demo) talk(a, b *chatServer) error {
	fmt.Fprint(d.stdout, "two chat servers, a and b, and NATS between them, in one process\n\n")
	d.show("WHAT HAPPENS", "ANN SEES", "BOB SEES")
	ann, err := d.join(a, chatroom.Join{Nick: "ann"})
	if err != nil {
		return err
	}
	d.show("ann joins on server "+ann.Welcome.Server, here(ann), "-")
	bob, err := d.join(b, chatroom.Join{Nick: "bob"})
	if err != nil {
		return err
	}
	if saw := d.next(ann); saw != "* bob joined" {
		return fmt.Errorf("bob joins: ann saw %q", saw)
	}
	d.show("bob joins on server "+bob.Welcome.Server, "* bob joined", here(bob))

	for _, say := range []struct {
		conn *chatroom.Conn
		who  string
		text string
	}{{ann, "ann", "hi, bob"}, {bob, "bob", "hi, ann"}} {
		if err := say.conn.Send(say.text); err != nil {
			return err
		}
		if err := d.step(fmt.Sprintf("%s says %q", say.who, say.text), ann, bob, say.who+": "+say.text); err != nil {
			return err
		}
	}
	var refused chatroom.Refused
	if _, err := d.join(b, chatroom.Join{Nick: "ann"}); !errors.As(err, &refused) || refused.Code != protocol.NickTaken {
		return fmt.Errorf("another ann on server b: want it refused, got %v", err)
	}
	d.show("another ann on b: "+refused.Code, "-", "-")
	return d.move(ann, bob, a, b)
}

// move stops ann's server and lets her go on at the other one.
func (d *demo) move(ann, bob *chatroom.Conn, a, b *chatServer) error {
	stopped := make(chan error, 1)
	go func() { stopped <- a.stop() }()
	annSaw, bobSaw := d.next(ann), d.next(bob)
	d.show("server a stops", annSaw, bobSaw)
	if err := <-stopped; err != nil {
		return err
	}
	if annSaw != "closed with 1001" || bobSaw != "* ann left" {
		return fmt.Errorf("server a stops: ann saw %q and bob %q", annSaw, bobSaw)
	}
	missed := []string{"where are you?", "come back"}
	for _, text := range missed {
		if err := bob.Send(text); err != nil {
			return err
		}
		if err := d.step(fmt.Sprintf("bob says %q", text), nil, bob, "bob: "+text); err != nil {
			return err
		}
	}
	ann, err := d.join(b, chatroom.Join{Nick: "ann", Session: ann.Welcome.Session, Since: d.last[ann]})
	if err != nil {
		return err
	}
	if !ann.Welcome.Resumed || *ann.Welcome.History != len(missed) {
		return fmt.Errorf("ann resumes: want the %d messages that she missed, got %+v", len(missed), ann.Welcome)
	}
	if saw := d.next(bob); saw != "* ann joined" {
		return fmt.Errorf("ann resumes: bob saw %q", saw)
	}
	d.show("ann resumes on server "+ann.Welcome.Server, fmt.Sprintf("%d messages missed:", len(missed)), "* ann joined")
	for _, text := range missed {
		if err := d.step("", ann, nil, "bob: "+text); err != nil {
			return err
		}
	}
	if err := ann.Send("here I am"); err != nil {
		return err
	}
	if err := d.step(`ann says "here I am"`, ann, bob, "ann: here I am"); err != nil {
		return err
	}
	fmt.Fprintln(d.stdout, "\none room on two servers: nothing lost, nothing twice")
	return nil
}

// here is whom a client saw when it joined.
func here(conn *chatroom.Conn) string {
	return "here: " + strings.Join(conn.Welcome.People, ", ")
}

// next is what a client sees next; "-" if there is no client.
func (d *demo) next(conn *chatroom.Conn) string {
	if conn == nil {
		return "-"
	}
	m, err := conn.Receive()
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return fmt.Sprint("closed with ", closed.Code)
	case err != nil:
		return err.Error()
	}
	if m.ID > 0 {
		d.last[conn] = m.ID
	}
	return m.String()
}
