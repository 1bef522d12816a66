package outbox

import (
	"encoding/binary"
	"errors"
	"math"
)

// errHalfCode stands for a close frame of one byte. gorilla takes it for one
// without a code; RFC 6455 section 5.5.1 wants both bytes of a code, or none.
var errHalfCode = errors.New("a close frame with half a code")

// frames follows a client's frames up to such a close frame:
//
//	kind   length   longer length   mask   payload
//	 1       1        0, 2 or 8      4
type frames struct {
	head []byte // of a frame up to its length, as far as it has come
	rest uint64 // bytes of mask and payload that are still to come
}

// Read gives an error in place of half a code, once.
func (c *corkedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if good := c.frames.follow(p[:n]); good < n {
		return good, errHalfCode
	}
	return n, err
}

// follow returns how much of p comes before half a code.
func (f *frames) follow(p []byte) (n int) {
	for n < len(p) {
		if f.rest > 0 {
			skip := min(f.rest, uint64(len(p)-n))
			f.rest -= skip
			n += int(skip)
			continue
		}
		f.head = append(f.head, p[n])
		if string(f.head) == "\x88\x81" { // the last frame, close; masked, one byte
			f.rest = math.MaxUint64 // what follows is no frame
			return n
		}
		n++
		switch head := f.head; {
		case len(head) == 2 && head[1]&0x7f < 126:
			f.rest = 4 + uint64(head[1]&0x7f)
		case len(head) == 4 && head[1]&0x7f == 126:
			f.rest = 4 + uint64(binary.BigEndian.Uint16(head[2:]))
		case len(head) == 10:
			f.rest = 4 + binary.BigEndian.Uint64(head[2:])
		default:
			continue
		}
		f.head = f.head[:0]
	}
	return n
}
