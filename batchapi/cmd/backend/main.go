// Command backend is a service for the gateway to call. It answers every path
// after a delay.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"example.com/netlessons/batchapi"
	"example.com/netlessons/batchapi/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("backend [-addr HOST:PORT] [-delay 700ms]", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9011", "`HOST:PORT` to listen on; port 0 lets the system choose")
	delay := fs.Duration("delay", 700*time.Millisecond, "how long each answer takes")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *delay < 0 || *delay > batchapi.MaxTimeout {
		return cli.Usage(fs, "-delay %v: must be 0 to %v", *delay, batchapi.MaxTimeout)
	}

	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", ln.Addr())
	return batchapi.Serve(ctx, ln, batchapi.Backend(*delay), slog.New(slog.NewTextHandler(stderr, nil)))
}
