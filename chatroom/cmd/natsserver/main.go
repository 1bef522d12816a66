// Command natsserver is the chat server with a link to others like it: they
// share their rooms over NATS. It is a program of its own: who runs one server
// needs none of that.
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
	"example.com/netlessons/chatroom/natsbus"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("natsserver -config FILE [-addr HOST:PORT]", flag.ContinueOnError)
	config := fs.String("config", "", "TOML `FILE` to read, such as chatroom.example.toml, with nats = [...]")
	addr := fs.String("addr", "", "`HOST:PORT` to listen on, instead of the configuration's; port 0 lets the system choose")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *config == "" {
		return cli.Usage(fs, "-config is missing")
	}

	cfg, err := chatroom.ReadConfig(*config)
	if err != nil {
		return err
	}
	if *addr != "" {
		cfg.Addr = *addr
	}
	if len(cfg.NATS) == 0 {
		return fmt.Errorf("%s names no NATS servers; add nats = [\"nats://127.0.0.1:4222\"], or run cmd/server", *config)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	bus, err := natsbus.Connect(ctx, natsbus.Config{Servers: cfg.NATS, Log: log})
	if err != nil {
		return err
	}
	defer bus.Close()
	cfg.Room.Bus = bus
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", ln.Addr())
	fmt.Fprintf(stdout, "the page is at %s\n", cfg.PageURL(ln))
	return chatroom.Serve(ctx, ln, cfg, log)
}
