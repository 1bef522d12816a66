// Command handshake shows the three-way handshake of two real TCP stacks.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/diagram"
)

func main() {
	err := run(os.Args[1:], os.Stdout)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintln(os.Stderr, "handshake:", err)
		os.Exit(2)
	}
}

func run(args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("handshake", flag.ContinueOnError)
	format := fs.String("format", "text", "text, svg or json")
	plain := fs.Bool("plain", false, "text in plain ASCII")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; usage: handshake [-format text|svg|json] [-plain]", fs.Arg(0))
	}

	lab := netlab.New()
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	ln, err := server.Listen("tcp", ":80")
	if err != nil {
		return err
	}
	if _, err := client.Dial("tcp", "server:80"); err != nil {
		return err
	}
	if _, err := ln.Accept(); err != nil {
		return err
	}

	switch *format {
	case "text":
		return diagram.Text(stdout, lab.Trace(), diagram.TextOptions{Plain: *plain, Color: diagram.WantsColor(stdout)})
	case "svg":
		return diagram.SVG(stdout, lab.Trace())
	case "json":
		return lab.Trace().Write(stdout)
	}
	return fmt.Errorf("-format %s: must be text, svg or json", *format)
}
