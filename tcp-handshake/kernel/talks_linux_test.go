package kernel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"syscall"

	tcphandshake "example.com/netlessons/tcp-handshake"
	"example.com/netlessons/tcp-handshake/kernel"
)

// The conversations of the proof. In each, every step waits for the one before
// it, so that both engines are asked the same questions in the same order.
var talks = []struct {
	name string
	talk kernel.Talk
}{
	{"handshake", connected(func(client, server conn) error { return nil })},
	{"echo, by the server of this module", echo},
	{"each end speaks, the server first", connected(func(client, server conn) error {
		return steps(
			send(server, "220 hello"), receive(client, "220 hello"),
			send(client, "EHLO"), receive(server, "EHLO"),
			send(server, "250-"), receive(client, "250-"),
			send(server, "250 ok"), receive(client, "250 ok"),
		)
	})},
	{"half close: the server still sends", connected(func(client, server conn) error {
		return steps(
			client.CloseWrite, receiveEOF(server),
			send(server, "still here"), receive(client, "still here"),
			server.Close, receiveEOF(client), client.Close,
		)
	})},
	{"teardown, by the client first", connected(func(client, server conn) error {
		return steps(client.Close, receiveEOF(server), server.Close)
	})},
	{"teardown, by the server first", connected(func(client, server conn) error {
		return steps(
			send(client, "bye"), receive(server, "bye"),
			server.Close, receiveEOF(client), client.Close,
		)
	})},
	{"refused: nobody listens", func(ctx context.Context, client, _ kernel.Host) error {
		_, err := client.DialContext(ctx, "tcp", "server:80")
		return want(err, syscall.ECONNREFUSED)
	}},
	{"reset, by closing with linger 0", connected(func(client, server conn) error {
		return steps(
			send(client, "hello"), receive(server, "hello"), send(server, "hello"), receive(client, "hello"),
			func() error { return client.SetLinger(0) }, client.Close, receiveReset(server), server.Close,
		)
	})},
	{"reset, by closing with unread data", connected(func(client, server conn) error {
		return steps(
			send(client, "hello"), receive(server, "h"),
			server.Close, receiveReset(client), client.Close,
		)
	})},
}

// A conn has what the connections of both engines can do.
type conn interface {
	tcphandshake.HalfCloser
	SetLinger(sec int) error
}

// connected is a conversation over one connection.
func connected(talk func(client, server conn) error) kernel.Talk {
	return func(ctx context.Context, client, server kernel.Host) error {
		ln, err := server.Listen("tcp", ":80")
		if err != nil {
			return err
		}
		dialed, err := client.DialContext(ctx, "tcp", "server:80")
		if err != nil {
			return err
		}
		accepted, err := ln.Accept()
		if err != nil {
			return err
		}
		return talk(dialed.(conn), accepted.(conn))
	}
}

// echo is a conversation with [tcphandshake.Serve].
func echo(ctx context.Context, client, server kernel.Host) error {
	ln, err := server.Listen("tcp", ":80")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- tcphandshake.Serve(ctx, ln, slog.New(slog.DiscardHandler)) }()

	dialed, err := client.DialContext(ctx, "tcp", "server:80")
	if err != nil {
		return err
	}
	c := dialed.(conn)
	err = steps(
		send(c, "hello"), receive(c, "hello"),
		send(c, "again"), receive(c, "again"),
		c.CloseWrite, receiveEOF(c), c.Close,
	)
	stop()
	return errors.Join(err, <-served)
}

func steps(all ...func() error) error {
	for i, step := range all {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func send(c net.Conn, text string) func() error {
	return func() error {
		_, err := io.WriteString(c, text)
		return err
	}
}

func receive(c net.Conn, text string) func() error {
	return func() error {
		buf := make([]byte, len(text))
		_, err := io.ReadFull(c, buf)
		if err == nil && string(buf) != text {
			return fmt.Errorf("got %q", buf)
		}
		return err
	}
}

func receiveEOF(c net.Conn) func() error { return receiveError(c, io.EOF) }

func receiveReset(c net.Conn) func() error { return receiveError(c, syscall.ECONNRESET) }

func receiveError(c net.Conn, target error) func() error {
	return func() error {
		_, err := c.Read(make([]byte, 1))
		return want(err, target)
	}
}

func want(err, target error) error {
	if !errors.Is(err, target) {
		return fmt.Errorf("got error %v, want %w", err, target)
	}
	return nil
}
