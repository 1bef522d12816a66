// Command send sends each FILE to a receiver, over a connection of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("send [-addr HOST:PORT] [-timeout 10s] FILE ...", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9009", "`HOST:PORT` of the receiver")
	timeout := fs.Duration("timeout", 10*time.Second, "how long to wait for the connection, for ok, and for the receiver to close")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return cli.Usage(fs, "nothing to send")
	}

	var errs []error
	for _, path := range fs.Args() { // notes [send] step 1
		size, err := filetransfer.Send(ctx, *addr, path, *timeout)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(stdout, "%s: %d bytes sent\n", path, size)
	}
	return errors.Join(errs...)
}
