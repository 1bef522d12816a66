//go:build !linux

package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"example.com/netlessons/netlab/trace"
)

var errOther = fmt.Errorf("only Linux shows the packets and states of its kernel in this way, not %s: %w", runtime.GOOS, errors.ErrUnsupported)

func run(context.Context, Talk) (*trace.Trace, error) { return nil, errOther }

func reexec(context.Context, []string, io.Reader, io.Writer, io.Writer) (int, error) {
	return 0, errOther
}
