// Command wire plays a scene of lessons 1 to 5 on a lab's wire and draws every
// packet of it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/pcapng"
	"example.com/netlessons/netlab/trace"
	"example.com/netlessons/tcp-handshake/internal/cli"
	"example.com/netlessons/tcp-handshake/wire"
)

func main() { cli.Main(run) }

// options are how a scene is shown.
type options struct {
	svg, pcap string
	json      bool
	plain     bool
	lang      wire.Language
	step      bool
	speed     float64
	kernel    bool
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("wire "+sceneNames("|")+" [-drop 3,4] [-h for more]", flag.ContinueOnError)
	var p wire.Params
	opts := options{lang: language()}
	flags(fs, &p, &opts)
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if fs.NArg() == 0 {
		return cli.Usage(fs, "say which scene")
	}
	scene, ok := wire.Find(fs.Arg(0))
	if !ok && fs.Arg(0) != "compare" {
		return cli.Usage(fs, "there is no scene %q", fs.Arg(0))
	}
	if err := cli.Parse(fs, fs.Args()[1:], stdout); err != nil { // what follows the scene
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if !ok {
		return compare(fs, p, opts, stdout)
	}
	var t *trace.Trace
	var err error
	if opts.kernel {
		if t, err = witness(ctx, fs, scene.Name, p, args, stdin, stdout, stderr); err != nil || t == nil {
			return err
		}
	} else if t, err = scene.Play(p); err != nil {
		return cli.Usage(fs, "%w", err)
	}
	if err := save(t, opts); err != nil {
		return err
	}
	if scene.Name == "window" && opts.svg != "" {
		if err := savePlot(t, opts); err != nil {
			return err
		}
	}
	if opts.json {
		return t.Write(stdout)
	}
	return show(ctx, scene, p, t, opts, stdin, stdout)
}

// compare shows TCP beside UDP. The files that are saved are of TCP, at the
// highest loss.
func compare(fs *flag.FlagSet, p wire.Params, opts options, stdout io.Writer) error {
	c, err := wire.Compare(p)
	if err != nil {
		return cli.Usage(fs, "%w", err)
	}
	if err := save(c.Pairs[len(c.Pairs)-1].TCP.Trace, opts); err != nil {
		return err
	}
	if opts.json {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(c)
	}
	return c.Text(stdout, opts.lang, opts.plain)
}

func flags(fs *flag.FlagSet, p *wire.Params, opts *options) {
	for _, f := range wire.Flags() {
		fs.Func(f.Name, f.Usage, func(s string) error { return p.Set(f.Name, s) })
	}
	fs.BoolFunc("refuse", "handshake: nobody listens", variant(p, "refuse"))
	fs.BoolFunc("backlog", "handshake: nobody accepts, and the queue fills", variant(p, "backlog"))
	fs.StringVar(&opts.svg, "svg", "", "draw the packets into this `FILE` too; for window, the windows into FILE-plot.svg")
	fs.StringVar(&opts.pcap, "pcap", "", "write the packets into this `FILE`, for Wireshark")
	fs.BoolVar(&opts.json, "json", false, "print the trace as JSON instead")
	fs.BoolVar(&opts.plain, "plain", false, "draw in plain ASCII")
	fs.Func("lang", "en or zh; by itself as the environment says", func(s string) error {
		opts.lang = wire.Language(s)
		if opts.lang != wire.English && opts.lang != wire.Chinese {
			return fmt.Errorf("must be en or zh")
		}
		return nil
	})
	fs.BoolVar(&opts.kernel, "kernel", false, "let the Linux kernel play the scene with package net, and watch its loopback")
	fs.BoolVar(&opts.step, "step", false, "wait for Enter after each line")
	fs.Float64Var(&opts.speed, "speed", 0, "take time: 1 is real time, 0.1 ten times slower; 0 is at once")
}

// variant is a flag that stands for a variant.
func variant(p *wire.Params, name string) func(string) error {
	return func(string) error { return p.Set("variant", name) }
}

// language is that of the environment, as POSIX has it.
func language() wire.Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return wire.Chinese
			}
			break
		}
	}
	return wire.English
}

func sceneNames(sep string) string {
	var names []string
	for _, s := range wire.Scenes {
		names = append(names, s.Name)
	}
	return strings.Join(append(names, "compare"), sep)
}

// save writes the files that were asked for.
func save(t *trace.Trace, opts options) error {
	for _, file := range []struct {
		name  string
		write func(io.Writer, *trace.Trace) error
	}{{opts.svg, diagram.SVG}, {opts.pcap, pcapng.Write}} {
		if file.name == "" {
			continue
		}
		var b bytes.Buffer
		if err := file.write(&b, t); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
		if err := os.WriteFile(file.name, b.Bytes(), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// savePlot draws how the windows went into a file beside that of the packets.
func savePlot(t *trace.Trace, opts options) error {
	var b bytes.Buffer
	if err := wire.PlotSVG(&b, wire.Samples(t), opts.lang); err != nil {
		return err
	}
	return os.WriteFile(strings.TrimSuffix(opts.svg, ".svg")+"-plot.svg", b.Bytes(), 0o666)
}

// show draws the packets, and tells what they mean.
func show(ctx context.Context, scene wire.Scene, p wire.Params, t *trace.Trace, opts options, stdin io.Reader, stdout io.Writer) error {
	var b bytes.Buffer
	text := diagram.TextOptions{Plain: opts.plain, Color: diagram.WantsColor(stdout)}
	if err := diagram.Text(&b, t, text); err != nil {
		return err
	}
	if err := pace(ctx, b.String(), opts, stdin, stdout); err != nil {
		return err
	}
	fmt.Fprintln(stdout)
	switch scene.Name {
	case "window":
		if err := wire.Plot(stdout, wire.Samples(t), 80, 8, opts.plain, opts.lang); err != nil {
			return err
		}
		fmt.Fprintln(stdout)
	case "states":
		fmt.Fprintln(stdout, wire.StateDiagram(t)[1:])
	}
	for _, sentence := range scene.Tell(t, p, opts.lang) {
		fmt.Fprintln(stdout, wire.Fold("", sentence))
	}
	if scene.Name == "states" {
		return systemTable(ctx, opts.lang, stdout)
	}
	return nil
}

// pace prints the lines of a diagram, as slowly as was asked for.
func pace(ctx context.Context, text string, opts options, stdin io.Reader, stdout io.Writer) error {
	enter, done := make(chan struct{}), make(chan struct{})
	defer close(done)
	if opts.step {
		go func() { // may wait for a line of stdin for as long as the program lives
			defer close(enter)
			for in := bufio.NewScanner(stdin); in.Scan(); {
				select {
				case enter <- struct{}{}:
				case <-done:
					return
				}
			}
		}()
	}
	last := 0.0
	for line := range strings.Lines(text) {
		if opts.speed > 0 {
			if first, _, _ := strings.Cut(strings.TrimSpace(line), " "); first != "" {
				if at, err := strconv.ParseFloat(first, 64); err == nil {
					select {
					case <-time.After(time.Duration((at - last) / opts.speed * float64(time.Second))):
					case <-ctx.Done():
						return ctx.Err()
					}
					last = at
				}
			}
		}
		if _, err := io.WriteString(stdout, line); err != nil {
			return err
		}
		if opts.step {
			select {
			case <-enter:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}
