package framed

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever comes, a frame that is taken is one that this side could have sent,
// and nothing is read beyond the limit of its kind.
func FuzzFrame(f *testing.F) {
	sender, receiver := example()
	f.Add(sender[len(hello):])
	f.Add(receiver[len(hello):])
	f.Add(rawFrame(kindData, make([]byte, 100)))
	f.Add([]byte("HTTP/1.1 400 Bad Request"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		buf := make([]byte, bufferSize)
		for {
			before := len(stream) - r.Len()
			kind, payload, err := readFrame(r, buf)
			if err != nil {
				return
			}
			require.LessOrEqual(t, len(payload), maxLength(kind))
			require.Equal(t, stream[before:len(stream)-r.Len()], rawFrame(kind, payload))
		}
	})
}

// A header that is taken says the same when it is written again, and if it
// passes the check, its path stays in the folder.
func FuzzHeader(f *testing.F) {
	for _, h := range []header{
		{kind: typeFile, mode: 0o644, size: 5, mtime: time.Unix(1e9, 5), path: "a/b.txt"},
		{kind: typeFolder, mode: 0o755, mtime: time.Unix(0, 0), path: "文件夹"},
		{kind: typeLink, mode: 0o777, mtime: time.Unix(-1, 0), path: "a/l", target: "../b"},
		{kind: typeFile, path: "../x"},
	} {
		f.Add(h.append(nil))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		h, err := parseHeader(payload)
		if err != nil {
			return
		}
		require.Equal(t, payload, h.append(nil))
		if h.check() != nil {
			return
		}
		require.True(t, filepath.IsLocal(h.path), h.path)
		require.Equal(t, path.Clean(h.path), h.path)
		if h.kind == typeLink {
			require.False(t, path.IsAbs(h.target), h.target)
			require.True(t, filepath.IsLocal(path.Join(path.Dir(h.path), h.target)), "%s -> %s", h.path, h.target)
		}
	})
}

// What a frame of each other kind says is understood or refused.
func FuzzMessage(f *testing.F) {
	f.Add((&end{index: 1, whole: true, digest: digest{1}}).append(nil))
	f.Add((&end{index: 2, reason: "it changed"}).append(nil))
	f.Add((&answer{index: 3, code: codeSaved, text: "a"}).append(nil))
	f.Add(make([]byte, dataHeader+1))
	f.Fuzz(func(t *testing.T, payload []byte) {
		if e, err := parseEnd(payload); err == nil && len(payload) <= maxLength(kindEnd) {
			require.Equal(t, payload, e.append(nil))
		}
		if a, err := parseAnswer(payload); err == nil && len(payload) <= maxLength(kindAnswer) {
			require.Equal(t, payload, a.append(nil))
		}
		if _, offset, content, err := parseData(payload); err == nil {
			require.Equal(t, payload[dataHeader:], content)
			require.Equal(t, binary.BigEndian.Uint64(payload[4:]), uint64(offset))
		}
	})
}

// A sender that knows the checksums but says what it likes: script is a list of
// kind, length and payload. The receiver neither panics nor hangs nor writes
// outside its folder.
func FuzzConversation(f *testing.F) {
	sender, receiver := example()
	for _, stream := range [][]byte{sender, receiver} {
		var script []byte
		r, buf := bytes.NewReader(stream[len(hello):]), make([]byte, bufferSize)
		for r.Len() > 0 {
			kind, payload, err := readFrame(r, buf)
			require.NoError(f, err)
			script = append(append(script, kind, byte(len(payload))), payload...)
		}
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		stream := []byte(hello)
		for len(script) >= 2 {
			n := min(int(script[1]), len(script)-2)
			stream = append(stream, rawFrame(script[0], script[2:2+n])...)
			script = script[2+n:]
		}
		above := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(above, "in"), 0o777))
		dir, err := os.OpenRoot(filepath.Join(above, "in"))
		require.NoError(t, err)
		defer dir.Close()
		Receiver{}.Receive(t.Context(), &replay{Reader: bytes.NewReader(stream)}, dir)
		entries, err := os.ReadDir(above)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		fs.WalkDir(os.DirFS(above), ".", func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				os.Chmod(filepath.Join(above, path), 0o777) // or it could not be removed
			}
			if err == nil && strings.HasSuffix(path, partSuffix) {
				info, err := d.Info()
				require.NoError(t, err)
				require.NotZero(t, info.Size(), "there is nothing in it to go on after")
			}
			return nil
		})
	})
}
