// Command args prints its own arguments, as os.Args has them and as flag
// understands them.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"example.com/netlessons/cmdargs"
	"example.com/netlessons/cmdargs/internal/cli"
)

func main() { cli.Main(run) }

func run(_ context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	// run gets os.Args[1:], so that a test can give it others; the list of the
	// notes has element 0 in front.
	cmdargs.List(stdout, append([]string{os.Args[0]}, args...))

	fs := flag.NewFlagSet("args [-name NAME] [-n N] [-v] [ARG ...]", flag.ContinueOnError)
	name := fs.String("name", "nobody", "a `NAME`")
	n := fs.Int("n", 1, "a number")
	verbose := fs.Bool("v", false, "a flag that is there or not")
	fmt.Fprintf(stdout, "\nThe same elements through flag:\n")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  -name %q\n  -n    %d\n  -v    %t\n  rest  %q\n", *name, *n, *verbose, fs.Args())
	return nil
}
