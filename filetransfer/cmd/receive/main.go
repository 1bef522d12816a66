// Command receive saves the files that senders send into one folder.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("receive [-addr HOST:PORT] [-dir DIR]", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9009", "`HOST:PORT` to listen on; port 0 lets the system choose")
	path := fs.String("dir", ".", "folder `DIR` to save files in; created if it is missing")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", *addr) // notes [receive] step 1
	if err != nil {
		return err
	}
	defer ln.Close()
	if err := os.MkdirAll(*path, 0o777); err != nil {
		return err
	}
	dir, err := os.OpenRoot(*path) // nothing leads out of it, not even a symbolic link
	if err != nil {
		return err
	}
	defer dir.Close()

	fmt.Fprintln(stdout, "listening on", ln.Addr())
	return filetransfer.Serve(ctx, ln, dir, slog.New(slog.NewTextHandler(stderr, nil)))
}
