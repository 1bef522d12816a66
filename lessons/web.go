package main

import (
	"context"

	"example.com/netlessons/lessons/internal/exercise"
	"example.com/netlessons/lessons/internal/web"
)

func (a *app) serve(ctx context.Context, _ command, args []string) error {
	if err := a.findRoot(); err != nil {
		return err
	}
	return web.ServeCommand(ctx, args, a.stdout, a.stderr, a.root, a.progress)
}

func (a *app) site(ctx context.Context, _ command, args []string) error {
	if err := a.findRoot(); err != nil {
		return err
	}
	return web.SiteCommand(ctx, args, a.stdout, a.stderr, a.root)
}

// progress tells how far the exercises are, by lesson, as package web has it.
func (a *app) progress() map[int]string {
	all, err := exercise.All(a.root)
	a.warn(err)
	records, broken := a.store.Records()
	a.warn(broken)
	standing := map[int]string{}
	for _, e := range all {
		r := records[e.Folder]
		switch now, err := r.Now(e); {
		case err != nil:
			a.warn(err)
		case r.Passed != nil:
			standing[e.Number] = "passed"
		case now == exercise.NotStarted, now == exercise.Edited, now == exercise.Missing:
			standing[e.Number] = "open"
		default:
			standing[e.Number] = "failed"
		}
	}
	return standing
}
