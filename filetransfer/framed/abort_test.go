package framed_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/filetransfer/framed"
)

var (
	aborts = flag.Int("aborts", 16, "number of transfers to break off")
	seed   = flag.Uint64("seed", 1, "chooses where, and how")
)

const roleVariable = "FRAMED_TEST_ROLE"

// child is a process that a test may kill, or that was written by somebody else:
// its arguments are the receiver's folder, or the receiver's address and what to
// send.
func child(role string) int {
	args := flag.CommandLine
	args.Parse(os.Args[1:])
	var err error
	switch role {
	case "receive":
		err = childReceive(args.Arg(0))
	case "send":
		err = childSend(args.Arg(0), args.Args()[1:])
	case "naive receive":
		err = childNaiveReceive(args.Arg(0))
	case "naive send":
		err = naiveSend(args.Arg(0), args.Arg(1))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func childReceive(path string) error {
	dir, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return framed.Receiver{OnExist: framed.Overwrite, Once: true}.Serve(context.Background(), ln, dir)
}

func childNaiveReceive(path string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	return naiveReceive(conn, path)
}

func childSend(addr string, paths []string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	return (&framed.Sender{}).Send(context.Background(), conn, paths)
}

// Each transfer replaces a large file and two small ones, and is broken off
// once a number of bytes has passed: by a reset, by killing the sender or the
// receiver as kill -9 does, or by a full disk (a writer that fails as a file on
// one does). What has the final names then is the old or the new, whole; and a
// later transfer completes, without sending again more than 1 MiB of what the
// receiver had.
func TestWhereverItIsBrokenOffEachFileIsTheOldOrTheNewAndResumes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(*seed, 0))
	content := make([]byte, 6<<20+12345)
	rand.NewChaCha8([32]byte{1}).Read(content)
	for i := range *aborts {
		name := []string{"reset", "sender killed", "receiver killed", "disk full"}[i%4]
		at := random.Int64N(int64(len(content)) * 11 / 10)
		run := func(t *testing.T) { // some points are beyond the end: nothing may break then either
			newAbort(t, content).check(t, name, at)
		}
		if !t.Run(fmt.Sprintf("%d, %s after %d bytes", i, name, at), run) {
			t.Fatalf("seed %d", *seed)
		}
	}
}

type abort struct {
	from, to string
	paths    []string
	old, new tree
}

func newAbort(t *testing.T, content []byte) *abort {
	t.Helper()
	a := &abort{from: t.TempDir(), to: t.TempDir()}
	a.old = tree{"large": "old large", "small": "old small", "second": "old second"}
	a.new = tree{"large": string(content), "small": "new small", "second": strings.Repeat("new second", 1000)}
	a.old.make(t, a.to)
	a.new.make(t, a.from)
	for name := range a.new {
		a.paths = append(a.paths, filepath.Join(a.from, name))
	}
	return a
}

func (a *abort) check(t *testing.T, how string, at int64) {
	switch how {
	case "disk full":
		a.fillDisk(t, at)
	case "reset":
		a.reset(t, at)
	default:
		a.kill(t, how, at)
	}
	got := read(t, a.to)
	require.Len(t, got, len(a.old), "files with names of their own")
	for name, content := range got {
		require.True(t, content == a.old[name] || content == a.new[name], "%s is neither old nor new: %d bytes", name, len(content))
	}
	had := int64(0)
	if got["large"] == a.new["large"] {
		had = int64(len(got["large"]))
	}
	parts, err := filepath.Glob(filepath.Join(a.to, framed.Folder, "*.part"))
	require.NoError(t, err)
	for _, part := range parts {
		info, err := os.Stat(part)
		require.NoError(t, err)
		had = max(had, info.Size())
	}

	recv := serveIn(t, framed.Receiver{OnExist: framed.Overwrite}, a.to)
	s := &framed.Sender{Timeout: timeout}
	require.NoError(t, recv.sendBy(t, s, a.paths...))
	require.NoError(t, recv.stop())
	for name, content := range read(t, a.to) {
		require.True(t, content == a.new[name], "%s after the resume: %d bytes", name, len(content))
	}
	require.NoDirExists(t, filepath.Join(a.to, framed.Folder))
	small := int64(len(a.new["small"]) + len(a.new["second"]))
	require.LessOrEqual(t, s.Progress().Sent, int64(len(a.new["large"]))-had+1<<20+small, "sent again though it was there")
}

