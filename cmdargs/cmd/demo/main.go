// Command demo describes one file of each kind in a temporary folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"strings"
	"time"

	"example.com/netlessons/cmdargs"
	"example.com/netlessons/cmdargs/internal/cli"
)

func main() { cli.Main(run) }

func run(_ context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	return inFolder(func() error { return kinds(stdout) })
}

// kinds describes a path of each kind, relative to an empty folder.
func kinds(stdout io.Writer) error {
	day := time.Date(2026, 1, 2, 15, 4, 5, 0, time.Local)
	err := errors.Join(
		os.Mkdir("folder", 0o755), os.Chmod("folder", 0o755),
		os.WriteFile("folder/hello.txt", []byte("hello\n"), 0o600), os.Chmod("folder/hello.txt", 0o644),
		os.WriteFile("empty", nil, 0o600),
		os.Chtimes("folder/hello.txt", day, day), os.Chtimes("empty", day, day), os.Chtimes("folder", day, day),
	)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Symlink("folder/hello.txt", "link"), os.Symlink("gone", "broken-link")); err != nil {
		fmt.Fprintln(stdout, "(this system lets you make no symbolic link:", err.Error()+")")
	}

	for _, path := range []string{"folder/hello.txt", "folder", "empty", "link"} {
		if err := cmdargs.Describe(stdout, path); err != nil && path != "link" {
			return err
		}
		fmt.Fprintln(stdout)
	}
	for _, path := range []string{"missing", "broken-link"} {
		err := cmdargs.Describe(stdout, path)
		if !errors.Is(err, iofs.ErrNotExist) {
			return fmt.Errorf("describe %s: got %v, want an error", path, err)
		}
		what, advice, _ := strings.Cut(err.Error(), "; ")
		fmt.Fprintf(stdout, "%s\n  %s\n", what, advice)
	}
	return nil
}

// inFolder runs f in an empty folder, so that it can use short paths.
func inFolder(f func() error) error {
	dir, err := os.MkdirTemp("", "cmdargs")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	home, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	defer os.Chdir(home)
	return f()
}
