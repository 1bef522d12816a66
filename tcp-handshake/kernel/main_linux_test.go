package kernel_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/trace"
	"example.com/netlessons/tcp-handshake/kernel"
)

// TestMain runs the tests in a private network, for which this program starts
// itself again. Where that is forbidden the tests run here, and those that want
// the right to capture are skipped.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == helper {
		beTheHelper()
	}
	if !kernel.Private() {
		status, err := kernel.Reexec(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		if err == nil {
			os.Exit(status)
		}
		if !errors.Is(err, kernel.ErrForbidden) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// overKernel returns what the kernel makes of a conversation.
func overKernel(t *testing.T, talk kernel.Talk) *trace.Trace {
	t.Helper()
	tr, err := kernel.Run(t.Context(), talk)
	if errors.Is(err, kernel.ErrForbidden) {
		if os.Getenv("CI") != "" {
			require.NoError(t, err, "CI must not skip the proof; on Ubuntu: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")
		}
		t.Skip("skipped:", err)
	}
	if err != nil && tr != nil {
		diagram.Text(t.Output(), tr, diagram.TextOptions{})
	}
	require.NoError(t, err)
	return tr
}
