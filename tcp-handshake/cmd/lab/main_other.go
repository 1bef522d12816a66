//go:build !js

package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"

	"example.com/netlessons/tcp-handshake/internal/cli"
	"example.com/netlessons/tcp-handshake/wire"
)

func main() { cli.Main(run) }

// recorded is what a page without scripts shows of a scene.
type recorded struct {
	Text string   `json:"text"`
	SVG  string   `json:"svg"`
	Tell []string `json:"tell"`
}

func run(_ context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("lab [-lang en|zh] SCENE [-drop 3,4 and the other flags of cmd/wire]", flag.ContinueOnError)
	lang := fs.String("lang", "en", "en or zh")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return cli.Usage(fs, "say which scene")
	}
	r, err := play(fs.Arg(0), fs.Args()[1:])
	if err != nil {
		return cli.Usage(fs, "%w", err)
	}
	var forms [3][]byte
	for i, name := range []string{"text", "svg", "tell"} {
		if forms[i], err = r.form(name, wire.Language(*lang)); err != nil {
			return err
		}
	}
	rec := recorded{Text: string(forms[0]), SVG: string(forms[1])}
	if err := json.Unmarshal(forms[2], &rec.Tell); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(rec)
}
