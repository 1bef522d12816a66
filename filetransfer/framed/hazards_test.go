package framed_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/framed"
)

// What many learners write from the notes, word for word. An error returned is
// what their programs say and exit by; where they go on, nothing is returned.

func naiveSend(addr, path string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.Write([]byte(filepath.Base(path)))
	buf := make([]byte, 4096)
	n, _ := conn.Read(buf)
	if string(buf[:n]) == "ok" {
		naiveSendFile(path, conn)
	}
	return nil
}

func naiveSendFile(path string, conn net.Conn) {
	f, _ := os.Open(path)
	defer f.Close()
	buf := make([]byte, 4096)
	for {
		n, err := f.Read(buf)
		if err != nil { // io.EOF
			return
		}
		conn.Write(buf[:n])
	}
}

func naiveReceive(conn net.Conn, dir string) error {
	defer conn.Close()
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		return err
	}
	conn.Write([]byte("ok"))
	f, err := os.Create(filepath.Join(dir, string(buf[:n])))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		n, _ := conn.Read(buf)
		if n == 0 {
			return nil
		}
		f.Write(buf[:n])
	}
}

// pair is a sender's connection to a naive receiver in a folder of its own.
type pair struct {
	*net.TCPConn
	addr string
	dir  string // of the receiver, in a folder where nothing else is
	done chan error
}

func naive(t *testing.T) *pair {
	t.Helper()
	p := &pair{dir: filepath.Join(t.TempDir(), "received"), done: make(chan error, 1)}
	require.NoError(t, os.Mkdir(p.dir, 0o777))
	ln := listen(t)
	p.addr = ln.Addr().String()
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			err = naiveReceive(conn, p.dir)
		}
		p.done <- err
	}()
	return p
}

// say connects, sends a name, and reads the answer.
func (p *pair) say(t *testing.T, name string) string {
	t.Helper()
	p.TCPConn = dial(t, p.addr)
	_, err := io.WriteString(p, name)
	require.NoError(t, err)
	buf := make([]byte, 4096)
	n, err := p.Read(buf)
	require.NoError(t, err)
	return string(buf[:n])
}

func (p *pair) end(t *testing.T) error {
	t.Helper()
	require.NoError(t, p.CloseWrite())
	return <-p.done
}

// recorded is all that a sender of this protocol sends for one small file.
func recorded(t *testing.T, name, content string) []byte {
	t.Helper()
	from := t.TempDir()
	tree{name: content}.make(t, from)
	recv := serve(t, framed.Receiver{})
	rec := &recorder{Conn: dial(t, recv.addr)}
	require.NoError(t, (&framed.Sender{Timeout: timeout}).Send(t.Context(), rec, []string{filepath.Join(from, name)}))
	return rec.sent
}

type recorder struct {
	net.Conn
	sent []byte
}

func (r *recorder) Write(b []byte) (int, error) {
	r.sent = append(r.sent, b...)
	return r.Conn.Write(b)
}

func requireTree(t *testing.T, want tree, dir string) {
	t.Helper()
	if diff := cmp.Diff(want, read(t, dir)); diff != "" {
		t.Errorf("folder of the receiver (-want +got):\n%s", diff)
	}
}

func TestNotesNameAndContentInOneReadMakeAnEmptyFileOfAWrongName(t *testing.T) {
	t.Parallel()
	p := naive(t)
	require.Equal(t, "ok", p.say(t, "c.txt"+"CONTENT"))
	require.NoError(t, p.end(t), "and the receiver sees no error")
	requireTree(t, tree{"c.txtCONTENT": ""}, p.dir)
}

func TestFramedEverythingInOneReadIsTakenApart(t *testing.T) {
	t.Parallel()
	all := recorded(t, "c.txt", "CONTENT")
	recv := serve(t, framed.Receiver{})
	conn := dial(t, recv.addr)
	_, err := conn.Write(all)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, conn)
	require.NoError(t, err)
	requireTree(t, tree{"c.txt": "CONTENT"}, recv.dir)
}

func TestNotesANameInTwoSegmentsIsCutInTwo(t *testing.T) {
	t.Parallel()
	p := naive(t)
	require.Equal(t, "ok", p.say(t, "not"))
	_, err := io.WriteString(p, "es.txt")
	require.NoError(t, err)
	require.NoError(t, p.end(t))
	requireTree(t, tree{"not": "es.txt"}, p.dir)
}

