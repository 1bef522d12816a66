// Command client sends TEXT over one TCP connection and prints what comes back.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	tcphandshake "example.com/netlessons/tcp-handshake"
	"example.com/netlessons/tcp-handshake/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("client [-addr HOST:PORT] [-timeout 5s] TEXT ...", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9001", "`HOST:PORT` of the server")
	timeout := fs.Duration("timeout", 5*time.Second, "how long the whole exchange may take")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return cli.Usage(fs, "nothing to send")
	}

	ctx, cancel := context.WithTimeoutCause(ctx, *timeout, fmt.Errorf("no answer from %s within %s", *addr, *timeout))
	defer cancel()
	answer, err := exchange(ctx, *addr, strings.Join(fs.Args(), " "))
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s\n", answer)
	return nil
}

func exchange(ctx context.Context, addr, text string) ([]byte, error) {
	conn, err := tcphandshake.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	return tcphandshake.Echo(ctx, conn, []byte(text))
}
