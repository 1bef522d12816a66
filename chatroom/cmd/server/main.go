// Command server runs the chat server: rooms at /ws and a page for them at /.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("server [-config FILE] [-addr HOST:PORT]", flag.ContinueOnError)
	config := fs.String("config", "", "TOML `FILE` to read, such as chatroom.example.toml")
	addr := fs.String("addr", "", "`HOST:PORT` to listen on, instead of the configuration's; port 0 lets the system choose")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}

	// Step 1: first the configuration, then the HTTP server.
	cfg := chatroom.DefaultConfig()
	if *config != "" {
		var err error
		if cfg, err = chatroom.ReadConfig(*config); err != nil {
			return err
		}
	}
	if *addr != "" {
		cfg.Addr = *addr
	}
	if len(cfg.NATS) > 0 {
		return fmt.Errorf("%s names NATS servers, which this program does not know; run cmd/natsserver", *config)
	}
	// Step 2: it listens on port 9999, unless told otherwise.
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", ln.Addr())
	fmt.Fprintf(stdout, "the page is at %s\n", cfg.PageURL(ln))
	return chatroom.Serve(ctx, ln, cfg, slog.New(slog.NewTextHandler(stderr, nil)))
}