func TestFramedANameInAnyNumberOfSegmentsIsOne(t *testing.T) {
	t.Parallel()
	all := recorded(t, "notes.txt", "CONTENT")
	recv := serve(t, framed.Receiver{})
	conn := dial(t, recv.addr)
	require.NoError(t, conn.SetNoDelay(true))
	for i := range all {
		_, err := conn.Write(all[i : i+1])
		require.NoError(t, err)
	}
	_, err := io.Copy(io.Discard, conn)
	require.NoError(t, err)
	requireTree(t, tree{"notes.txt": "CONTENT"}, recv.dir)
}

func TestNotesANameMayLeadOutOfTheFolder(t *testing.T) {
	t.Parallel()
	p := naive(t)
	require.Equal(t, "ok", p.say(t, "../x"))
	_, err := io.WriteString(p, "harm")
	require.NoError(t, err)
	require.NoError(t, p.end(t))
	requireTree(t, tree{"x": "harm", "received/": "drwxr-xr-x"}, filepath.Dir(p.dir))
}

func TestFramedANameNeverLeadsOutOfTheFolder(t *testing.T) {
	t.Parallel() // more of them in TestAHostileSenderWritesNothingOutside
	recv := serve(t, framed.Receiver{})
	conn := dial(t, recv.addr)
	_, err := conn.Write(append([]byte(framed.Hello), framed.RawHeader(0, 1, 4, "../x", "")...))
	require.NoError(t, err)
	require.Contains(t, recv.waitLog(t, "not received"), "leads out of the folder")
	requireTree(t, tree{"received/": "drwxr-xr-x"}, filepath.Dir(recv.dir))
}

func TestNotesAnImpossibleNameIsAnsweredWithOK(t *testing.T) {
	t.Parallel()
	p := naive(t)
	require.Equal(t, "ok", p.say(t, strings.Repeat("x", 300)), "and the sender believes it")
	require.Error(t, p.end(t))
	requireTree(t, tree{}, p.dir)
}

func TestFramedAnImpossibleNameIsRefusedAndTheSenderKnows(t *testing.T) {
	t.Parallel()
	recv := serve(t, framed.Receiver{})
	conn := dial(t, recv.addr)
	_, err := conn.Write(append([]byte(framed.Hello), framed.RawHeader(0, 1, 4, strings.Repeat("x", 300), "")...))
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "has a part of 300 bytes; at most 255 are taken")
	requireTree(t, tree{}, recv.dir)
}

func TestNotesAResetHalfWayLeavesHalfAFileUnderItsName(t *testing.T) {
	t.Parallel()
	p := naive(t)
	require.Equal(t, "ok", p.say(t, "c.txt"))
	_, err := io.WriteString(p, "the first half, ")
	require.NoError(t, err)
	waitForSize(t, filepath.Join(p.dir, "c.txt"), 16)
	reset(p.TCPConn)
	require.NoError(t, <-p.done, "and the receiver exits with 0")
	requireTree(t, tree{"c.txt": "the first half, "}, p.dir)
}

func TestFramedAResetHalfWayLeavesNothingUnderTheName(t *testing.T) {
	t.Parallel()
	all := recorded(t, "c.txt", "the first half, and the second")
	recv := serve(t, framed.Receiver{Once: true})
	conn := dial(t, recv.addr)
	_, err := conn.Write(all[:len(all)-1])
	require.NoError(t, err)
	reset(conn)
	require.Error(t, <-recv.done)
	if content, ok := read(t, recv.dir)["c.txt"]; ok { // whole, though the end of the batch is not
		require.Equal(t, "the first half, and the second", content)
	}
}

func TestNotesAKilledSenderLooksLikeOneThatHasFinished(t *testing.T) {
	t.Parallel()
	p := naive(t)
	require.Equal(t, "ok", p.say(t, "c.txt"))
	_, err := io.WriteString(p, "the first half, ")
	require.NoError(t, err)
	require.NoError(t, p.end(t), "its system ends the stream for it, in order")
	requireTree(t, tree{"c.txt": "the first half, "}, p.dir)
}

