package framed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/netlessons/filetransfer/internal/names"
)

type entryType uint8

const (
	typeFile entryType = 1 + iota
	typeFolder
	typeLink
)

// header announces one entry. The first has index 0, the next 1, and so on.
//
//	 0       4      5       7       15       23       27       29
//	+-------+------+-------+-------+--------+--------+--------+--------+---------
//	| index | type | mode  | size  | mtime, | mtime, | length | path,  | target
//	|       |      | 0–777 |       | s      | ns     | of path| with / | of a link
//	+-------+------+-------+-------+--------+--------+--------+--------+---------
type header struct {
	index  uint32
	kind   entryType
	mode   fs.FileMode // permission bits only
	size   int64       // 0 unless it is a file
	mtime  time.Time
	path   string // relative, with slashes
	target string // of a link
}

// maxSmall is the size up to which a file's content follows its header at once,
// without waiting for the answer.
const maxSmall = 64 << 10

func (h *header) small() bool { return h.kind != typeFile || h.size <= maxSmall }

func (h *header) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, h.index)
	b = append(b, byte(h.kind))
	b = binary.BigEndian.AppendUint16(b, uint16(h.mode))
	b = binary.BigEndian.AppendUint64(b, uint64(h.size))
	b = binary.BigEndian.AppendUint64(b, uint64(h.mtime.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(h.mtime.Nanosecond()))
	b = binary.BigEndian.AppendUint16(b, uint16(len(h.path)))
	b = append(b, h.path...)
	return append(b, h.target...)
}

var errMalformed = errors.New("malformed frame: the other side speaks something else")

// parseHeader reads what append wrote. It says nothing about the path: for
// that there is [header.check].
func parseHeader(b []byte) (*header, error) {
	if len(b) < fixedHeader {
		return nil, errMalformed
	}
	be := binary.BigEndian
	size, mode, ns := be.Uint64(b[7:]), be.Uint16(b[5:]), be.Uint32(b[23:])
	end := fixedHeader + int(be.Uint16(b[27:]))
	if size > math.MaxInt64 || mode > 0o777 || ns >= 1e9 || end > len(b) {
		return nil, errMalformed
	}
	h := &header{
		index: be.Uint32(b), kind: entryType(b[4]), mode: fs.FileMode(mode), size: int64(size),
		mtime: time.Unix(int64(be.Uint64(b[15:])), int64(ns)),
		path:  string(b[fixedHeader:end]), target: string(b[end:]),
	}
	switch {
	case h.kind < typeFile, h.kind > typeLink,
		h.kind != typeFile && h.size != 0,
		(h.kind == typeLink) != (h.target != ""):
		return nil, errMalformed
	}
	return h, nil
}

// check says what is wrong with an entry that must not be made.
func (h *header) check() error {
	if err := checkPath(h.path); err != nil {
		return err
	}
	if year := h.mtime.UTC().Year(); year < 1678 || year > 2261 { // what fits nanoseconds in 64 bits
		return fmt.Errorf("%s: its time, %d seconds from 1970, is out of range", quoted(h.path), h.mtime.Unix())
	}
	if h.kind == typeLink {
		return checkTarget(h.path, h.target)
	}
	return nil
}

