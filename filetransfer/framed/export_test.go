package framed

import (
	"io"
	"time"
)

// What the tests of this package's behaviour need from inside.

const (
	Hello    = hello
	Folder   = folder
	MaxSmall = maxSmall
	MaxChunk = maxChunk
)

// WithWriter puts wrap before each file that the receiver writes.
func (r Receiver) WithWriter(wrap func(io.Writer) io.Writer) Receiver {
	r.wrap = wrap
	return r
}

// WithRoom makes the receiver believe that there are n bytes of free space.
func (r Receiver) WithRoom(n int64) Receiver {
	r.free = func() (int64, error) { return n, nil }
	return r
}

// RawHeader is a frame that announces an entry, however hostile.
func RawHeader(index uint32, kind uint8, size int64, path, target string) []byte {
	h := header{index: index, kind: entryType(kind), mode: 0o644, size: size, mtime: time.Unix(0, 0), path: path, target: target}
	return rawFrame(kindHeader, h.append(nil))
}

func rawFrame(kind byte, payload []byte) []byte {
	b := make([]byte, frameHeader, frameHeader+len(payload))
	b = append(b, payload...)
	putFrameHeader(b, kind, payload)
	return b
}

// RawFatal is a frame that ends a conversation.
func RawFatal(text string) []byte { return rawFrame(kindFatal, []byte(text)) }
