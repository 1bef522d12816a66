// Command demo sends a file by the protocol of the notes, compares both ends,
// shows what that protocol cannot see, and that the framed one does.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/framed"
	"example.com/netlessons/filetransfer/internal/cli"
)

const timeout = 10 * time.Second

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("demo [FILE]", flag.ContinueOnError)
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if fs.NArg() > 1 {
		return cli.Usage(fs, "unexpected argument %q", fs.Arg(1))
	}
	path := fs.Arg(0)
	if path == "" {
		var err error
		if path, err = readme(); err != nil {
			return err
		}
	}
	if err := transfer(ctx, path, stdout); err != nil {
		return err
	}
	if err := lose(ctx, stdout); err != nil {
		return err
	}
	return keep(ctx, stdout)
}

// transfer sends a file and compares it with what the receiver saved.
func transfer(ctx context.Context, path string, stdout io.Writer) error {
	addr, dir, stop, err := serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	start := time.Now()
	size, err := filetransfer.Send(ctx, addr, path, timeout)
	if err != nil {
		return err
	}
	took := time.Since(start)
	name := filepath.Base(path)
	sent, err := digest(path)
	if err != nil {
		return err
	}
	saved, err := digest(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s to %s: %d bytes in %.1f ms, %.2f MB/s\n\n", name, addr, size, took.Seconds()*1e3, float64(size)/took.Seconds()/1e6)
	fmt.Fprintf(stdout, "SHA-256 here   %s\nSHA-256 there  %s\n\n", sent, saved)
	if sent != saved {
		return errors.New("the saved file differs from the sent one; did it change meanwhile?")
	}
	return nil
}

// lose plays two senders whose loss no receiver of this protocol can see.
func lose(ctx context.Context, stdout io.Writer) error {
	addr, dir, stop, err := serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Fprintln(stdout, "the same; but this protocol cannot see everything:")
	for _, tt := range []struct {
		title       string
		first, then string // what is sent before and after "ok"
		name        string // of the file that results
		size        int64
	}{
		{`"c.txt" and "CONTENT" come in one read`, "c.txtCONTENT", "", "c.txtCONTENT", 0},
		{`"half.txt" ends when its sender is killed`, "half.txt", "5 of ", "half.txt", 5},
	} {
		if err := play(addr, tt.first, tt.then); err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(dir, tt.name))
		if err != nil {
			return err
		}
		if info.Size() != tt.size {
			return fmt.Errorf("%s: saved %d bytes, not %d", tt.name, info.Size(), tt.size)
		}
		fmt.Fprintf(stdout, "  %-41s  saved: %q, %d bytes\n", tt.title, info.Name(), info.Size())
	}
	return nil
}

// keep sends the same two files by the framed protocol, and breaks off the second.
func keep(ctx context.Context, stdout io.Writer) error {
	addr, dir, stop, err := serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	from, err := os.MkdirTemp("", "filetransfer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(from)
	fmt.Fprintln(stdout, "\nthe framed protocol, to the same receiver:")

	path, content := filepath.Join(from, "c.txt"), []byte("CONTENT")
	if _, err := sendFramed(ctx, addr, path, content, -1); err != nil {
		return err
	}
	if err := equal(filepath.Join(dir, "c.txt"), content); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  %-41s  saved: %q, %d bytes\n", `"c.txt" and "CONTENT" come in one read`, "c.txt", len(content))

	path, content = filepath.Join(from, "half.txt"), bytes.Repeat([]byte("half of it or all? "), 1<<18)
	if _, err := sendFramed(ctx, addr, path, content, len(content)/2); err == nil {
		return errors.New("half.txt was broken off, and nobody noticed")
	}
	if exists(filepath.Join(dir, "half.txt")) {
		return errors.New("half.txt was broken off, and is there")
	}
	fmt.Fprintf(stdout, "  %-41s  saved: nothing\n", `"half.txt" ends when its sender is killed`)
	sent, err := sendFramed(ctx, addr, path, content, -1)
	if err != nil {
		return err
	}
	if err := equal(filepath.Join(dir, "half.txt"), content); err != nil {
		return err
	}
	if sent == int64(len(content)) {
		return errors.New("half.txt was sent from the start again")
	}
	fmt.Fprintf(stdout, "  %-41s  saved: %q, %d bytes,\n", `"half.txt" is sent again`, "half.txt", len(content))
	fmt.Fprintf(stdout, "  %-41s  of which %d were there\n", "", int64(len(content))-sent)
	return nil
}

// sendFramed sends content, as the file at path. The connection ends after
// about limit bytes, unless that is negative. It returns how much was sent.
func sendFramed(ctx context.Context, addr, path string, content []byte, limit int) (sent int64, err error) {
	if !exists(path) { // the second time, it is still the same file
		if err := os.WriteFile(path, content, 0o666); err != nil {
			return 0, err
		}
	}
	conn, err := net.DialTimeout("tcp", addr, timeout)
	if err != nil {
		return 0, err
	}
	s := &framed.Sender{Timeout: timeout}
	err = s.Send(ctx, &ending{conn, limit}, []string{path})
	return s.Progress().Sent, err
}

// ending is a connection that ends as that of a killed program does.
type ending struct {
	net.Conn
	left int // bytes until then; negative for no end
}

func (e *ending) Write(b []byte) (int, error) {
	if e.left < 0 || len(b) <= e.left {
		e.left -= min(len(b), max(e.left, 0))
		return e.Conn.Write(b)
	}
	n, _ := e.Conn.Write(b[:e.left])
	e.Conn.(*net.TCPConn).CloseWrite()
	e.left = 0
	return n, io.ErrClosedPipe
}

func equal(path string, want []byte) error {
	got, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s is not what was sent", path)
	}
	return err
}

// play sends first, reads "ok", sends then, and ends as the system ends the
// connections of a program that was killed. It returns once the file is saved.
func play(addr, first, then string) error {
	conn, err := net.DialTimeout("tcp", addr, timeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, first); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, len("ok"))); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, then); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}

// serve runs a receiver in the background, with a new folder that stop removes.
func serve(ctx context.Context) (addr, path string, stop func(), err error) {
	path, err = os.MkdirTemp("", "filetransfer")
	if err != nil {
		return "", "", nil, err
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return "", "", nil, errors.Join(err, os.RemoveAll(path))
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", nil, errors.Join(err, dir.Close(), os.RemoveAll(path))
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { framed.Receiver{}.Serve(ctx, ln, dir) })
	stop = func() { cancel(); wg.Wait(); dir.Close(); os.RemoveAll(path) }
	return ln.Addr().String(), path, stop, nil
}

func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return fmt.Sprintf("%x", hash.Sum(nil)), err
}

// readme finds the README of the repository, which go.work marks, or that of
// this module if it stands alone.
func readme() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for _, mark := range []string{"go.work", "go.mod"} {
		for dir := start; ; dir = filepath.Dir(dir) {
			readme := filepath.Join(dir, "README.md")
			if exists(filepath.Join(dir, mark)) && exists(readme) {
				return readme, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", errors.New("no README.md above this folder; name a file: demo FILE")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
