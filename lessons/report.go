package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"example.com/netlessons/lessons/internal/cli"
	"example.com/netlessons/lessons/internal/exercise"
)

func (a *app) report(ctx context.Context, c command, args []string) error {
	fs := a.flags(c)
	format := fs.String("format", "json", a.say(flagFormat))
	dirs, err := a.parse(fs, c, args, -1)
	if err != nil {
		return err
	}
	write, ok := exercise.Formats[*format]
	if !ok {
		return cli.Usage(fs, a.say(noSuchFormat), *format)
	}
	all, err := exercise.All(a.root)
	if err != nil {
		return err
	}
	var copies []exercise.Copy
	if len(dirs) == 0 {
		copies = []exercise.Copy{{Student: filepath.Base(a.root), Dir: a.root}}
	}
	for _, dir := range dirs {
		if err := exercise.IsCopy(dir); err != nil {
			a.warn(fmt.Errorf(a.say(reportSkipped), err))
			continue
		}
		copies = append(copies, exercise.Copy{Student: filepath.ToSlash(filepath.Clean(dir)), Dir: dir})
	}
	fmt.Fprintf(a.stderr, a.say(reportCopies)+"\n", len(copies))
	rows, err := exercise.Report(ctx, all, copies, exercise.HasRace(ctx), runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	if err := write(a.stdout, rows); err != nil {
		return err
	}
	if len(copies) < len(dirs) {
		return errTold
	}
	return nil
}
