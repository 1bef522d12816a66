package exercise_test

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "example.com/netlessons/lessons/09-file-transfer"
	"example.com/netlessons/lessons/internal/check"
)

//go:embed exercise.go
var source string

const (
	nothingSaved = "Receive says that all went well and has saved nothing; is the TODO still there?"
	otherwise    = "the file does not hold what was sent: was a buffer written past n, or was part of the header taken for content?"
)

func TestReceiverSavesWhatWasSent(t *testing.T) {
	c := check.Begin(t, source)
	c.IfItHangs("Receive goes on when Read or Write fails; an ended connection fails for ever")
	long := strings.Repeat("0123456789abcdef", 10_000)
	for _, tt := range []struct {
		what          string
		name, content string
		pieces        func(name string, content []byte) [][]byte
		cause         string // of an error, or of none
	}{
		{"each part in a write of its own", "a.txt", "hello", parts, "Receive waits for more than the sender has to send: the size says where the content ends, no end of the stream does"},
		{"one byte in each write", "名字 and more.txt", "hello", bytewise, "one Read returns what has come by then, maybe half a name: io.ReadFull waits for all of it"},
		{"everything in one write", "a.txt", "hello", whole, "what a bufio.Reader has read ahead is no longer in conn: read all parts through the same reader"},
		{"an empty file", "empty", "", whole, "a size of 0 is a size too: the file is there, and empty"},
		{"160000 bytes", "long.bin", long, whole, "the content is longer than one buffer: it takes a loop, or io.CopyN"},
	} {
		c.Step("sends %s: file %q with %d bytes", tt.what, tt.name, len(tt.content))
		dir := t.TempDir()
		got := receive(t, c, dir, tt.pieces(tt.name, []byte(tt.content)), nil)
		files := list(dir)
		switch {
		case got.panicked != nil:
			c.Fail("the file", fmt.Sprint("a panic: ", got.panicked), tt.cause)
		case got.late:
			c.Fail("Receive returns when it has everything", "it waits until the sender closes the connection", tt.cause)
		case unfinished(got.err), got.err == nil && len(files) == 0:
			c.Fail(fmt.Sprintf("the file %q", tt.name), fmt.Sprintf("an empty folder, and the error %v", got.err), nothingSaved)
		}
		c.NoError(got.err, tt.cause)
		if content, ok := files[tt.name]; !ok || len(files) > 1 {
			c.Fail(fmt.Sprintf("the file %q and no other", tt.name), names(files), "the name is not the bytes between its length and the size")
		} else {
			c.Equal(tt.content, content, otherwise)
		}
		c.Equal("ok", got.answer, `the sender waits for "ok", and nothing but that`)
		c.Equal(tt.name, got.name, "Receive returns the name of the file that it has saved, without the folder")
	}
}

func TestPartOfAFileNeverHasItsName(t *testing.T) {
	c := check.Begin(t, source)
	c.IfItHangs("Receive goes on when Read fails; an ended connection fails for ever")
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	c.Must(os.WriteFile(path, []byte("old"), 0o666))
	pieces := parts("a.txt", []byte("0123456789"))
	pieces = append(pieces[:3], pieces[3][:5], pieces[3][5:])
	c.Step(`sends "a.txt", which the receiver has already, and half of its 10 bytes`)
	var halfway []byte
	var answer string
	got := receive(t, c, dir, pieces, func(piece int, sofar string) {
		if piece == 3 {
			halfway, _ = os.ReadFile(path)
			answer = sofar
		}
	})
	c.Equal("old", string(halfway), "the file has its name before it is whole: write to a temporary name and rename at the end")
	c.Equal("", answer, `"ok" comes too early: the sender goes away and believes that the file is in its place`)
	c.Step("sends the other half")
	c.NoError(got.err, "Receive fails where a file of that name exists: os.Rename replaces it")
	c.Equal("0123456789", list(dir)["a.txt"], "the new file takes the place of the old one, with all its content")

	all := whole("a.txt", []byte("new one"))[0]
	for n := range len(all) {
		if where := place(n, "a.txt"); n == 0 || where != place(n-1, "a.txt") {
			c.Step("begins again and again, and closes %s", where)
		}
		got := receive(t, c, dir, [][]byte{all[:n]}, nil)
		if got.panicked != nil {
			c.Fail("an error", fmt.Sprint("a panic: ", got.panicked), "Receive goes on after an error with what it does not have")
		}
		files := list(dir)
		c.Equal("0123456789", files["a.txt"], "fewer bytes came than the size says, and the file got its name: io.Copy and LimitReader call an early end a success, io.CopyN does not")
		if got.err == nil {
			c.Fail("an error", "nil", "Receive hides that the connection ended too early")
		}
		if len(files) > 1 {
			c.Fail("the folder as before", names(files), "the temporary file stays behind when the transfer fails: remove it")
		}
	}
}

