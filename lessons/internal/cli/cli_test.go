package cli_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/lessons/internal/cli"
)

func TestStatusTellsTheErrorAndWhatToDo(t *testing.T) {
	fs := flag.NewFlagSet("server [-addr HOST:PORT]", flag.ContinueOnError)
	_, missing := os.Stat("missing")
	for _, tt := range []struct {
		name       string
		err        error
		want       int
		wantStderr string
	}{
		{"no error", nil, 0, ""},
		{"-h", cli.Parse(fs, []string{"-h"}, io.Discard), 0, ""},
		{"a flag that is not there", cli.Parse(fs, []string{"-x"}, io.Discard), 2, "server: flag provided but not defined: -x; usage: server [-addr HOST:PORT]\n"},
		{"wrong usage inside another error", fmt.Errorf("lesson 7: %w", cli.Usage(fs, "no file")), 2, "server: lesson 7: no file; usage: server [-addr HOST:PORT]\n"},
		{"any other error", errors.New("broken"), 1, "server: broken\n"},
		{"a port in use", os.NewSyscallError("bind", syscall.EADDRINUSE), 1, "server: bind: address already in use; stop the other server or choose another port with -addr\n"},
		{"a port in use on Windows", syscall.Errno(10048), 1, "; stop the other server or choose another port with -addr\n"},
		{"no server", os.NewSyscallError("connect", syscall.ECONNREFUSED), 1, "; start the server first, or give its address with -addr\n"},
		{"no file", missing, 1, "; check the name, and the folder you are in\n"},
		{"no port", &net.AddrError{Err: "missing port in address", Addr: "localhost"}, 1, "server: address localhost: missing port in address; give an address as HOST:PORT, such as 127.0.0.1:9000\n"},
		{"two errors", errors.Join(errors.New("one"), errors.New("two")), 1, "server: one\nserver: two\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stderr strings.Builder
			require.Equal(t, tt.want, cli.Status("server", tt.err, &stderr))
			require.Contains(t, stderr.String(), tt.wantStderr)
			if tt.want == 0 {
				require.Empty(t, stderr.String())
			}
		})
	}
}
