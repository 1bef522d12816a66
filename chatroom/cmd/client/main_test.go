package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli/clitest"
	"example.com/netlessons/chatroom/protocol"
)

func TestMain(m *testing.M) {
	// The line editor listens for changes of the window's size as long as the process lives.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/ergochat/readline/internal/platform.DefaultOnSizeChanged.func1.1"))
}

func TestClientInAPipeSaysEveryLineAndPrintsWhatCameOfIt(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t)
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"-addr", addr, "-nick", "ann", "-room", "tea"}, strings.NewReader("hello\r\n\n你好\n/who\n/rooms"), &stdout, &stderr)
	require.NoError(t, err)
	require.Equal(t, "* you are ann in tea; here: ann\nann: hello\nann: 你好\n* here: ann\n* rooms: tea (1)\n", stdout.String())
	require.Empty(t, stderr.String())

	stdout.Reset()
	err = run(t.Context(), []string{"-addr", addr, "-nick", "bob", "-room", "tea"}, strings.NewReader(""), &stdout, &stderr)
	require.NoError(t, err)
	require.Equal(t, "* you are bob in tea; here: bob\nann: hello\nann: 你好\n", stdout.String(), "the history")
}

func TestClientInAPipeSaysALongTextLineByLine(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t)
	var stdout bytes.Buffer
	err := run(t.Context(), []string{"-addr", addr, "-nick", "ann"}, strings.NewReader(strings.Repeat("line\n", 200)), &stdout, io.Discard)
	require.NoError(t, err)
	require.Equal(t, 200, strings.Count(stdout.String(), "ann: line\n"))
}

func TestClientInAPipeFailsIfSomethingWasNotSaid(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t)
	for _, tt := range []struct {
		name, stdin, wantStdout, wantErr string
	}{
		{"a command that there is not", "hi\n/nonsense\n", "! there is no such command", "lines that were not said, or perhaps not: 1"},
		{"a message that is too long", strings.Repeat("x", 5000) + "\nand a short one\n", "ann: and a short one\n", "lines that were not said, or perhaps not: 1"},
		{"a line without end", strings.Repeat("x", 2<<20), "", "read the input: bufio.Scanner: token too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout bytes.Buffer
			err := run(t.Context(), []string{"-addr", addr, "-nick", "ann", "-room", "r"}, strings.NewReader(tt.stdin), &stdout, io.Discard)
			require.EqualError(t, err, tt.wantErr)
			require.Contains(t, stdout.String(), tt.wantStdout)
		})
	}
	broken := iotest.ErrReader(errors.New("unplugged"))
	err := run(t.Context(), []string{"-addr", addr, "-nick", "ann"}, broken, io.Discard, io.Discard)
	require.EqualError(t, err, "read the input: unplugged")
}

func TestClientLeavesAtCtrlCThoughItsInputIsSilent(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t)
	bob, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: "bob"})
	require.NoError(t, err)
	defer bob.Close()

	ctx, ctrlC := context.WithCancel(t.Context())
	silent, keyboard := io.Pipe()
	defer keyboard.Close()
	r, stdout := io.Pipe()
	done := make(chan error)
	go func() { done <- run(ctx, []string{"-addr", addr, "-nick", "ann"}, silent, stdout, io.Discard) }()
	screen := bufio.NewReader(r)
	require.Equal(t, "* you are ann in lobby; here: ann, bob\n", readLine(t, screen))
	require.NoError(t, bob.Send("hi, ann"))
	require.Equal(t, "bob: hi, ann\n", readLine(t, screen))
	go io.Copy(io.Discard, screen)
	ctrlC()
	require.NoError(t, <-done)
	stdout.Close()
	for {
		m, err := bob.Receive()
		require.NoError(t, err)
		if len(m.Left) > 0 {
			require.Equal(t, []string{"ann"}, m.Left)
			return
		}
	}
}

func TestClientGivesUpWhenTheServerStaysAway(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t)
	silent, keyboard := io.Pipe()
	defer keyboard.Close()
	r, stdout := io.Pipe()
	done := make(chan error)
	go func() {
		done <- run(t.Context(), []string{"-addr", addr, "-nick", "ann", "-timeout", "50ms"}, silent, stdout, io.Discard)
	}()
	screen := bufio.NewReader(r)
	require.Equal(t, "* you are ann in lobby; here: ann\n", readLine(t, screen))
	stop()
	require.Equal(t, "* connection lost: the server is shutting down; trying again\n", readLine(t, screen))
	require.ErrorContains(t, <-done, "gave up after 50ms")
}

func TestClientSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"no nickname", nil, 2, "-nick is missing; usage: client [-addr HOST:PORT] [-room NAME] -nick NAME"},
		{"an argument too many", []string{"-nick", "ann", "hi"}, 2, `unexpected argument "hi"`},
		{"a nickname that the room does not take", []string{"-addr", addr, "-nick", "a b"}, 1, "a nickname has no spaces"},
		{"a room that cannot be", []string{"-addr", addr, "-nick", "ann", "-room", "a b"}, 1, "a room's name has lower-case letters"},
		{"no server", []string{"-addr", closed.Addr().String(), "-nick", "ann"}, 1, "start the server first, or give its address with -addr"},
		{"a server without a certificate", []string{"-addr", addr, "-nick", "ann", "-tls"}, 1, "first record does not look like a TLS handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}

func TestNothingThatOthersSayHarmsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, from, text, want string
	}{
		{"an escape sequence", "bob", "\x1b[2Jgone", "bob: \ufffd[2Jgone"},
		{"a forged line", "bob", "hi\r\nann: I owe bob a beer", "bob: hi ⏎ ann: I owe bob a beer"},
		{"a carriage return alone", "bob", "hi\rann: bye", "bob: hi\ufffdann: bye"},
		{"text that turns the rest around", "bob", "\u202eolleh\u2066", "bob: \ufffdolleh\ufffd"},
		{"code, which stays legible", "bob", "a\tb\n\tc", "bob: a    b ⏎     c"},
		{"people of many characters", "bob", "👩‍💻 नमस्ते", "bob: 👩‍💻 नमस्ते"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, line(protocol.Message{Type: protocol.Said, From: tt.from, Text: tt.text}))
		})
	}
}

func serve(t *testing.T) (addr string, stop func()) {
	t.Helper()
	return serveAt(t, "127.0.0.1:0")
}

// serveAt runs the chat server at addr until stop or the end of the test. In
// its lobby are others from the beginning.
func serveAt(t *testing.T, addr string, others ...string) (at string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	cfg := chatroom.DefaultConfig()
	cfg.Room.MessagesPerSecond = 1000
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chatroom.Serve(ctx, ln, cfg, slog.New(slog.DiscardHandler)) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	for _, nick := range others {
		conn, err := chatroom.Dial(t.Context(), ln.Addr().String(), chatroom.Join{Nick: nick})
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
	}
	return ln.Addr().String(), stop
}

func readLine(t *testing.T, screen *bufio.Reader) string {
	t.Helper()
	line, err := screen.ReadString('\n')
	require.NoError(t, err)
	return line
}
