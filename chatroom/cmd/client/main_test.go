package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClientInAPipeSaysEveryLineAndPrintsWhatCameOfIt(t *testing.T) {
	addr, _ := serve(t)
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"-addr", addr, "-nick", "ann"}, strings.NewReader("hello\r\n\n你好"), &stdout, &stderr)
	require.NoError(t, err)
	require.Equal(t, "* ann joined\nann: hello\n! say something\nann: 你好\n", stdout.String())
	require.Empty(t, stderr.String())
}

func TestClientLeavesAtCtrlCThoughItsInputIsSilent(t *testing.T) {
	addr, _ := serve(t)
	bob, err := chatroom.Dial(t.Context(), addr, "bob")
	require.NoError(t, err)
	defer bob.Close()

	ctx, ctrlC := context.WithCancel(t.Context())
	silent, keyboard := io.Pipe()
	defer keyboard.Close()
	r, stdout := io.Pipe()
	done := make(chan error)
	go func() { done <- run(ctx, []string{"-addr", addr, "-nick", "ann"}, silent, stdout, io.Discard) }()
	screen := bufio.NewReader(r)
	require.Equal(t, "* ann joined\n", readLine(t, screen))
	require.NoError(t, bob.Send("hi, ann"))
	require.Equal(t, "bob: hi, ann\n", readLine(t, screen))
	ctrlC()
	require.NoError(t, <-done)
	for _, want := range []string{"* ann joined", "bob: hi, ann", "* ann left"} {
		m, err := bob.Receive()
		require.NoError(t, err)
		require.Equal(t, want, m.String())
	}
}

func TestClientEndsWithTheServer(t *testing.T) {
	addr, stop := serve(t)
	silent, keyboard := io.Pipe()
	defer keyboard.Close()
	r, stdout := io.Pipe()
	done := make(chan error)
	go func() { done <- run(t.Context(), []string{"-addr", addr, "-nick", "ann"}, silent, stdout, io.Discard) }()
	require.Equal(t, "* ann joined\n", readLine(t, bufio.NewReader(r)))
	stop()
	require.EqualError(t, <-done, "disconnected: websocket: close 1001 (going away): the server is shutting down")
}

func TestClientSaysWhatToDoAboutAMessageThatIsTooLong(t *testing.T) {
	addr, _ := serve(t)
	res := clitest.Do(t, func(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
		return run(ctx, args, strings.NewReader(strings.Repeat("x", 5000)), stdout, stderr)
	}, "-addr", addr, "-nick", "ann")
	require.Equal(t, 1, res.Status)
	require.Equal(t, "command: disconnected: websocket: close 1009 (message too big); say it in shorter messages\n", res.Stderr)
}

func TestClientSaysWhatIsWrong(t *testing.T) {
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
		{"no nickname", nil, 2, "-nick is missing; usage: client [-addr HOST:PORT] -nick NAME"},
		{"an argument too many", []string{"-nick", "ann", "hi"}, 2, `unexpected argument "hi"`},
		{"a nickname that the room does not take", []string{"-addr", addr, "-nick", "a b"}, 1, "a nickname has no spaces"},
		{"no server", []string{"-addr", closed.Addr().String(), "-nick", "ann"}, 1, "start the server first, or give its address with -addr"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}

func serve(t *testing.T) (addr string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		chatroom.Serve(ctx, ln, chatroom.DefaultConfig(), slog.New(slog.DiscardHandler))
		close(done)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

func readLine(t *testing.T, screen *bufio.Reader) string {
	t.Helper()
	line, err := screen.ReadString('\n')
	require.NoError(t, err)
	return line
}
