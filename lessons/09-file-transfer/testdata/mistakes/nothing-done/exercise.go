// want: "Receive says that all went well and has saved nothing"
// zh: "Receive 说一切正常，却什么也没保存：TODO 还没写吗？"

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

import "net"

// Send sends the file at path over conn. It returns nil only if the receiver
// has answered "ok". What cannot be sent is an error before anything is
// written. The caller closes conn. Notes [send] steps 2 and 4–6.
func Send(conn net.Conn, path string) error {
	return nil
}

// Receive takes one file from conn, saves it in the folder dir and returns its
// name. A file of that name is replaced. If anything goes wrong, it returns an
// error, and dir is as before. A name that is no plain file name is an error.
// The caller closes conn. Notes [receive] steps 3–5.
func Receive(conn net.Conn, dir string) (name string, err error) {
	return "", nil
}
