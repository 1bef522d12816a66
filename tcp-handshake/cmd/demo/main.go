// Command demo walks one TCP connection through the operating system and
// shows, at each call, the states of both ends as the system reports them.
package main

import (
	"context"
	"flag"
	"io"

	"example.com/netlessons/tcp-handshake/internal/cli"
)

var scenes = map[string]func(context.Context, io.Writer) error{
	"handshake": handshake,
	"teardown":  teardown,
	"states":    states,
}

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("demo handshake|teardown|states", flag.ContinueOnError)
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return cli.Usage(fs, "say which demo")
	}
	scene, ok := scenes[fs.Arg(0)]
	if !ok {
		return cli.Usage(fs, "there is no demo %q", fs.Arg(0))
	}
	if err := cli.Parse(fs, fs.Args()[1:], stdout); err != nil { // what follows the demo's name
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	return scene(ctx, stdout)
}
