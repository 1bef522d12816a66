package filetransfer_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/filetransfer"
)

const timeout = 10 * time.Second // never reached unless something is broken

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var transfers = []struct {
	name    string
	file    string
	content string
}{
	{"an empty file", "empty.txt", ""},
	{"one byte", "one.bin", "\x00"},
	{"a byte less than a buffer of the notes", "4095.bin", text(4095)},
	{"just a buffer of the notes", "4096.bin", text(4096)},
	{"a byte more than a buffer of the notes", "4097.bin", text(4097)},
	{"more than a socket takes at once", "large.bin", text(1<<20 + 3)},
	{"content that looks like the protocol", "ok", "ok"},
	{"a Chinese name", "网络文件传输.txt", "你好"},
	{"spaces, dots and quotes in a name", ".a 'b'  c..d", "x"},
	{"the longest name, 255 bytes", strings.Repeat("文", 84) + ".md", "x"},
}

func TestAFileArrivesWhole(t *testing.T) {
	t.Parallel()
	for _, tt := range transfers {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t)
			size, err := filetransfer.Send(t.Context(), recv.addr, write(t, tt.file, tt.content), timeout)
			require.NoError(t, err)
			require.EqualValues(t, len(tt.content), size)
			// At once: when Send returns, the file is there.
			if diff := cmp.Diff(folder{tt.file: show(tt.content)}, read(t, recv.dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
		})
	}
}

func TestANameThatIsNoneIsRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		sent    string
		wantLog string
	}{
		{"the folder above", "../x", "leads to another folder; send the bare name"},
		{"a folder below", "a/b", "leads to another folder"},
		{"an absolute path", "/tmp/x", "leads to another folder"},
		{"a path of Windows", `C:\x`, "leads to another folder"},
		{"this folder", ".", "leads to another folder"},
		{"the parent folder", "..", "leads to another folder"},
		{"256 bytes", strings.Repeat("x", 256), "is longer than 255 bytes"},
		{"no UTF-8", "\xff\xfe", "is not UTF-8"},
		{"a NUL", "\x00v2", "holds control characters"},
		{"a name and its first line of content, in one read", "c.txtCONTENT\n", "did the content come together with the name?"},
		{"a name and much content, in one read", "c.txt" + text(4096), "did the content come together with the name?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t)
			before := read(t, filepath.Dir(recv.dir))
			conn := dial(t, recv.addr)
			_, err := io.WriteString(conn, tt.sent)
			require.NoError(t, err)
			answer, _ := io.ReadAll(conn) // the end or a reset, but no "ok"
			require.Empty(t, answer)

			require.Contains(t, recv.waitLog(t, "file not received"), tt.wantLog)
			if diff := cmp.Diff(before, read(t, filepath.Dir(recv.dir))); diff != "" {
				t.Errorf("folder above the receiver's (-before +after):\n%s", diff)
			}
		})
	}
}

