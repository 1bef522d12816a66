package kernel

import (
	"context"
	"io"
	"os"
)

// privateEnv marks a process that [Reexec] has started, and those it starts.
const privateEnv = "NETLESSONS_PRIVATE_NETWORK"

// Private tells whether this process was started by [Reexec].
func Private() bool { return os.Getenv(privateEnv) != "" }

// Reexec starts this program again with args (as in os.Args[1:]) in a network
// of its own, in which [Run] may capture and meets no other packets; it waits
// for it, and returns its exit status. The end of ctx asks it to stop.
//
//	if !kernel.Private() {
//		status, err := kernel.Reexec(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
//		…
//	}
//	tr, err := kernel.Run(ctx, talk)
//
// Only Linux's network and user namespaces are needed, no privileges; where
// they are forbidden, the error is [ErrForbidden]. On other systems than Linux
// it is [errors.ErrUnsupported].
func Reexec(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int, err error) {
	return reexec(ctx, args, stdin, stdout, stderr)
}
