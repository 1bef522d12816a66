// Command client sends each TEXT as one UDP datagram and prints the answer.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	udpecho "example.com/netlessons/udp-echo"
	"example.com/netlessons/udp-echo/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("client [-addr HOST:PORT] [-timeout 2s] TEXT ...", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9006", "`HOST:PORT` of the server")
	timeout := fs.Duration("timeout", 2*time.Second, "how long to wait for an answer")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return cli.Usage(fs, "nothing to send")
	}

	conn, err := udpecho.Dial(*addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	for _, text := range fs.Args() {
		answer, err := udpecho.Ask(conn, []byte(text), *timeout)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s\n", answer)
	}
	return nil
}
