// Package runner builds and starts the lessons' programs.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"example.com/netlessons/lessons/internal/course"
)

// A Runner runs lessons of the working copy at Root.
type Runner struct {
	Root           string // the folder with go.work
	Bin            string // where the built programs are kept
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Root returns the folder of the course around dir: the nearest one with a go.work.
func Root(dir string) (string, error) {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "go.work")); err == nil {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("%s is not inside the course; change to its folder, the one with go.work", dir)
		}
	}
}

// Run builds lesson's program if it has changed, runs it, and returns when it
// has ended: nil for exit status 0, and an [exec.ExitError] for another. The
// first time it says on Stderr that it builds, since that takes a while.
func (r Runner) Run(ctx context.Context, lesson course.Lesson, args []string) error {
	folder, args := lesson.Command(args)
	program := filepath.Join(r.Bin, "lesson-"+strconv.Itoa(lesson.Number), filepath.Base(folder))
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if _, err := os.Stat(program); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(r.Stderr, "building lesson %d, the first time only …\n", lesson.Number)
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./"+folder)
	build.Dir = r.Root
	build.Stdout, build.Stderr = r.Stderr, r.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build lesson %d: %w", lesson.Number, err)
	}

	demo := exec.CommandContext(ctx, program, args...)
	demo.Stdin, demo.Stdout, demo.Stderr = r.Stdin, r.Stdout, r.Stderr
	// Ctrl-C reaches the program without us, for the terminal sends it to both.
	// We wait until it has cleaned up, but not for ever.
	demo.Cancel = func() error { return os.ErrProcessDone }
	demo.WaitDelay = 10 * time.Second
	return demo.Run()
}
