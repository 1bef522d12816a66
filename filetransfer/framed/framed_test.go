package framed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/framed"
)

const timeout = 20 * time.Second // never reached unless something is broken

func TestWhatIsSentArrives(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		sent tree
	}{
		{"an empty file", tree{"x": ""}},
		{"one byte", tree{"x": "\x00"}},
		{"the largest file that is not waited for", tree{"x": text(framed.MaxSmall)}},
		{"the smallest file that is", tree{"x": text(framed.MaxSmall + 1)}},
		{"just a frame", tree{"x": text(framed.MaxChunk)}},
		{"a byte more than a frame", tree{"x": text(framed.MaxChunk + 1)}},
		{"many frames", tree{"x": text(2_500_000)}},
		{"an empty folder", tree{"x/": "drwxr-xr-x"}},
		{"folders in folders", tree{"x/": "drwxr-xr-x", "x/a/": "drwx------", "x/a/b/": "drwxr-xr-x", "x/a/b/c": "C", "x/d": "D"}},
		{"a folder that nobody may write", tree{"x/": "dr-xr-xr-x", "x/a": "A"}},
		{"links, as links", tree{"x/": "drwxr-xr-x", "x/a": "A", "x/l": "-> a", "x/m": "-> gone", "x/d/": "drwxr-xr-x", "x/d/up": "-> ../a"}},
		{"names in Chinese, with spaces and quotes", tree{"x/": "drwxr-xr-x", "x/网络文件传输.txt": "你好", "x/ 'a' \"b\"": "AB"}},
		{"a name of 255 bytes", tree{"x/": "drwxr-xr-x", "x/" + strings.Repeat("文", 85): "long"}},
		{"more large files than are announced at once", many(20, framed.MaxSmall+1)},
		{"more small files than a buffer takes", many(300, 1000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from := t.TempDir()
			tt.sent.make(t, from)
			recv := serve(t, framed.Receiver{})
			require.NoError(t, recv.send(t, filepath.Join(from, "x")))
			if diff := cmp.Diff(tt.sent, read(t, recv.dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
			require.NoError(t, recv.stop())
			require.NoDirExists(t, filepath.Join(recv.dir, framed.Folder))
		})
	}
}

func TestTimesArrive(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	tree{"x/": "drwxr-xr-x", "x/a": "A", "x/b": text(framed.MaxSmall * 2)}.make(t, from)
	want := time.Date(1999, 12, 31, 23, 59, 59, 123456000, time.UTC)
	names := []string{"x/a", "x/b", "x"}
	for _, name := range names {
		require.NoError(t, os.Chtimes(filepath.Join(from, name), want, want))
	}
	recv := serve(t, framed.Receiver{})
	require.NoError(t, recv.send(t, filepath.Join(from, "x")))
	for _, name := range names {
		info, err := os.Stat(filepath.Join(recv.dir, name))
		require.NoError(t, err)
		require.WithinDuration(t, want, info.ModTime(), 2*time.Second, name) // some file systems know no more
	}
}

func TestWhatIsThereAlreadyIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, policy := range []framed.OnExist{framed.Rename, framed.Skip, framed.Overwrite} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			from, sent := t.TempDir(), tree{"x/": "drwxr-xr-x", "x/small": "S", "x/large": text(3_000_000), "x/link": "-> small"}
			sent.make(t, from)
			recv := serve(t, framed.Receiver{OnExist: policy})
			require.NoError(t, recv.send(t, filepath.Join(from, "x")))
			s := &framed.Sender{Timeout: timeout}
			require.NoError(t, recv.sendBy(t, s, filepath.Join(from, "x")))
			require.LessOrEqual(t, s.Progress().Sent, int64(1))
			require.EqualValues(t, 3_000_001, s.Progress().Bytes)
			if diff := cmp.Diff(sent, read(t, recv.dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatHasTheNameOfAnother(t *testing.T) {
	t.Parallel()
	small, large := "new", text(framed.MaxSmall+1)
	for _, tt := range []struct {
		name    string
		policy  framed.OnExist
		exist   tree
		sent    tree
		want    tree
		wantErr string
	}{
		{"is saved beside it by rename", framed.Rename, tree{"x": "old"}, tree{"x": small}, tree{"x": "old", "x (1)": small}, ""},
		{"is saved beside it by rename, if large", framed.Rename, tree{"x": "old"}, tree{"x": large}, tree{"x": "old", "x (1)": large}, ""},
		{"is saved beside all of them", framed.Rename, tree{"x": "old", "x (1)": "older"}, tree{"x": small}, tree{"x": "old", "x (1)": "older", "x (2)": small}, ""},
		{"is left out by skip", framed.Skip, tree{"x": "old"}, tree{"x": small}, tree{"x": "old"}, ""},
		{"is left out by skip, if large", framed.Skip, tree{"x": "old"}, tree{"x": large}, tree{"x": "old"}, ""},
		{"replaces it by overwrite", framed.Overwrite, tree{"x": "old"}, tree{"x": small}, tree{"x": small}, ""},
		{"replaces it by overwrite, if large", framed.Overwrite, tree{"x": "old"}, tree{"x": large}, tree{"x": large}, ""},
		{"is refused by fail", framed.Fail, tree{"x": "old"}, tree{"x": small}, tree{"x": "old"}, "something with this name exists"},
		{"is refused by fail, if large", framed.Fail, tree{"x": "old"}, tree{"x": large}, tree{"x": "old"}, "something with this name exists"},
		{"is refused by fail, though it is the same", framed.Fail, tree{"x": small}, tree{"x": small}, tree{"x": small}, "something with this name exists"},
		{"never replaces a folder", framed.Overwrite, tree{"x/": "drwxr-xr-x", "x/a": "A"}, tree{"x": small}, tree{"x/": "drwxr-xr-x", "x/a": "A"}, "x: "},
		{"replaces a link, not what it leads to", framed.Overwrite, tree{"a": "old", "x": "-> a"}, tree{"x": small}, tree{"a": "old", "x": small}, ""},
		{"is a folder, and both become one", framed.Rename, tree{"x/": "drwxr-xr-x", "x/a": "A"}, tree{"x/": "drwxr-xr-x", "x/b": "B"}, tree{"x/": "drwxr-xr-x", "x/a": "A", "x/b": "B"}, ""},
		{"is a folder, where a file is", framed.Rename, tree{"x": "old"}, tree{"x/": "drwxr-xr-x", "x/b": "B"}, tree{"x": "old"}, "b: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from := t.TempDir()
			tt.sent.make(t, from)
			recv := serve(t, framed.Receiver{OnExist: tt.policy})
			tt.exist.make(t, recv.dir)
			err := recv.send(t, filepath.Join(from, "x"))
			if tt.wantErr == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.want, read(t, recv.dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAHostileSenderWritesNothingOutside(t *testing.T) {
	t.Parallel()
	const file, folder, link = 1, 2, 3
	for _, tt := range []struct {
		name    string
		kind    uint8
		path    string
		target  string
		wantLog string
	}{
		{"the folder above", file, "../x", "", "leads out of the folder"},
		{"the folder above, from below", file, "a/../../x", "", "leads out of the folder"},
		{"an absolute path", file, "/tmp/x", "", "leads out of the folder"},
		{"a path of Windows", file, `C:\x`, "", "holds a backslash"},
		{"no name", file, "", "", "leads out of the folder"},
		{"this folder", folder, ".", "", "leads out of the folder"},
		{"a NUL", file, "a\x00b", "", "holds control characters"},
		{"what a terminal obeys", file, "a\x1b[2J", "", "holds control characters"},
		{"no UTF-8", file, "a\xff", "", "is not UTF-8"},
		{"300 bytes", file, strings.Repeat("x", 300), "", "a part of 300 bytes"},
		{"a path of 5000 bytes", file, strings.Repeat("x/", 2500), "", "a path of 5000 bytes"},
		{"where unfinished files are", file, framed.Folder + "/lock", "", "keeps unfinished files"},
		{"the same in capitals", file, strings.ToUpper(framed.Folder) + "/lock", "", "keeps unfinished files"},
		{"a link to the folder above", link, "l", "..", "may lead out of the folder"},
		{"a link to the root", link, "l", "/", "may lead out of the folder"},
		{"a link out and back in", link, "l", "../x/a", "may lead out of the folder"},
		{"a link out from deep inside", link, "a/b/l", "../../../x", "may lead out of the folder"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t, framed.Receiver{})
			before := read(t, filepath.Dir(recv.dir))
			conn := dial(t, recv.addr)
			_, err := conn.Write(append([]byte(framed.Hello), framed.RawHeader(0, tt.kind, 0, tt.path, tt.target)...))
			require.NoError(t, err)
			require.NoError(t, conn.CloseWrite())
			_, err = io.Copy(io.Discard, conn)
			require.NoError(t, err)
			require.Contains(t, recv.waitLog(t, "not received"), tt.wantLog)
			require.NoError(t, recv.stop())
			if diff := cmp.Diff(before, read(t, filepath.Dir(recv.dir))); diff != "" {
				t.Errorf("folder above the receiver's (-before +after):\n%s", diff)
			}
		})
	}
}

func TestALinkInTheReceiversFolderIsNotFollowedOut(t *testing.T) {
	t.Parallel()
	recv := serve(t, framed.Receiver{OnExist: framed.Overwrite})
	outside, from := t.TempDir(), t.TempDir()
	tree{"a": "old"}.make(t, outside)
	tree{"x/": "drwxr-xr-x", "x/a": "new"}.make(t, from)
	require.NoError(t, os.Symlink(outside, filepath.Join(recv.dir, "x")))
	require.ErrorContains(t, recv.send(t, filepath.Join(from, "x")), "escapes")
	if diff := cmp.Diff(tree{"a": "old"}, read(t, outside)); diff != "" {
		t.Errorf("folder outside (-want +got):\n%s", diff)
	}
}

func TestALinkIsNotFollowedOutOfTheSendersFolder(t *testing.T) {
	t.Parallel()
	from, secret := t.TempDir(), t.TempDir()
	tree{"x/": "drwxr-xr-x", "x/a": "A"}.make(t, from)
	require.NoError(t, os.Symlink(secret, filepath.Join(from, "x/out")))
	recv := serve(t, framed.Receiver{})
	require.ErrorContains(t, recv.send(t, filepath.Join(from, "x")), "may lead out of the folder")
	if diff := cmp.Diff(tree{"x/": "drwxr-xr-x", "x/a": "A"}, read(t, recv.dir)); diff != "" {
		t.Errorf("folder of the receiver (-want +got):\n%s", diff)
	}
}

func TestOneFileThatFailsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	sent := tree{"a": "A", "b": text(framed.MaxSmall + 1), "z": "Z"}
	sent.make(t, from)
	recv := serve(t, framed.Receiver{})
	var outcomes []string
	s := &framed.Sender{Timeout: timeout, Report: func(o framed.Outcome) {
		outcomes = append(outcomes, filepath.Base(o.Path)+" "+string(o.Status))
	}}
	err := recv.sendBy(t, s, filepath.Join(from, "a"), filepath.Join(from, "missing"), filepath.Join(from, "b"), filepath.Join(from, "z"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ElementsMatch(t, []string{"a saved", "missing failed", "b saved", "z saved"}, outcomes)
	if diff := cmp.Diff(sent, read(t, recv.dir)); diff != "" {
		t.Errorf("folder of the receiver (-want +got):\n%s", diff)
	}
}

func TestAFullDiskIsToldAndLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		sent string
	}{
		{"a small file", "new"},
		{"a large file", text(4_000_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from := t.TempDir()
			tree{"x": tt.sent}.make(t, from)
			room := disk{left: int64(len(tt.sent) / 2)}
			recv := serve(t, framed.Receiver{OnExist: framed.Overwrite}.WithWriter(func(w io.Writer) io.Writer { return &fullDisk{w, &room} }))
			tree{"x": "old"}.make(t, recv.dir)
			require.ErrorContains(t, recv.send(t, filepath.Join(from, "x")), "no space left on device")
			require.Contains(t, recv.waitLog(t, "not received"), "no space left on device")
			if diff := cmp.Diff(tree{"x": "old"}, read(t, recv.dir)); diff != "" {
				t.Errorf("folder of the receiver (-want +got):\n%s", diff)
			}
		})
	}
}

// disk is what several files share.
type disk struct {
	mu   sync.Mutex
	left int64
}

// fullDisk fails as a file on a full disk does: after a part of what it is given.
type fullDisk struct {
	w    io.Writer
	room *disk
}

func (d *fullDisk) Write(b []byte) (int, error) {
	d.room.mu.Lock()
	defer d.room.mu.Unlock()
	n, err := d.w.Write(b[:min(int64(len(b)), d.room.left)])
	d.room.left -= int64(n)
	if err == nil && n < len(b) {
		err = syscall.ENOSPC
	}
	return n, err
}

func TestAFileThatDoesNotFitIsRefusedBeforehand(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	tree{"x": text(200_000)}.make(t, from)
	recv := serve(t, framed.Receiver{}.WithRoom(199_999))
	s := &framed.Sender{Timeout: timeout}
	require.ErrorContains(t, recv.sendBy(t, s, filepath.Join(from, "x")), "not enough room: 200000 bytes are to come, 199999 are free")
	require.Zero(t, s.Progress().Sent)
	require.NoError(t, recv.stop())
	require.Empty(t, read(t, recv.dir))
}

func TestAFolderThatVanishesIsTold(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	tree{"x": "X"}.make(t, from)
	recv := serve(t, framed.Receiver{})
	require.NoError(t, recv.send(t, filepath.Join(from, "x"))) // it is at work
	if err := os.RemoveAll(recv.dir); err != nil {
		t.Skip("skipped: this system keeps folders that are open:", err)
	}
	require.ErrorContains(t, recv.send(t, filepath.Join(from, "x")), "x: ")
	recv.waitLog(t, "not received")
}

func TestOnlyOneReceiverWorksInAFolder(t *testing.T) {
	t.Parallel()
	recv, from := serve(t, framed.Receiver{}), t.TempDir()
	tree{"x": "X"}.make(t, from)
	require.NoError(t, recv.send(t, filepath.Join(from, "x"))) // it is at work
	dir, err := os.OpenRoot(recv.dir)
	require.NoError(t, err)
	defer dir.Close()
	err = framed.Receiver{}.Serve(t.Context(), listen(t), dir)
	require.ErrorContains(t, err, "another receiver is at work in this folder")
	require.NoError(t, recv.stop())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, framed.Receiver{}.Serve(ctx, listen(t), dir))
}

func TestTenSendersOfOneNameMakeTenFiles(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 200_000} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			t.Parallel()
			recv := serve(t, framed.Receiver{})
			want, now := map[string]int{}, time.Now()
			var wg sync.WaitGroup
			for i := range 10 {
				content := fmt.Sprint(i) + text(size)
				want[content]++
				path := filepath.Join(t.TempDir(), "x")
				require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
				require.NoError(t, os.Chtimes(path, now, now)) // alike but for the content
				wg.Go(func() {
					if err := recv.send(t, path); err != nil {
						t.Errorf("sender %d: %v", i, err)
					}
				})
			}
			wg.Wait()
			got := map[string]int{}
			for _, content := range read(t, recv.dir) {
				got[content]++
			}
			require.Equal(t, want, got)
		})
	}
}

