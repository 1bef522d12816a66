// Command server is a gateway for batches of calls to other services.
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
	fs := flag.NewFlagSet("server [-addr HOST:PORT] -service NAME=URL ... [-limit N] [-timeout 2s]", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9010", "`HOST:PORT` to listen on; port 0 lets the system choose")
	services := batchapi.Services{}
	fs.Func("service", "`NAME=URL` of a service to call, for example users=http://127.0.0.1:9011; may be repeated", services.Set)
	limit := fs.Int("limit", 10, "how many `N` calls of one batch run at the same time")
	timeout := fs.Duration("timeout", 2*time.Second, "how long a whole batch may take")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	switch {
	case len(services) == 0:
		return cli.Usage(fs, "no service to call; name one with -service")
	case *limit < 1 || *limit > batchapi.MaxCalls:
		return cli.Usage(fs, "-limit %d: must be 1 to %d", *limit, batchapi.MaxCalls)
	case *timeout <= 0 || *timeout > batchapi.MaxTimeout:
		return cli.Usage(fs, "-timeout %v: must be over 0 and at most %v", *timeout, batchapi.MaxTimeout)
	}

	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", ln.Addr())
	transport := batchapi.NewTransport(*limit)
	defer transport.CloseIdleConnections()
	gateway := &batchapi.Gateway{Services: services, Transport: transport, Limit: *limit, Timeout: *timeout}
	return batchapi.Serve(ctx, ln, gateway.Handler(), slog.New(slog.NewTextHandler(stderr, nil)))
}
