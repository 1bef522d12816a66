// Command server answers every UDP datagram with its own bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"

	udpecho "example.com/netlessons/udp-echo"
	"example.com/netlessons/udp-echo/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("server [-addr HOST:PORT] [-limit BYTES] [-v]", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9006", "`HOST:PORT` to listen on; port 0 lets the system choose")
	limit := fs.Int("limit", udpecho.MaxPayload, "longest datagram to answer, in `BYTES`")
	verbose := fs.Bool("v", false, "log every datagram")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *limit < 0 || *limit > udpecho.MaxPayload {
		return cli.Usage(fs, "-limit %d: must be 0 to %d", *limit, udpecho.MaxPayload)
	}
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))

	conn, err := udpecho.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", conn.LocalAddr())
	return udpecho.Serve(ctx, conn, *limit, log)
}
