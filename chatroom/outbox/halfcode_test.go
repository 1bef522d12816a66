package outbox_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom/outbox"
)

// A close frame of one byte, as its first two bytes say.
const half = "\x88\x81"

func TestHalfACodeIsFoundBehindFramesOfAllLengthsAndNowhereElse(t *testing.T) {
	// Payloads and masks look like it.
	frame := func(head string, length int) string { return head + strings.Repeat(half, 2+length/2) }
	good := frame("\x88\x80", 0) + frame("\x81\x82", 2) + frame("\x81\xfe\x00\x7e", 126) +
		frame("\x81\xff"+string(binary.BigEndian.AppendUint64(nil, 1<<16)), 1<<16)
	after := half + half
	for name, pieces := range map[string]func(io.Reader) io.Reader{
		"in one piece":              func(r io.Reader) io.Reader { return r },
		"each byte by itself":       iotest.OneByteReader,
		"with the end in one piece": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			wire := &oneWay{Reader: pieces(strings.NewReader(good + half + after))}
			conn, _, err := outbox.Corked(&hijackable{conn: wire}).(http.Hijacker).Hijack()
			require.NoError(t, err)
			got, err := io.ReadAll(conn)
			require.EqualError(t, err, "a close frame with half a code")
			require.True(t, bytes.Equal([]byte(good+"\x88"), got), "%d bytes, want %d and one", len(got), len(good))
			_, err = io.ReadAll(conn)
			require.NoError(t, err, "it is told once, so that the rest can be read up")
		})
	}
}

// oneWay is a connection on which only reading works.
type oneWay struct {
	net.Conn
	io.Reader
}

func (o *oneWay) Read(p []byte) (int, error) { return o.Reader.Read(p) }
