// Package cli gives every command of this module one shape: it stops on
// Ctrl-C, and one place turns its error into an exit status.
//
// Each lesson module holds a copy, so that it builds when it is copied out of
// the repository. A test in lessons keeps the copies alike.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// Run is a whole command as a function: what main does, without the globals.
// It returns when its work is done or ctx ends.
type Run func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error

// Main runs a command and exits with its [Status]. Ctrl-C ends ctx, so that
// the command can clean up; a second Ctrl-C kills it.
func Main(run Run) {
	signal.Ignore(syscall.SIGPIPE) // as in `… | head -1`: go on, and clean up
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	os.Exit(Status(name, err, os.Stderr))
}

// Status tells err on stderr, in one line, or a line for each that
// [errors.Join] has joined, and returns the exit status for it: 0 for nil and
// for -h, 2 for wrong usage, 1 for anything else.
func Status(name string, err error, stderr io.Writer) int {
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return 2
	}
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	for _, err := range errs {
		fmt.Fprintf(stderr, "%s: %v%s\n", name, err, advice(err))
	}
	return 1
}

// Parse reads args into fs, whose name is the usage line, for example
// "server [-addr HOST:PORT]". For -h it prints that line and the flags to
// stdout and returns [flag.ErrHelp]; a flag that fs does not have is wrong usage.
func Parse(fs *flag.FlagSet, args []string, stdout io.Writer) error {
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, "usage: %s\n", fs.Name())
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return err
	}
	if err != nil {
		return Usage(fs, "%w", err)
	}
	return nil
}

// NoArgs is wrong usage if anything follows the flags of fs.
func NoArgs(fs *flag.FlagSet) error {
	if fs.NArg() > 0 {
		return Usage(fs, "unexpected argument %q", fs.Arg(0))
	}
	return nil
}

// Usage returns an error for a command line that cannot be run: exit status 2.
func Usage(fs *flag.FlagSet, format string, a ...any) error {
	return &usageError{fmt.Errorf(format+"; usage: "+fs.Name(), a...)}
}

type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// advice says what to do about the errors that learners meet most. Windows has
// its own numbers for them, which mean nothing on other systems.
func advice(err error) string {
	const windowsAddrInUse, windowsConnRefused = syscall.Errno(10048), syscall.Errno(10061)
	var noAddr *net.AddrError
	var noHost *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, windowsAddrInUse):
		return "; stop the other server or choose another port with -addr"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, windowsConnRefused):
		return "; start the server first, or give its address with -addr"
	case errors.As(err, &noAddr), errors.As(err, &noHost):
		return "; give an address as HOST:PORT, such as 127.0.0.1:9000"
	case errors.Is(err, fs.ErrNotExist):
		return "; check the name, and the folder you are in"
	}
	return ""
}
