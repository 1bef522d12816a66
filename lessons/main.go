// Command lessons lists the lessons of the course and runs their demos.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"example.com/netlessons/lessons/internal/cli"
	"example.com/netlessons/lessons/internal/course"
	"example.com/netlessons/lessons/internal/runner"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(status(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
}

// status is the exit status for err. A program that was run has told its error
// itself, and its status is passed on.
func status(err error, stderr io.Writer) int {
	var program *exec.ExitError
	if errors.As(err, &program) {
		if program.ExitCode() < 0 { // killed by a signal
			return 1
		}
		return program.ExitCode()
	}
	return cli.Status("lessons", err, stderr)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("lessons [run N [ARG ...]]", flag.ContinueOnError)
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	switch fs.Arg(0) {
	case "":
		return course.List(stdout)
	case "run":
		return runLesson(ctx, fs, stdin, stdout, stderr)
	}
	return cli.Usage(fs, "unknown command %q", fs.Arg(0))
}

func runLesson(ctx context.Context, fs *flag.FlagSet, stdin io.Reader, stdout, stderr io.Writer) error {
	n, err := strconv.Atoi(fs.Arg(1))
	lesson, ok := course.Find(n)
	if err != nil || !ok {
		course.List(stderr)
		return cli.Usage(fs, "there is no lesson %q, only those above", fs.Arg(1))
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := runner.Root(dir)
	if err != nil {
		return err
	}
	r := runner.Runner{Root: root, Bin: filepath.Join(root, "bin"), Stdin: stdin, Stdout: stdout, Stderr: stderr}
	if err := r.Run(ctx, lesson, fs.Args()[2:]); err != nil {
		return fmt.Errorf("lesson %d: %w", n, err)
	}
	return nil
}
