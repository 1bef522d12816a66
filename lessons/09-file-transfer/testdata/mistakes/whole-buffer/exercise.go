// want: "Send sends more than the file holds"
// zh: "Send 发出的比文件内容还多：是不是发了整个 buf，而不是 buf[:n]？"

// Package exercise is lesson 9: a file goes over a connection so that its name
// and its content cannot mix, that part of a file never looks like a whole
// one, and that any size works.
//
//	sender                           receiver
//	  │ ── length of the name ────────► │  2 bytes, big endian
//	  │ ── name ──────────────────────► │  without folders
//	  │ ── size of the content ───────► │  8 bytes, big endian
//	  │ ── content ───────────────────► │  into a file with a temporary name
//	  │ ◄─────────────────────── "ok" ─ │  the whole file has its own name now
package exercise

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
)

// Send sends the file at path over conn. It returns nil only if the receiver
// has answered "ok". What cannot be sent is an error before anything is
// written. The caller closes conn. Notes [send] steps 2 and 4–6.
func Send(conn net.Conn, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", path)
	}

	name := info.Name() // without folders
	header := binary.BigEndian.AppendUint16(nil, uint16(len(name)))
	header = append(header, name...)
	header = binary.BigEndian.AppendUint64(header, uint64(info.Size()))
	if _, err := conn.Write(header); err != nil {
		return err
	}
	buf := make([]byte, 4096)
	for {
		n, err := file.Read(buf)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if n > 0 {
			if _, err := conn.Write(buf); err != nil {
				return err
			}
		}
	}
	answer := make([]byte, len("ok"))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	if string(answer) != "ok" {
		return fmt.Errorf("the receiver answered %q", answer)
	}
	return nil
}

// Receive takes one file from conn, saves it in the folder dir and returns its
// name. A file of that name is replaced. If anything goes wrong, it returns an
// error, and dir is as before. A name that is no plain file name is an error.
// The caller closes conn. Notes [receive] steps 3–5.
func Receive(conn net.Conn, dir string) (name string, err error) {
	name, size, err := readHeader(conn)
	if err != nil {
		return "", err
	}
	// In the same folder, so that Rename moves a name and no data.
	file, err := os.CreateTemp(dir, ".receiving-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name()) // fails after Rename: then this name is gone
	defer file.Close()           // before Remove, as Windows needs it

	if _, err := io.CopyN(file, conn, size); err != nil { // io.EOF: less than size came
		return "", fmt.Errorf("%q: %w", name, err)
	}
	if err := file.Close(); err != nil { // some disks report only now that they are full
		return "", err
	}
	if err := os.Rename(file.Name(), filepath.Join(dir, name)); err != nil {
		return "", err
	}
	_, err = io.WriteString(conn, "ok")
	return name, err
}

// readHeader reads all that comes before the content, and not a byte more.
func readHeader(conn net.Conn) (name string, size int64, err error) {
	number := make([]byte, 8)
	if _, err := io.ReadFull(conn, number[:2]); err != nil {
		return "", 0, err
	}
	text := make([]byte, binary.BigEndian.Uint16(number)) // at most 64 KiB
	if _, err := io.ReadFull(conn, text); err != nil {
		return "", 0, err
	}
	name = string(text)
	// Base takes folders off; IsLocal knows "..", and the devices of Windows.
	if name == "." || filepath.Base(name) != name || !filepath.IsLocal(name) {
		return "", 0, fmt.Errorf("%q is no plain file name", name)
	}
	if _, err := io.ReadFull(conn, number); err != nil {
		return "", 0, err
	}
	if binary.BigEndian.Uint64(number) > math.MaxInt64 { // negative as an int64
		return "", 0, errors.New("no file is that large")
	}
	return name, int64(binary.BigEndian.Uint64(number)), nil
}