func TestReceiverTrustsNobody(t *testing.T) {
	c := check.Begin(t, source)
	c.IfItHangs("Receive goes on when Read fails; an ended connection fails for ever")
	for _, tt := range []struct{ name, why string }{
		{"../out.txt", "a path up"},
		{"sub/in.txt", "a path down"},
		{"/.../abs.txt", "an absolute path"},
		{"..", "the folder above"},
		{".", "the folder itself"},
		{"", "no name"},
		{"a\x00b", "a NUL inside"},
	} {
		around := t.TempDir()
		dir := filepath.Join(around, "received")
		c.Must(os.MkdirAll(filepath.Join(dir, "sub"), 0o777))
		c.Step("sends the name %q: %s", tt.name, tt.why)
		if tt.name == "/.../abs.txt" {
			tt.name = filepath.ToSlash(filepath.Join(around, "abs.txt"))
		}
		got := receive(t, c, dir, parts(tt.name, []byte("evil")), nil)
		if files := list(around); len(files) > 0 {
			c.Fail("no file anywhere", names(files), "the sender chose the folder: a name is not to be trusted before filepath.Base and filepath.IsLocal agree")
		}
		if got.err == nil || got.panicked != nil {
			c.Fail("an error", fmt.Sprintf("error %v, panic %v", got.err, got.panicked), "a name that is no plain file name is an error, and the sender must get no \"ok\"")
		}
	}
	for _, tt := range []struct {
		size  uint64
		cause string
	}{
		{1 << 62, "Receive hides that less came than the size says"},
		{1 << 63, "as an int64 that size is negative, and there is nothing to copy: check it first"},
	} {
		c.Step("sends a size of %d, then 4 bytes, then closes", tt.size)
		dir := t.TempDir()
		pieces := parts("a.txt", []byte("evil"))
		pieces[2] = binary.BigEndian.AppendUint64(nil, tt.size)
		got := receive(t, c, dir, pieces, nil)
		if got.panicked != nil {
			c.Fail("an error", fmt.Sprint("a panic: ", got.panicked), "Receive makes a buffer as large as the sender says: anybody could use up your memory with ten bytes")
		}
		if files := list(dir); got.err == nil || len(files) > 0 {
			c.Fail("an error and no file", fmt.Sprintf("error %v, %s", got.err, names(files)), tt.cause)
		}
	}
}

func TestSenderSendsTheHeaderThenTheContent(t *testing.T) {
	c := check.Begin(t, source)
	c.IfItHangs("Send goes on when Read or Write fails; an ended connection fails for ever")
	for _, tt := range []struct{ name, content string }{
		{"a.txt", "hello"},
		{"名字.txt", ""},
		{"long.bin", strings.Repeat("0123456789abcdef", 10_000)},
	} {
		path := filepath.Join(t.TempDir(), tt.name)
		c.Must(os.WriteFile(path, []byte(tt.content), 0o666))
		c.Step("calls Send for the file %q with %d bytes, takes all that comes, answers %q", tt.name, len(tt.content), "ok")
		got := send(t, c, path, len(whole(tt.name, []byte(tt.content))[0]), "ok")
		if len(got.wire) == 0 {
			c.Fail("a header", fmt.Sprintf("nothing, and the error %v", got.err), "Send sends nothing; is the TODO still there?")
		}
		for i, part := range parts(tt.name, []byte(tt.content)) {
			sent := got.wire[:min(len(part), len(got.wire))]
			c.Equal(string(part), string(sent), []string{
				"the length of the name is wrong: 2 bytes, big endian, counted in bytes, and without folders",
				"the name is wrong: it is the file's name without folders, see filepath.Base or FileInfo.Name",
				"the size is wrong: 8 bytes, big endian, see FileInfo.Size",
				"the content is not that of the file: was buf sent, and not buf[:n]?",
			}[i])
			got.wire = got.wire[len(sent):]
		}
		c.Equal("", string(got.wire), "Send sends more than the file holds: was buf sent, and not buf[:n]?")
		c.NoError(got.err, "Send fails although the receiver has answered \"ok\"")
	}
}

