// Command server sends every TCP client its own bytes back.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"

	tcphandshake "example.com/netlessons/tcp-handshake"
	"example.com/netlessons/tcp-handshake/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("server [-addr HOST:PORT]", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9001", "`HOST:PORT` to listen on; port 0 lets the system choose")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", ln.Addr())
	return tcphandshake.Serve(ctx, ln, slog.New(slog.NewTextHandler(stderr, nil)))
}
