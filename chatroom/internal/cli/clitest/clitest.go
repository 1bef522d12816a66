// Package clitest runs a command in a test as main would, within the process.
package clitest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom/internal/cli"
)

// Result is what a command leaves behind.
type Result struct {
	Status         int
	Stdout, Stderr string
}

// Do runs a command to its end, with nothing on its standard input.
func Do(t testing.TB, run cli.Run, args ...string) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	status := cli.Status("command", err, &stderr)
	return Result{status, stdout.String(), stderr.String()}
}

// Start runs a server in the background and returns the address that it says
// it listens on. stop ends it as Ctrl-C would and returns what it left behind
// after its first line; the end of the test stops it too.
func Start(t testing.TB, run cli.Run, args ...string) (addr string, stop func() Result) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, w := io.Pipe()
	stdout := bufio.NewReader(r)
	result := make(chan Result, 1)
	go func() {
		var stderr bytes.Buffer
		err := run(ctx, args, strings.NewReader(""), w, &stderr)
		w.Close()
		status := cli.Status("command", err, &stderr)
		result <- Result{Status: status, Stderr: stderr.String()}
	}()

	line, err := stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("the server ended before it listened: %+v", <-result)
	}
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(t, ok, "first line: %q", line)
	rest := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(stdout)
		rest <- string(b)
	}()
	return addr, func() Result {
		cancel()
		res := <-result
		res.Stdout = <-rest
		return res
	}
}