func TestSenderBelievesOnlyOK(t *testing.T) {
	c := check.Begin(t, source)
	c.IfItHangs("Send goes on when Read or Write fails; an ended connection fails for ever")
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	c.Must(os.WriteFile(path, []byte("hello"), 0o666))
	all := len(whole("a.txt", []byte("hello"))[0])

	c.Step(`takes all, answers "o" and then "k"`)
	c.NoError(send(t, c, path, all, "o", "k").err, "the answer may come in two pieces: io.ReadFull reads both")
	for _, tt := range []struct {
		what   string
		take   int
		answer []string
		cause  string
	}{
		{"takes all, closes without an answer", all, nil, `Send returns nil before "ok": it does not know whether the file is in its place`},
		{`takes all, answers "no"`, all, []string{"no"}, `any answer but "ok" is an error`},
		{"takes 3 bytes, then closes", 3, nil, "Send ignores that Write failed"},
	} {
		c.Step("%s", tt.what)
		if send(t, c, path, tt.take, tt.answer...).err == nil {
			c.Fail("an error", "nil", tt.cause)
		}
	}
	for _, tt := range []struct{ what, path string }{
		{"a file that does not exist", filepath.Join(dir, "missing")},
		{"a folder", dir},
	} {
		c.Step("calls Send for %s", tt.what)
		got := send(t, c, tt.path, 1, "ok")
		if got.err == nil {
			c.Fail("an error", "nil", "Send hides that there is no file to send")
		}
		c.Equal("", string(got.wire), "the header goes out before it is sure that there is a file: the receiver waits for content that never comes")
	}
}

func TestAnySizeTakesLittleMemory(t *testing.T) {
	c := check.Begin(t, source)
	c.IfItHangs("Send or Receive goes on when Read or Write fails")
	const size = 16 << 20
	const cause = "the memory grows with the file: one buffer, made before the loop, is enough for any size, and io.CopyN has one"
	dir := t.TempDir()
	path := filepath.Join(dir, "large.bin")
	content := make([]byte, size)
	c.Must(os.WriteFile(path, content, 0o666))

	c.Step("calls Send for a file of 16 MiB")
	var err error
	used := allocated(func() { err = send(t, c, path, 2+len("large.bin")+8+size, "ok").err })
	c.NoError(err, "Send fails for a large file")
	if used > size/2 {
		c.Fail("less than 8 MiB of memory in all", fmt.Sprintf("%d MiB", used>>20), "Send: "+cause)
	}
	c.Step("calls Receive for a file of 16 MiB")
	pieces := parts("copy.bin", content)
	used = allocated(func() { err = receive(t, c, dir, pieces, nil).err })
	c.NoError(err, "Receive fails for a large file")
	if used > size/2 {
		c.Fail("less than 8 MiB of memory in all", fmt.Sprintf("%d MiB", used>>20), "Receive: "+cause)
	}
	if saved, err := os.Stat(filepath.Join(dir, "copy.bin")); err != nil || saved.Size() != size {
		c.Fail("a file of 16 MiB", fmt.Sprint(err), otherwise)
	}
}

// What follows plays the other side. Nothing of it waits in real time: when
// everybody waits, the bubble's clock moves on to the deadlines.

const patience = time.Minute

// received is what one call of Receive came to.
type received struct {
	name     string
	err      error
	panicked any
	late     bool   // it returned only when the sender closed the connection
	answer   string // all that it wrote
}