// The reason for a better protocol: this one says neither where the name ends
// nor how long the content is.
func TestWhatNoReceiverOfThisProtocolCanSee(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		first   string
		afterOK string
		want    folder
	}{
		{"name and content in one read, that together look like a name", "c.txtCONTENT", "", folder{"c.txtCONTENT": ""}},
		{"the second half of a name, when it comes late", "c", ".txtCONTENT", folder{"c": ".txtCONTENT"}},
		{"half a file, when its sender is killed and its system ends the stream", "c.txt", "CONT", folder{"c.txt": "CONT"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t)
			conn := begin(t, recv.addr, tt.first)
			_, err := io.WriteString(conn, tt.afterOK)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			recv.waitLog(t, "file received")
			if diff := cmp.Diff(tt.want, read(t, recv.dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatExistsIsNotTouched(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("文", 83) + "12.txt" // 255 bytes
	for _, tt := range []struct {
		name   string
		exist  folder
		file   string
		wantAs string
	}{
		{"a file", folder{"a.txt": "old"}, "a.txt", "a (1).txt"},
		{"a file and the first name beside it", folder{"a.txt": "old", "a (1).txt": "older"}, "a.txt", "a (2).txt"},
		{"a file without an extension", folder{"Makefile": "old"}, "Makefile", "Makefile (1)"},
		{"a hidden file", folder{".profile": "old"}, ".profile", ".profile (1)"},
		{"a title with a full stop", folder{"Vol. 1 of many more to come": "old"}, "Vol. 1 of many more to come", "Vol. 1 of many more to come (1)"},
		{"a folder", folder{"a.txt/b": "old"}, "a.txt", "a (1).txt"},
		{"a name that must lose a character to stay within 255 bytes", folder{long: "old"}, long, strings.Repeat("文", 82) + " (1).txt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t)
			for name, content := range tt.exist {
				path := filepath.Join(recv.dir, name)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
				require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
			}
			want := read(t, recv.dir)
			want[tt.wantAs] = "new"

			_, err := filetransfer.Send(t.Context(), recv.addr, write(t, tt.file, "new"), timeout)
			require.NoError(t, err)
			if diff := cmp.Diff(want, read(t, recv.dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASymbolicLinkIsNotFollowed(t *testing.T) {
	t.Parallel()
	recv := serve(t)
	outside := write(t, "secret.txt", "old")
	if err := os.Symlink(outside, filepath.Join(recv.dir, "a.txt")); err != nil {
		t.Skip("skipped: no symbolic links here:", err)
	}
	_, err := filetransfer.Send(t.Context(), recv.addr, write(t, "a.txt", "new"), timeout)
	require.NoError(t, err)
	if diff := cmp.Diff(folder{"secret.txt": "old"}, read(t, filepath.Dir(outside))); diff != "" {
		t.Errorf("folder outside (-want +got):\n%s", diff)
	}
	require.FileExists(t, filepath.Join(recv.dir, "a (1).txt"))
}

func TestTenSendersOfOneNameMakeTenFiles(t *testing.T) {
	t.Parallel()
	recv := serve(t)
	var wg sync.WaitGroup
	want := map[string]int{}
	for i := range 10 {
		content := fmt.Sprint("from sender ", i)
		want[content] = 1
		path := write(t, "same.txt", content)
		wg.Go(func() {
			if _, err := filetransfer.Send(t.Context(), recv.addr, path, timeout); err != nil {
				t.Errorf("sender %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	got := map[string]int{}
	for _, content := range read(t, recv.dir) {
		got[content]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("contents of the files, and how often (-want +got):\n%s", diff)
	}
}

func TestASenderThatResetsHalfWayLeavesNothing(t *testing.T) {
	t.Parallel()
	recv := serve(t)
	conn := begin(t, recv.addr, "half.bin")
	_, err := io.WriteString(conn, "the first half, ")
	require.NoError(t, err)
	reset(conn)
	require.Contains(t, recv.waitLog(t, "file not received"), "half.bin")
	require.Empty(t, read(t, recv.dir))
}

func TestASenderThatLeavesBeforeTheAnswerLeavesNothing(t *testing.T) {
	t.Parallel()
	recv := serve(t)
	conn := dial(t, recv.addr)
	_, err := io.WriteString(conn, "c.txtCONTENT") // and never waits
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	require.Contains(t, recv.waitLog(t, "file not received"), `c.txtCONTENT`)
	require.Empty(t, read(t, recv.dir))
}

func TestServeEndsInTheMiddleOfATransferAndLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		end     func(recv *receiver)
		wantErr error
	}{
		{"without an error when its context ends", func(recv *receiver) { recv.cancel() }, nil},
		{"with an error when its listener breaks", func(recv *receiver) { recv.ln.Close() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t)
			conn := begin(t, recv.addr, "half.bin")
			_, err := io.WriteString(conn, "the first half, ")
			require.NoError(t, err)
			tt.end(recv)
			require.ErrorIs(t, <-recv.done, tt.wantErr)
			require.Empty(t, read(t, recv.dir))
			_, err = io.ReadAll(conn)
			require.Error(t, err, "an orderly end would tell the sender that its file is saved")
		})
	}
}

func TestSendSucceeds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer string
	}{
		{"after ok", "ok"},
		{"after OK, as some receivers say", "OK"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 1)
			addr := receiveBy(t, func(conn *net.TCPConn) {
				answer(conn, tt.answer)
				content, _ := io.ReadAll(conn)
				got <- string(content)
			})
			_, err := filetransfer.Send(t.Context(), addr, write(t, "a.txt", "content"), timeout)
			require.NoError(t, err)
			require.Equal(t, "content", <-got)
		})
	}
}

func TestSendFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		receive func(conn *net.TCPConn)
		wantErr string
	}{
		{"when the answer is no", func(conn *net.TCPConn) { answer(conn, "no") }, `the receiver answered "no", not "ok"`},
		{"when the answer is longer than ok", func(conn *net.TCPConn) { answer(conn, "okay") }, `the receiver answered "okay"`},
		{"when the answer is half of ok", func(conn *net.TCPConn) { answer(conn, "o") }, `the receiver answered "o"`},
		{"when there is no answer", func(conn *net.TCPConn) { answer(conn, "") }, "the receiver refused the file; its log may say why"},
		{"when the receiver resets in the middle", func(conn *net.TCPConn) { answer(conn, "ok"); io.CopyN(io.Discard, conn, 1); reset(conn) }, " bytes: the receiver ended the transfer; its log may say why: "},
		{"when the receiver resets after the last byte", func(conn *net.TCPConn) { answer(conn, "ok"); io.Copy(io.Discard, conn); reset(conn) }, "the receiver did not keep the file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "a.bin", "")
			require.NoError(t, os.Truncate(path, 64<<20)) // more than the sockets of both sides hold
			_, err := filetransfer.Send(t.Context(), receiveBy(t, tt.receive), path, timeout)
			require.ErrorContains(t, err, tt.wantErr)
			require.ErrorContains(t, err, path+": ")
			require.NotContains(t, err.Error(), "read "+path, "that side is not to blame")
		})
	}
}

func TestASenderThatGivesUpResets(t *testing.T) {
	t.Parallel()
	path := write(t, "a.bin", "")
	require.NoError(t, os.Truncate(path, 64<<20))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := make(chan error, 1)
	addr := receiveBy(t, func(conn *net.TCPConn) {
		answer(conn, "ok")
		io.CopyN(io.Discard, conn, 1)
		cancel()
		_, err := io.Copy(io.Discard, conn)
		seen <- err
	})
	_, err := filetransfer.Send(ctx, addr, path, timeout)
	require.ErrorIs(t, err, context.Canceled)
	require.Error(t, <-seen, "an orderly end would tell the receiver that the file is whole")
}

func TestWhatCannotBeSentIsAnErrorBeforeDialing(t *testing.T) {
	t.Parallel()
	const nobody = "an address that cannot be dialed"
	dir := t.TempDir()
	_, err := filetransfer.Send(t.Context(), nobody, filepath.Join(dir, "missing.txt"), timeout)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = filetransfer.Send(t.Context(), nobody, dir, timeout)
	require.ErrorContains(t, err, dir+": not a regular file; name the files to send one by one")

	line := filepath.Join(dir, "two\nlines")
	if os.WriteFile(line, nil, 0o666) == nil { // Windows has no such names
		_, err = filetransfer.Send(t.Context(), nobody, line, timeout)
		require.ErrorContains(t, err, "holds control characters")
	}
}

// receiver is a Serve that runs for a test. Its folder is alone in another one.
type receiver struct {
	ln     net.Listener
	addr   string
	dir    string
	cancel context.CancelFunc
	done   chan error // gives what Serve returned, then nil
	log    lines
}

func serve(t *testing.T) *receiver {
	t.Helper()
	return serveOn(t, listen(t))
}

func serveOn(t *testing.T, ln net.Listener) *receiver {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "received")
	require.NoError(t, os.Mkdir(dir, 0o777))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r := &receiver{ln, ln.Addr().String(), dir, cancel, make(chan error, 1), make(lines, 100)}
	go func() {
		defer close(r.done)
		r.done <- filetransfer.Serve(ctx, ln, root, slog.New(slog.NewTextHandler(r.log, nil)))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-r.done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		root.Close()
	})
	return r
}

// waitLog waits for the next line of the log, which must hold want.
func (r *receiver) waitLog(t *testing.T, want string) string {
	t.Helper()
	select {
	case line := <-r.log:
		require.Contains(t, line, want)
		return line
	case <-time.After(timeout):
		t.Fatalf("no line %q in the log", want)
		return ""
	}
}

// lines is a log that a test can wait for. A handler writes one line at a time.
type lines chan string

func (l lines) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// receiveBy lets receive play the receiver for one connection.
func receiveBy(t *testing.T, receive func(conn *net.TCPConn)) (addr string) {
	t.Helper()
	ln := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := ln.Accept(); err == nil {
			defer conn.Close()
			receive(conn.(*net.TCPConn))
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return ln.Addr().String()
}

// answer reads the name and answers it.
func answer(conn net.Conn, with string) {
	conn.Read(make([]byte, 4096))
	io.WriteString(conn, with)
}

// begin sends a name and reads the "ok" for it.
func begin(t *testing.T, addr, name string) *net.TCPConn {
	t.Helper()
	conn := dial(t, addr)
	_, err := io.WriteString(conn, name)
	require.NoError(t, err)
	buf := make([]byte, 2)
	_, err = io.ReadFull(conn, buf)
	require.NoError(t, err)
	require.Equal(t, "ok", string(buf))
	return conn
}

func reset(conn *net.TCPConn) {
	conn.SetLinger(0)
	conn.Close()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	return ln
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// text returns n bytes without an order that repeats at a buffer's length.
func text(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "line %d;", i)
	}
	return b.String()[:n]
}

// write makes a file in a folder of its own and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
	return path
}

// folder is what a folder holds: the content of each file, as [show] shows it.
type folder map[string]string

// read reads a folder and the folders in it.
func read(t *testing.T, dir string) folder {
	t.Helper()
	got := folder{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(os.DirFS(dir), path)
		got[path] = show(string(content))
		return err
	})
	require.NoError(t, err)
	return got
}

// show shortens content that is too long to be printed.
func show(content string) string {
	if len(content) > 100 {
		return fmt.Sprintf("%d bytes, SHA-256 %x", len(content), sha256.Sum256([]byte(content)))
	}
	return content
}
