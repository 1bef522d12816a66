// Command netstat prints the operating system's table of TCP connections.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"

	"example.com/netlessons/tcp-handshake/internal/cli"
	"example.com/netlessons/tcp-handshake/netstat"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("netstat [-port N]", flag.ContinueOnError)
	port := fs.Int("port", 0, "show only connections with port `N` at either end; 0 shows all")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *port < 0 || *port > 65535 {
		return cli.Usage(fs, "-port %d: must be 0 to 65535", *port)
	}
	rows, err := netstat.Table(ctx, uint16(*port))
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "local\tremote\tstate")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Local, r.Remote, r.State)
	}
	return w.Flush()
}
