package filetransfer_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/filetransfer"
)

// naiveSend and naiveReceive are what many learners write from the notes, word
// for word. The tests of this file pair them with ours.

func naiveSend(addr, path string) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte(filepath.Base(path)))
	buf := make([]byte, 4096)
	n, _ := conn.Read(buf)
	if string(buf[:n]) != "ok" {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	for {
		n, err := f.Read(buf)
		if err != nil { // io.EOF
			return
		}
		conn.Write(buf[:n])
	}
}

func naiveReceive(ln net.Listener, dir string) {
	conn, err := ln.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	buf := make([]byte, 4096)
	n, _ := conn.Read(buf)
	f, err := os.Create(filepath.Join(dir, string(buf[:n])))
	if err != nil {
		return
	}
	defer f.Close()
	conn.Write([]byte("ok"))
	for {
		n, _ := conn.Read(buf)
		if n == 0 {
			break
		}
		f.Write(buf[:n])
	}
}

func TestASenderFromTheNotesIsReceived(t *testing.T) {
	t.Parallel()
	for _, tt := range transfers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t)
			naiveSend(recv.addr, write(t, tt.file, tt.content))
			recv.waitLog(t, "file received")
			if diff := cmp.Diff(folder{tt.file: show(tt.content)}, read(t, recv.dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAReceiverFromTheNotesIsServed(t *testing.T) {
	t.Parallel()
	for _, tt := range transfers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, ln := t.TempDir(), listen(t)
			done := make(chan struct{})
			go func() { defer close(done); naiveReceive(ln, dir) }()
			_, err := filetransfer.Send(t.Context(), ln.Addr().String(), write(t, tt.file, tt.content), timeout)
			require.NoError(t, err)
			<-done
			if diff := cmp.Diff(folder{tt.file: show(tt.content)}, read(t, dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
		})
	}
}
