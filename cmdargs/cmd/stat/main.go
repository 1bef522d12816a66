// Command stat describes the file at each PATH.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"example.com/netlessons/cmdargs"
	"example.com/netlessons/cmdargs/internal/cli"
)

func main() { cli.Main(run) }

func run(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("stat PATH ...", flag.ContinueOnError)
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return cli.Usage(fs, "no path given")
	}
	failed := 0
	for _, path := range fs.Args() {
		if err := cmdargs.Describe(stdout, path); err != nil {
			fmt.Fprintln(stderr, err)
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d paths could not be described", failed, fs.NArg())
	}
	return nil
}
