// Package exercise is lesson 9: a file goes over a connection so that its name
// and its content cannot mix, that part of a file never looks like a whole
// one, and that any size works. Fill in what says TODO.
//
//	sender                           receiver
//	  │ ── length of the name ────────► │  2 bytes, big endian
//	  │ ── name ──────────────────────► │  without folders
//	  │ ── size of the content ───────► │  8 bytes, big endian
//	  │ ── content ───────────────────► │  into a file with a temporary name
//	  │ ◄─────────────────────── "ok" ─ │  the whole file has its own name now
package exercise

import (
	"errors"
	"net"
)

var errTODO = errors.New("TODO: still to be written")

// Send sends the file at path over conn. It returns nil only if the receiver
// has answered "ok". What cannot be sent is an error before anything is
// written. The caller closes conn. Notes [send] steps 2 and 4–6.
func Send(conn net.Conn, path string) error {
	// TODO: open the file; learn its name and its size.
	// TODO: write the header: length of the name, name, size.
	// TODO: write the content. How much memory does a file of 8 GiB take?
	// TODO: read the answer.
	return errTODO
}

// Receive takes one file from conn, saves it in the folder dir and returns its
// name. A file of that name is replaced. If anything goes wrong, it returns an
// error, and dir is as before. A name that is no plain file name is an error.
// The caller closes conn. Notes [receive] steps 3–5.
func Receive(conn net.Conn, dir string) (name string, err error) {
	// TODO: read the header. Is one Read enough for each part of it?
	// TODO: refuse names like "../x": the sender may be anybody.
	// TODO: read the content into a file with a temporary name (os.CreateTemp).
	// TODO: give the file its name (os.Rename), then answer "ok".
	return "", errTODO
}
