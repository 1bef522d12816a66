package framed

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// hello begins both directions. No file name begins with NUL, so a receiver
// knows by the first byte that this is not the notes' protocol; the last byte
// is the version.
const (
	hello   = "\x00nlft\x00\x00" + string(rune(version))
	version = 1
)

// A frame, in either direction; all numbers are big-endian:
//
//	 0      1          4              8               12
//	+------+----------+--------------+---------------+--------------
//	| kind | length   | CRC-32C of   | CRC-32C of    | payload,
//	|      | 24 bits  | the payload  | bytes 0 to 7  | length bytes
//	+------+----------+--------------+---------------+--------------
//
// With a sum of its own, a length that was damaged is never waited for.
const frameHeader = 12

const (
	kindHeader = 'H' // sender: a file, folder or link
	kindData   = 'D' // sender: some of a file's content
	kindEnd    = 'E' // sender: the content is complete, and this is its digest
	kindAnswer = 'A' // receiver: what becomes of a file
	kindQuit   = 'Q' // sender: that was all; receiver: it was
	kindAlive  = 'K' // both: still here
	kindFatal  = 'X' // both: why this side ends the connection
)

const (
	maxChunk    = 256 << 10 // bytes of content in one frame
	dataHeader  = 12        // what stands before them: index and offset
	maxPath     = 4096      // bytes
	maxText     = 1024      // bytes of a reason
	fixedHeader = 29        // bytes of a header before the path
	maxPayload  = dataHeader + maxChunk
	bufferSize  = frameHeader + maxPayload
	keepAlive   = 3 * time.Second // at least as often as this, each side says something
)

// maxLength is what a payload of this kind may measure, or -1 for a kind that
// does not exist: nothing is ever read or allocated beyond it.
func maxLength(kind byte) int {
	switch kind {
	case kindHeader:
		return fixedHeader + 2*maxPath
	case kindData:
		return maxPayload
	case kindEnd:
		return 5 + maxText
	case kindAnswer:
		return 45 + maxPath
	case kindFatal:
		return maxText
	case kindQuit, kindAlive:
		return 0
	}
	return -1
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// putFrameHeader fills in what stands before payload.
func putFrameHeader(b []byte, kind byte, payload []byte) {
	binary.BigEndian.PutUint32(b, uint32(kind)<<24|uint32(len(payload)))
	binary.BigEndian.PutUint32(b[4:], crc32.Checksum(payload, castagnoli))
	binary.BigEndian.PutUint32(b[8:], crc32.Checksum(b[:8], castagnoli))
}

var errDamaged = errors.New("damaged in transit: a checksum does not agree; send again")

// readFrame reads one frame into buf, which holds bufferSize bytes; payload is
// a part of it.
func readFrame(r io.Reader, buf []byte) (kind byte, payload []byte, err error) {
	if _, err := io.ReadFull(r, buf[:frameHeader]); err != nil {
		return 0, nil, err
	}
	head := buf[:frameHeader]
	if binary.BigEndian.Uint32(head[8:]) != crc32.Checksum(head[:8], castagnoli) {
		return 0, nil, errDamaged
	}
	kind = head[0]
	length := int(binary.BigEndian.Uint32(head) & 0xffffff)
	if length > maxLength(kind) {
		return 0, nil, fmt.Errorf("a frame of kind %q with %d bytes: the other side speaks something else", kind, length)
	}
	sum := binary.BigEndian.Uint32(head[4:])
	payload = buf[frameHeader : frameHeader+length]
	if _, err := io.ReadFull(r, payload); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	if sum != crc32.Checksum(payload, castagnoli) {
		return 0, nil, errDamaged
	}
	return kind, payload, nil
}

// frameReader reads frames from a connection, each within timeout.
type frameReader struct {
	conn    net.Conn
	r       *bufio.Reader
	timeout time.Duration
}

func newFrameReader(conn net.Conn, timeout time.Duration) *frameReader {
	return &frameReader{conn, bufio.NewReaderSize(conn, 64<<10), timeout}
}

func (fr *frameReader) next(buf []byte) (kind byte, payload []byte, err error) {
	if err := fr.conn.SetReadDeadline(time.Now().Add(fr.timeout)); err != nil {
		return 0, nil, err
	}
	return readFrame(fr.r, buf)
}

// readHello reads the other side's hello, of which begun is already there, up
// to the first byte that is not as it should be: more may never come.
func (fr *frameReader) readHello(begun []byte) (theirs string, err error) {
	if err := fr.conn.SetReadDeadline(time.Now().Add(fr.timeout)); err != nil {
		return "", err
	}
	theirs = string(begun)
	for len(theirs) < len(hello) && strings.HasPrefix(hello, theirs) {
		b, err := fr.r.ReadByte()
		if err != nil {
			return theirs, err
		}
		theirs += string([]byte{b})
	}
	return theirs, nil
}

// otherVersion says whether a hello is one of this protocol, but of a version
// that is not known here, and which.
func otherVersion(theirs string) (version byte, ok bool) {
	last := len(hello) - 1
	if len(theirs) == len(hello) && theirs[:last] == hello[:last] && theirs != hello {
		return theirs[last], true
	}
	return 0, false
}

// frameWriter writes frames, from any goroutine. Small ones gather in a buffer
// until flush.
type frameWriter struct {
	mu      sync.Mutex
	conn    net.Conn
	w       *bufio.Writer
	timeout time.Duration // for what the other side does not take; 0 is no limit
}

func newFrameWriter(conn net.Conn, timeout time.Duration) *frameWriter {
	return &frameWriter{conn: conn, w: bufio.NewWriterSize(conn, 64<<10), timeout: timeout}
}

func (fw *frameWriter) write(kind byte, payload []byte) error {
	fw.mu.Lock()
	defer fw.mu.Unlock()
	return fw.writeLocked(kind, payload)
}

func (fw *frameWriter) writeLocked(kind byte, payload []byte) error {
	if fw.w.Available() < frameHeader+len(payload) {
		if err := fw.flushLocked(); err != nil {
			return err
		}
	}
	var head [frameHeader]byte
	putFrameHeader(head[:], kind, payload)
	fw.w.Write(head[:])
	_, err := fw.w.Write(payload)
	return err
}

// writeWhole writes what is in the buffer, and then a frame that was laid out
// in b, with room for its header at the front, without copying it.
func (fw *frameWriter) writeWhole(kind byte, b []byte) error {
	fw.mu.Lock()
	defer fw.mu.Unlock()
	putFrameHeader(b, kind, b[frameHeader:])
	if fw.w.Available() >= len(b) {
		_, err := fw.w.Write(b)
		return err
	}
	if err := fw.flushLocked(); err != nil {
		return err
	}
	_, err := fw.conn.Write(b)
	return err
}

func (fw *frameWriter) flush() error {
	fw.mu.Lock()
	defer fw.mu.Unlock()
	return fw.flushLocked()
}

func (fw *frameWriter) flushLocked() error {
	if fw.w.Buffered() == 0 {
		return nil
	}
	if fw.timeout > 0 {
		if err := fw.conn.SetWriteDeadline(time.Now().Add(fw.timeout)); err != nil {
			return err
		}
	}
	return fw.w.Flush()
}

// keepAlive says that this side is still here, while it does what takes long,
// until stop is closed.
func (fw *frameWriter) keepAlive(stop <-chan struct{}) {
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			if fw.write(kindAlive, nil) != nil || fw.flush() != nil {
				return
			}
		}
	}
}