func (a *abort) fillDisk(t *testing.T, at int64) {
	room := disk{left: at}
	recv := serveIn(t, framed.Receiver{OnExist: framed.Overwrite}.WithWriter(func(w io.Writer) io.Writer { return &fullDisk{w: w, room: &room} }), a.to)
	recv.send(t, a.paths...) // fails, unless the disk had room for all
	require.NoError(t, recv.stop())
}

func (a *abort) reset(t *testing.T, at int64) {
	recv := serveIn(t, framed.Receiver{OnExist: framed.Overwrite}, a.to)
	p := newProxy(t, recv.addr)
	conn, err := net.Dial("tcp", p.addr)
	require.NoError(t, err)
	sent := make(chan error, 1)
	go func() { sent <- (&framed.Sender{Timeout: timeout}).Send(t.Context(), conn, a.paths) }()
	if p.pass(t, at) {
		p.reset()
		require.Error(t, <-sent)
	} else {
		require.NoError(t, <-sent)
	}
	p.close()
	require.NoError(t, recv.stop())
}

func (a *abort) kill(t *testing.T, how string, at int64) {
	receive := start(t, "receive", a.to)
	line, err := bufio.NewReader(receive.stdout).ReadString('\n')
	require.NoError(t, err)
	p := newProxy(t, strings.TrimSpace(line))
	send := start(t, "send", append([]string{p.addr}, a.paths...)...)
	victim, other := send, receive
	if how == "receiver killed" {
		victim, other = receive, send
	}
	if p.pass(t, at) {
		require.NoError(t, victim.cmd.Process.Kill())
		victim.cmd.Wait()
		p.close() // what its system does for a killed process, the proxy passes on
		require.Error(t, other.cmd.Wait(), "the other side must not exit with 0")
		return
	}
	require.NoError(t, send.cmd.Wait())
	require.NoError(t, receive.cmd.Wait())
	p.close()
}

type process struct {
	cmd    *exec.Cmd
	stdout io.Reader
}

func start(t *testing.T, role string, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return &process{cmd, stdout}
}

// proxy passes one connection on to addr, and counts what the sender sends.
type proxy struct {
	addr             string
	sender, receiver *net.TCPConn
	ready            chan error
	ln               net.Listener
	back             sync.WaitGroup
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	p := &proxy{ln: listen(t), ready: make(chan error, 1)}
	p.addr = p.ln.Addr().String()
	go func() {
		conn, err := p.ln.Accept()
		if err == nil {
			p.sender = conn.(*net.TCPConn)
			if conn, err = net.Dial("tcp", to); err == nil {
				p.receiver = conn.(*net.TCPConn)
			}
		}
		p.ready <- err
	}()
	return p
}

// pass lets n bytes through, and says whether there were so many. If not, all
// was said and both sides have ended.
func (p *proxy) pass(t *testing.T, n int64) bool {
	t.Helper()
	require.NoError(t, <-p.ready)
	p.back.Go(func() { io.Copy(p.sender, p.receiver); p.sender.CloseWrite() })
	passed, _ := io.CopyN(p.receiver, p.sender, n)
	if passed == n {
		return true
	}
	p.receiver.CloseWrite()
	return false
}

func (p *proxy) reset() { reset(p.sender); reset(p.receiver) }

func (p *proxy) close() {
	p.sender.Close()
	p.receiver.Close()
	p.back.Wait()
}