// receive calls Receive and plays the sender: it writes the pieces, calls after
// with what was answered so far, and closes when nothing moves any more.
func receive(t *testing.T, c *check.Check, dir string, pieces [][]byte, after func(piece int, answer string)) (got received) {
	bubble(t, c, func() {
		conn, sender := net.Pipe()
		done := make(chan received, 1)
		go func() {
			var r received
			defer func() {
				r.panicked = recover()
				conn.Close()
				done <- r
			}()
			r.name, r.err = Receive(conn, dir)
		}()
		answers := make(chan string, 100)
		go func() {
			defer close(answers)
			buf := make([]byte, 64)
			for n, err := 0, error(nil); err == nil; {
				n, err = sender.Read(buf)
				answers <- string(buf[:n])
			}
		}()
		sender.SetWriteDeadline(time.Now().Add(patience))
		sofar := ""
		for i, piece := range pieces {
			if _, err := sender.Write(piece); err != nil {
				break // Receive has returned, or does not read
			}
			synctest.Wait()
			for len(answers) > 0 {
				sofar += <-answers
			}
			if after != nil {
				after(i, sofar)
			}
		}
		synctest.Wait()
		late := len(done) == 0
		sender.Close()
		got = <-done
		for a := range answers {
			sofar += a
		}
		got.late, got.answer = late, sofar
	})
	return got
}

// sent is what one call of Send came to.
type sent struct {
	wire []byte // the first that it wrote
	err  error
}

// send calls Send and plays the receiver: it takes so many bytes, answers with
// these pieces, and takes what else comes; without an answer it closes.
func send(t *testing.T, c *check.Check, path string, take int, answer ...string) (got sent) {
	var panicked any
	bubble(t, c, func() {
		conn, receiver := net.Pipe()
		done := make(chan error, 1)
		go func() {
			var err error
			defer func() {
				panicked = recover()
				conn.Close()
				done <- err
			}()
			err = Send(conn, path)
		}()
		receiver.SetDeadline(time.Now().Add(patience))
		go func() {
			buf := make([]byte, 32<<10)
			for total := 0; total < take || len(answer) > 0; {
				n, err := receiver.Read(buf[:min(len(buf), max(take-total, 100))])
				if total += n; len(got.wire) < 256<<10 {
					got.wire = append(got.wire, buf[:n]...)
				}
				if total >= take && total-n < take {
					go func() {
						for _, a := range answer {
							io.WriteString(receiver, a)
						}
					}()
				}
				if err != nil {
					break
				}
			}
			receiver.Close()
		}()
		got.err = <-done
		synctest.Wait()
	})
	if panicked != nil {
		c.Fail("no panic", fmt.Sprint(panicked), "Send goes on after an error with what it does not have")
	}
	return got
}

// bubble runs f in virtual time.
func bubble(t *testing.T, c *check.Check, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			c.Fail("Send and Receive return, and leave nothing behind", fmt.Sprint(r), "a goroutine of your own waits for what never comes")
		}
	}()
	synctest.Test(t, func(*testing.T) { f() })
}

// parts are the four parts of what is sent for one file.
func parts(name string, content []byte) [][]byte {
	return [][]byte{
		binary.BigEndian.AppendUint16(nil, uint16(len(name))),
		[]byte(name),
		binary.BigEndian.AppendUint64(nil, uint64(len(content))),
		content,
	}
}

func whole(name string, content []byte) [][]byte {
	return [][]byte{bytes.Join(parts(name, content), nil)}
}

func bytewise(name string, content []byte) (all [][]byte) {
	for b := range bytes.SplitSeq(whole(name, content)[0], nil) {
		all = append(all, b)
	}
	return all
}

// place says where in the sender's bytes the n-th one is.
func place(n int, name string) string {
	switch {
	case n < 2:
		return "in the length of the name"
	case n < 2+len(name):
		return "in the name"
	case n < 2+len(name)+8:
		return "in the size"
	}
	return "in the content"
}

// list returns the contents of all files below dir.
func list(dir string) map[string]string {
	files := map[string]string{}
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			content, _ := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			files[filepath.ToSlash(rel)] = string(content)
		}
		return nil
	})
	return files
}

func names(files map[string]string) string {
	return fmt.Sprintf("%q", slices.Sorted(maps.Keys(files)))
}

// allocated returns how many bytes f takes from the heap, counting those that
// it gives back.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// unfinished reports whether a function is as it was shipped.
func unfinished(err error) bool { return err != nil && strings.Contains(err.Error(), "TODO") }
