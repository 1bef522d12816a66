package filetransfer_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesThatWindowsCannotTakeAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"NUL", "C:x", "a.txt:stream", "what?", "x*", "end.", "end "} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t)
			_, err := io.WriteString(dial(t, recv.addr), name)
			require.NoError(t, err)
			require.Contains(t, recv.waitLog(t, "file not received"), "cannot be used on Windows")
		})
	}
}
