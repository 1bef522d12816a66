package exercise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Package check ends a hang after 4 seconds and names its step. What escapes it,
// a loop in func init for one, is ended by these, which leave the package time to
// say its sentence, and a busy machine time to begin.
const (
	nextTest    = 8 * time.Second  // from the check's start or one test's begin to the next one's
	testTimeout = 20 * time.Second // go test's own
)

// Options says how to check.
type Options struct {
	Source string // the file that is laid over exercise.go; empty: none
	// Race checks a file that has passed and starts goroutines once more, under
	// the race detector. See [HasRace].
	Race bool
}

// Check runs the exercise's check. An error means that it could not be run at
// all; everything that a student's file can do wrong is a [Result].
func (e Exercise) Check(ctx context.Context, opts Options) (Result, error) {
	res, err := e.run(ctx, opts.Source, false)
	if err != nil || res.State != Passed || !opts.Race || !e.concurrent(opts.Source) {
		return res, err
	}
	raced, err := e.run(ctx, opts.Source, true)
	if err != nil || raced.State == DoesNotCompile { // the race detector does not work here
		return res, ctx.Err()
	}
	return raced, nil
}

// HasRace reports whether the race detector can be used here: it needs a C compiler.
func HasRace(ctx context.Context) bool {
	out, err := exec.CommandContext(ctx, "go", "env", "CGO_ENABLED").Output()
	return err == nil && strings.TrimSpace(string(out)) == "1"
}

var goroutine = regexp.MustCompile(`\bgo (func|\w+[.(])|\.Go\(`)

func (e Exercise) concurrent(source string) bool {
	if source == "" {
		source = e.Source()
	}
	text, err := os.ReadFile(source)
	return err == nil && goroutine.Match(text)
}

func (e Exercise) run(parent context.Context, source string, race bool) (Result, error) {
	mistakes, err := e.Mistakes()
	if err != nil {
		return Result{}, err
	}
	args := []string{"test", "-count=1", "-json", "-vet=off", "-ldflags=-s -w", "-timeout=" + testTimeout.String()}
	if race {
		args = append(args, "-race")
	}
	if source != "" {
		overlay, err := e.overlay(source)
		if err != nil {
			return Result{}, err
		}
		defer os.Remove(overlay)
		args = append(args, "-overlay="+overlay)
	}

	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	late := time.AfterFunc(time.Hour, cancel)
	late.Stop() // until the check is built
	out := newOutput(func() { late.Reset(nextTest) })
	var stderr head
	cmd := exec.CommandContext(ctx, "go", append(args, "./lessons/"+e.Folder)...)
	cmd.Dir = e.Root
	cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(e.Root, "go.work"), "GORACE=atexit_sleep_ms=0")
	cmd.Stdout, cmd.Stderr = out, &stderr
	cmd.WaitDelay = time.Second
	killWhole(cmd)
	err = cmd.Run()
	late.Stop()

	var exit *exec.ExitError
	switch {
	case parent.Err() != nil:
		return Result{}, parent.Err()
	case ctx.Err() != nil:
		out.killed = true
	case errors.Is(err, exec.ErrWaitDelay): // it left a process behind that holds its output
	case err != nil && !errors.As(err, &exit):
		return Result{}, fmt.Errorf("check lesson %d: %w", e.Number, err)
	case !out.built: // go itself could not begin
		return Result{}, fmt.Errorf("check lesson %d: go test: %s", e.Number, strings.TrimSpace(stderr.String()+out.noise.String()))
	}
	return out.result(mistakes, err == nil), nil
}

// overlay writes the file for go test -overlay that lays source over the
// student's file.
func (e Exercise) overlay(source string) (string, error) {
	source, err := filepath.Abs(source)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {e.Source(): source}})
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "overlay-*.json")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	return f.Name(), errors.Join(err, f.Close())
}