func TestFramedAKilledSenderIsToldFromOneThatHasFinished(t *testing.T) {
	t.Parallel()
	all := recorded(t, "c.txt", "the first half, and the second")
	recv := serve(t, framed.Receiver{Once: true})
	conn := dial(t, recv.addr)
	_, err := conn.Write(all[:len(framed.Hello)+80]) // in the middle of the content
	require.NoError(t, err)
	require.NoError(t, conn.CloseWrite())
	require.ErrorContains(t, <-recv.done, "the sender left before it was done")
	requireTree(t, tree{}, recv.dir)
}

func TestNotesAnAnswerThatIsNotQuiteOKLosesTheFileInSilence(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	tree{"c.txt": "CONTENT"}.make(t, from)
	ln := listen(t)
	done := make(chan struct{})
	go func() { // a receiver of the notes but for two letters
		defer close(done)
		if conn, err := ln.Accept(); err == nil {
			defer conn.Close()
			buf := make([]byte, 4096)
			n, _ := conn.Read(buf)
			io.WriteString(conn, "OK")
			os.WriteFile(filepath.Join(to, string(buf[:n])), nil, 0o666)
			io.Copy(io.Discard, conn)
		}
	}()
	require.NoError(t, naiveSend(ln.Addr().String(), filepath.Join(from, "c.txt")), "the sender exits with 0")
	<-done
	requireTree(t, tree{"c.txt": ""}, to)
}

func TestFramedAnAnswerThatIsNotUnderstoodIsAnError(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	tree{"c.txt": "CONTENT"}.make(t, from)
	ln := listen(t)
	go func() {
		if conn, err := ln.Accept(); err == nil {
			defer conn.Close()
			io.WriteString(conn, "OK")
			io.Copy(io.Discard, conn)
		}
	}()
	err := (&framed.Sender{Timeout: timeout}).Send(t.Context(), dial(t, ln.Addr().String()), []string{filepath.Join(from, "c.txt")})
	require.ErrorContains(t, err, "send with -notes")
}

func TestNotesAFolderArrivesAsAnEmptyFile(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	tree{"x/": "drwxr-xr-x", "x/a": "A"}.make(t, from)
	p := naive(t)
	require.NoError(t, naiveSend(p.addr, filepath.Join(from, "x")), "the sender exits with 0")
	require.NoError(t, <-p.done)
	requireTree(t, tree{"x": ""}, p.dir)
}

func TestFramedAFolderArrivesAsAFolder(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	sent := tree{"x/": "drwxr-xr-x", "x/a": "A"}
	sent.make(t, from)
	recv := serve(t, framed.Receiver{})
	require.NoError(t, recv.send(t, filepath.Join(from, "x")))
	requireTree(t, sent, recv.dir)
}

func TestAReceiverTakesOldSendersOnTheSamePort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, content string
	}{
		{"an empty file", "empty.txt", ""},
		{"a name of one byte", "x", "X"},
		{"much content", "large.bin", text(3_000_000)},
		{"a Chinese name", "网络文件传输.txt", "你好"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from := t.TempDir()
			want := tree{tt.file: tt.content}
			want.make(t, from)
			recv := serve(t, framed.Receiver{})
			require.NoError(t, start(t, "naive send", recv.addr, filepath.Join(from, tt.file)).cmd.Wait())
			recv.waitLog(t, "file received")
			requireTree(t, want, recv.dir)
			tree{"new": "N"}.make(t, from)
			require.NoError(t, recv.send(t, filepath.Join(from, "new")), "and a new one after it")
			want["new"] = "N"
			requireTree(t, want, recv.dir)
		})
	}
}

func TestAnOldReceiverTakesWhatIsSentAsTheNotesDo(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	want := tree{"large.bin": text(3_000_000)}
	want.make(t, from)
	old := start(t, "naive receive", to)
	line, err := bufio.NewReader(old.stdout).ReadString('\n')
	require.NoError(t, err)
	_, err = filetransfer.Send(t.Context(), strings.TrimSpace(line), filepath.Join(from, "large.bin"), timeout)
	require.NoError(t, err)
	require.NoError(t, old.cmd.Wait())
	requireTree(t, want, to)
}

// waitForSize waits until another goroutine has written a file of n bytes.
func waitForSize(t *testing.T, path string, n int64) {
	t.Helper()
	require.Eventually(t, func() bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() == n
	}, timeout, 1e6)
}