func TestAReceiverWithOnceEndsAfterTheFirstSender(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	tree{"x": "X"}.make(t, from)
	for _, tt := range []struct {
		name    string
		send    func(t *testing.T, recv *receiver)
		wantErr bool
	}{
		{"that sends all", func(t *testing.T, recv *receiver) { require.NoError(t, recv.send(t, filepath.Join(from, "x"))) }, false},
		{"of the notes", func(t *testing.T, recv *receiver) {
			_, err := filetransfer.Send(t.Context(), recv.addr, filepath.Join(from, "x"), timeout)
			require.NoError(t, err)
		}, false},
		{"that breaks off, with an error", func(t *testing.T, recv *receiver) {
			conn := dial(t, recv.addr)
			_, err := io.WriteString(conn, framed.Hello)
			require.NoError(t, err)
			reset(conn)
		}, true},
		{"but not one that says nothing", func(t *testing.T, recv *receiver) {
			dial(t, recv.addr).Close()
			require.NoError(t, recv.send(t, filepath.Join(from, "x")))
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recv := serve(t, framed.Receiver{Once: true})
			tt.send(t, recv)
			if err := <-recv.done; tt.wantErr {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestASenderSaysWhatItMet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		answer  string
		wantErr string
	}{
		{"a receiver of the notes", "ok", "speaks the protocol of the notes; send with -notes"},
		{"one that leaves without a word", "", "if it speaks the protocol of the notes, send with -notes"},
		{"a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", `which is no hello`},
		{"a newer version", framed.Hello[:7] + "\x02", "the receiver speaks version 2 of the protocol, and this is version 1"},
		{"one that gives up", framed.Hello + string(framed.RawFatal("no reason")), "the receiver ended the transfer: no reason"},
		{"one that talks to the terminal", framed.Hello + string(framed.RawFatal("\x1b[2J")), `"\x1b[2J"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from := t.TempDir()
			tree{"x": "X"}.make(t, from)
			ln := listen(t)
			go func() {
				if conn, err := ln.Accept(); err == nil {
					io.ReadFull(conn, make([]byte, len(framed.Hello)))
					io.WriteString(conn, tt.answer)
					conn.(*net.TCPConn).CloseWrite()
					io.Copy(io.Discard, conn)
					conn.Close()
				}
			}()
			err := (&framed.Sender{Timeout: timeout}).Send(t.Context(), dial(t, ln.Addr().String()), []string{filepath.Join(from, "x")})
			require.ErrorContains(t, err, tt.wantErr)
		})
	}
}

func TestServeEndsInTheMiddle(t *testing.T) {
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
			recv := serve(t, framed.Receiver{})
			conn := dial(t, recv.addr)
			_, err := conn.Write(append([]byte(framed.Hello), framed.RawHeader(0, 1, 1<<20, "x", "")...))
			require.NoError(t, err)
			_, err = io.ReadFull(conn, make([]byte, len(framed.Hello)+1)) // its answer has begun
			require.NoError(t, err)
			tt.end(recv)
			require.ErrorIs(t, <-recv.done, tt.wantErr)
			require.Empty(t, read(t, recv.dir))
		})
	}
}

func TestASenderEndsWithItsContext(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	tree{"x": "X"}.make(t, from)
	ln := listen(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	go func() {
		if conn, err := ln.Accept(); err == nil {
			defer conn.Close()
			io.ReadFull(conn, make([]byte, len(framed.Hello)))
			cancel(cause)
			io.Copy(io.Discard, conn)
		}
	}()
	err := (&framed.Sender{Timeout: timeout}).Send(ctx, dial(t, ln.Addr().String()), []string{filepath.Join(from, "x")})
	require.ErrorIs(t, err, cause)
}

// receiver is a Serve in the background.
type receiver struct {
	addr   string
	dir    string
	ln     net.Listener
	cancel func()
	done   chan error
	logs   chan string
	once   sync.Once
	err    error
}

func serve(t *testing.T, r framed.Receiver) *receiver {
	t.Helper()
	return serveIn(t, r, filepath.Join(t.TempDir(), "received"))
}

func serveIn(t *testing.T, r framed.Receiver, path string) *receiver {
	t.Helper()
	require.NoError(t, os.MkdirAll(path, 0o777))
	dir, err := os.OpenRoot(path)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	recv := &receiver{dir: path, ln: listen(t), cancel: cancel, done: make(chan error, 1), logs: make(chan string, 10000)}
	recv.addr = recv.ln.Addr().String()
	r.Log = slog.New(slog.NewTextHandler(recv, nil))
	go func() { recv.done <- r.Serve(ctx, recv.ln, dir); close(recv.done) }()
	t.Cleanup(func() { recv.stop(); dir.Close() })
	return recv
}

func (r *receiver) stop() error {
	r.once.Do(func() { r.cancel(); r.err = <-r.done })
	return r.err
}

// Write takes a line of the log.
func (r *receiver) Write(b []byte) (int, error) {
	r.logs <- string(b)
	return len(b), nil
}

// waitLog waits for a line with text in it.
func (r *receiver) waitLog(t *testing.T, text string) string {
	t.Helper()
	deadline := time.After(timeout)
	for {
		select {
		case line := <-r.logs:
			if strings.Contains(line, text) {
				return line
			}
		case <-deadline:
			t.Fatalf("no log line with %q", text)
		}
	}
}

func (r *receiver) send(t *testing.T, paths ...string) error {
	return r.sendBy(t, &framed.Sender{Timeout: timeout}, paths...)
}

func (r *receiver) sendBy(t *testing.T, s *framed.Sender, paths ...string) error {
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		return err
	}
	return s.Send(t.Context(), conn, paths)
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
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

func reset(conn *net.TCPConn) {
	conn.SetLinger(0)
	conn.Close()
}

// tree is what a folder holds, however deep: the content of a file, "-> target"
// for a link, the mode for a folder, whose name ends in a slash.
type tree map[string]string

func (want tree) make(t *testing.T, dir string) {
	t.Helper()
	for name, content := range want {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.MkdirAll(path, 0o777))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			require.NoError(t, os.Symlink(target, path))
			continue
		}
		require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
	}
	for name, mode := range want {
		if strings.HasSuffix(name, "/") {
			require.NoError(t, os.Chmod(filepath.Join(dir, name), parseMode(mode)))
			t.Cleanup(func() { os.Chmod(filepath.Join(dir, name), 0o777) }) // or it could not be removed
		}
	}
}

func parseMode(text string) (mode fs.FileMode) {
	for _, c := range text[1:] {
		mode <<= 1
		if c != '-' {
			mode |= 1
		}
	}
	return mode
}

// read leaves out what the receiver keeps for itself.
func read(t *testing.T, dir string) tree {
	t.Helper()
	got := tree{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && path == dir:
			return nil
		case err != nil:
			return err
		case d.Name() == framed.Folder:
			return fs.SkipDir
		case d.IsDir():
			info, err := d.Info()
			if err == nil {
				got[name+"/"] = info.Mode().String()
				t.Cleanup(func() { os.Chmod(path, 0o777) })
			}
			return err
		case d.Type() == fs.ModeSymlink:
			target, err := os.Readlink(path)
			got[name] = "-> " + target
			return err
		}
		content, err := os.ReadFile(path)
		got[name] = string(content)
		return err
	})
	require.NoError(t, err)
	return got
}

// text returns n bytes without an order that repeats at a buffer's length.
func text(n int) string {
	var b bytes.Buffer
	random := rand.New(rand.NewPCG(1, uint64(n)))
	for b.Len() < n {
		fmt.Fprintf(&b, "%d;", random.Uint32())
	}
	return b.String()[:n]
}

func many(n, size int) tree {
	files := tree{"x/": "drwxr-xr-x"}
	for i := range n {
		files[fmt.Sprintf("x/%d", i)] = text(size + i)
	}
	return files
}
