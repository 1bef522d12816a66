// Command demo lets two clients talk through a chat server, lets a third one
// misbehave, and stops the server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli"
)

const timeout = 10 * time.Second

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := ln.Addr().String()
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- chatroom.Serve(serving, ln, chatroom.DefaultConfig(), slog.New(slog.DiscardHandler)) }()
	err = talk(ctx, addr, stop, stdout)
	stop()
	if err := errors.Join(err, <-served); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "\nServe returned nil: every client was told, nothing is left running")
	return nil
}

// talk does one thing after another and shows what ann and bob see of it. It
// fails if they do not see what they should.
func talk(ctx context.Context, addr string, stopServer func(), stdout io.Writer) error {
	show := func(what, ann, bob string) { fmt.Fprintf(stdout, "%-34s %-19s %s\n", what, ann, bob) }
	fmt.Fprintf(stdout, "a chat server on %s\n\n", addr)
	show("WHAT HAPPENS", "ANN SEES", "BOB SEES")

	ann, err := chatroom.Dial(ctx, addr, chatroom.Join{Nick: "ann"})
	if err != nil {
		return err
	}
	defer ann.Close()
	defer context.AfterFunc(ctx, func() { ann.Close() })()
	show("ann joins", here(ann), "-")
	bob, err := chatroom.Dial(ctx, addr, chatroom.Join{Nick: "bob"})
	if err != nil {
		return err
	}
	defer bob.Close()
	defer context.AfterFunc(ctx, func() { bob.Close() })()
	if saw := next(ann); saw != "* bob joined" {
		return fmt.Errorf("bob joins: ann saw %q", saw)
	}
	show("bob joins", "* bob joined", here(bob))

	eve, _, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+addr+"/ws?nick=eve", nil)
	if err != nil {
		return err
	}
	defer eve.Close()
	defer context.AfterFunc(ctx, func() { eve.Close() })()

	for _, step := range []struct {
		what string
		do   func() error
		want string
	}{
		{"eve joins", func() error { return nil }, "* eve joined"},
		{`ann says "hi, bob"`, func() error { return ann.Send("hi, bob") }, "ann: hi, bob"},
		{`bob says "hi, ann"`, func() error { return bob.Send("hi, ann") }, "bob: hi, ann"},
		{"eve sends invalid UTF-8, gets 1007", func() error { return misbehave(eve) }, "* eve left"},
		{`ann says "still here?"`, func() error { return ann.Send("still here?") }, "ann: still here?"},
		{`bob says "of course"`, func() error { return bob.Send("of course") }, "bob: of course"},
		{"the server stops", func() error { stopServer(); return nil }, "closed with 1001"},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		annSaw, bobSaw := next(ann), next(bob)
		show(step.what, annSaw, bobSaw)
		if annSaw != step.want || bobSaw != step.want {
			return fmt.Errorf("%s: ann saw %q and bob %q, want %q", step.what, annSaw, bobSaw, step.want)
		}
	}
	return nil
}

// here is whom a client saw when it joined.
func here(conn *chatroom.Conn) string {
	return "here: " + strings.Join(conn.Welcome.People, ", ")
}

// next is what a client sees next.
func next(conn *chatroom.Conn) string {
	m, err := conn.Receive()
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return fmt.Sprint("closed with ", closed.Code)
	case err != nil:
		return err.Error()
	}
	return m.String()
}

// misbehave sends invalid UTF-8 and returns nil if that, and nothing else,
// ends the connection.
func misbehave(conn *websocket.Conn) error {
	if err := conn.WriteMessage(websocket.TextMessage, []byte("\xff")); err != nil {
		return err
	}
	for {
		if _, _, err := conn.ReadMessage(); websocket.IsCloseError(err, websocket.CloseInvalidFramePayloadData) {
			return nil
		} else if err != nil {
			return fmt.Errorf("want the close frame 1007: %w", err)
		}
	}
}