// checkPath lets pass what names something inside the receiver's folder on
// this system, part by part.
func checkPath(path string) error {
	if len(path) > maxPath {
		return fmt.Errorf("a path of %d bytes; at most %d are taken", len(path), maxPath)
	}
	parts := strings.Split(path, "/")
	for _, part := range parts {
		var what string
		switch {
		case part == "" || part == "." || part == "..":
			what = "leads out of the folder"
		case len(part) > names.Max:
			what = fmt.Sprintf("has a part of %d bytes; at most %d are taken", len(part), names.Max)
		case !utf8.ValidString(part):
			what = "is not UTF-8"
		case strings.ContainsFunc(part, unicode.IsControl):
			what = "holds control characters"
		case strings.Contains(part, `\`):
			what = "holds a backslash, which is a folder's end on Windows"
		case runtime.GOOS == "windows" && !names.WindowsTakes(part):
			what = "cannot be used on Windows"
		}
		if what != "" {
			return fmt.Errorf("path %s %s", quoted(path), what)
		}
	}
	if strings.EqualFold(parts[0], folder) {
		return fmt.Errorf("path %q is where the receiver keeps unfinished files", path)
	}
	return nil
}

// checkTarget lets pass a link that stays inside the folder, wherever that is.
func checkTarget(path, target string) error {
	depth := strings.Count(path, "/")
	if strings.HasPrefix(target, "/") || strings.ContainsAny(target, "\x00\\") || strings.Contains(target, ":") && runtime.GOOS == "windows" || len(target) > maxPath || !utf8.ValidString(target) {
		depth = -1
	}
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			depth--
		default:
			if depth >= 0 { // once outside, nothing leads back
				depth++
			}
		}
	}
	if depth < 0 {
		return fmt.Errorf("%s: its target %s may lead out of the folder", quoted(path), quoted(target))
	}
	return nil
}

// quoted quotes what the other side said, and shortens it: it may hold what a
// terminal would obey.
func quoted(s string) string {
	if len(s) > 100 {
		return strconv.Quote(s[:100]) + "..."
	}
	return strconv.Quote(s)
}

// data stands before content in a frame: which file, and where in it.
func putData(b []byte, index uint32, offset int64) {
	binary.BigEndian.PutUint32(b, index)
	binary.BigEndian.PutUint64(b[4:], uint64(offset))
}

func parseData(b []byte) (index uint32, offset int64, content []byte, err error) {
	if len(b) <= dataHeader {
		return 0, 0, nil, errMalformed
	}
	return binary.BigEndian.Uint32(b), int64(binary.BigEndian.Uint64(b[4:])), b[dataHeader:], nil
}

type digest [32]byte // BLAKE3

// end follows a file's content: its digest, or why the rest will not come.
//
//	+-------+-------+----------------------
//	| index | whole | digest, 32 bytes, or
//	|       | 1 / 0 | the reason
//	+-------+-------+----------------------
type end struct {
	index  uint32
	whole  bool
	digest digest
	reason string
}

func (e *end) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, e.index)
	if e.whole {
		return append(append(b, 1), e.digest[:]...)
	}
	return append(append(b, 0), cut(e.reason, maxText)...)
}

func parseEnd(b []byte) (e end, err error) {
	switch {
	case len(b) == 5+len(e.digest) && b[4] == 1:
		return end{binary.BigEndian.Uint32(b), true, digest(b[5:]), ""}, nil
	case len(b) >= 5 && b[4] == 0:
		return end{binary.BigEndian.Uint32(b), false, digest{}, string(b[5:])}, nil
	}
	return e, errMalformed
}

type code uint8

const (
	codeGoOn     code = 1 + iota // send from offset on; digest is that of what stands before
	codeProgress                 // the file holds offset bytes
	codeSaved                    // in place; text is its path
	codeSame                     // was there already, the same
	codeSkipped                  // something else is there, and stays
	codeRefused                  // text says why
)

// final says whether this is the last that is heard of a file.
func (c code) final() bool { return c >= codeSaved }

// answer says what becomes of a file.
//
//	 0       4      5        13       45
//	+-------+------+--------+--------+-----
//	| index | code | offset | digest | text
//	+-------+------+--------+--------+-----
type answer struct {
	index  uint32
	code   code
	offset int64
	digest digest
	text   string
}

func (a *answer) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, a.index)
	b = append(b, byte(a.code))
	b = binary.BigEndian.AppendUint64(b, uint64(a.offset))
	b = append(b, a.digest[:]...)
	return append(b, cut(a.text, maxPath)...)
}

func parseAnswer(b []byte) (a answer, err error) {
	if len(b) < 45 || code(b[4]) < codeGoOn || code(b[4]) > codeRefused {
		return a, errMalformed
	}
	offset := int64(binary.BigEndian.Uint64(b[5:]))
	if offset < 0 {
		return a, errMalformed
	}
	return answer{binary.BigEndian.Uint32(b), code(b[4]), offset, digest(b[13:45]), string(b[45:])}, nil
}

// cut shortens s to at most n bytes.
func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// printable is text of the other side, unless a terminal would obey it.
func printable(s string) string {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return strconv.Quote(s)
	}
	return s
}
