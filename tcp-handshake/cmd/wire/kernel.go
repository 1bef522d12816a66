package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"syscall"

	"example.com/netlessons/netlab/trace"
	tcphandshake "example.com/netlessons/tcp-handshake"
	"example.com/netlessons/tcp-handshake/internal/cli"
	"example.com/netlessons/tcp-handshake/kernel"
	"example.com/netlessons/tcp-handshake/wire"
)

// witness lets the kernel play a scene with the module's own server and client,
// and returns what was seen. It starts this program again, in a network of its
// own; in that case the other one has shown everything, and the trace is nil.
func witness(ctx context.Context, fs *flag.FlagSet, scene string, p wire.Params, args []string, stdin io.Reader, stdout, stderr io.Writer) (*trace.Trace, error) {
	var talk kernel.Talk
	broken := len(p.Drop)+len(p.Dup)+len(p.Delay) > 0 || p.Loss > 0
	switch {
	case broken: // refused below
	case scene == "handshake" && p.Variant == "refuse":
		talk = refused
	case (scene == "handshake" || scene == "teardown") && p.Variant == "":
		talk = converse
	}
	if talk == nil {
		return nil, cli.Usage(fs, "-kernel plays handshake, handshake -refuse and teardown; the wire of the kernel cannot be broken")
	}
	if !kernel.Private() {
		status, err := kernel.Reexec(ctx, args, stdin, stdout, stderr)
		if err == nil && status != 0 {
			err = fmt.Errorf("the program in its own network ended with status %d", status)
		}
		return nil, err
	}
	return kernel.Run(ctx, talk)
}

// converse is a whole connection: the module's client sends, and its server
// sends it back.
func converse(ctx context.Context, client, server kernel.Host) error {
	ln, err := server.Listen("tcp", ":80")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	serving.Go(func() { tcphandshake.Serve(ctx, ln, slog.New(slog.DiscardHandler)) })
	defer serving.Wait()
	defer cancel()

	conn, err := client.DialContext(ctx, "tcp", "server:80")
	if err != nil {
		return err
	}
	_, err = tcphandshake.Echo(ctx, conn.(tcphandshake.HalfCloser), []byte("hello"))
	return err
}

// refused dials where nobody listens.
func refused(ctx context.Context, client, _ kernel.Host) error {
	conn, err := client.DialContext(ctx, "tcp", "server:80")
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	if err == nil {
		err = errors.Join(errors.New("somebody listens on port 80"), conn.Close())
	}
	return err
}
