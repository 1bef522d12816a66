//go:build !linux

package kernel_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/tcp-handshake/kernel"
)

func TestOtherSystemsSaySo(t *testing.T) {
	_, err := kernel.Run(t.Context(), func(context.Context, kernel.Host, kernel.Host) error { return nil })
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "only Linux")
	_, err = kernel.Reexec(t.Context(), nil, nil, nil, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.False(t, kernel.Private())
}
