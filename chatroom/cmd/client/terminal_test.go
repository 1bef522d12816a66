package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/ergochat/readline"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"example.com/netlessons/chatroom"
)

func TestClientOnATerminalEditsLinesWhileOthersTalk(t *testing.T) {
	addr, _ := serve(t)
	bob, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: "bob"})
	require.NoError(t, err)
	defer bob.Close()
	tty := openTerminal(t)
	before, err := term.GetState(int(tty.end.Fd()))
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		done <- run(t.Context(), []string{"-addr", addr, "-nick", "ann"}, tty.end, tty.end, io.Discard)
	}()

	tty.waitFor("* you are ann in lobby; here: ann, bob")
	tty.typeKeys("helo")
	tty.waitFor("helo")
	require.NoError(t, bob.Send("\x1b]0;title\x07 interrupts"))
	tty.waitFor("bob: \ufffd]0;title\ufffd interrupts")
	tty.typeKeys("\x1b[Dl\r") // ← and the letter that was forgotten
	require.Equal(t, "hello", heard(t, bob, "ann"))
	tty.typeKeys("你好们\x7f\r") // the last character is taken back
	require.Equal(t, "你好", heard(t, bob, "ann"))
	tty.typeKeys("\x1b[A\x1b[A\r") // ↑ twice: the line before the last
	require.Equal(t, "hello", heard(t, bob, "ann"))
	tty.typeKeys("/nick anna\r")
	tty.waitFor("* ann is now anna")
	require.NotRegexp(t, `[^\r]\n`, tty.shown(), "a new line begins at the left")
	tty.typeKeys("/join tea\r")
	tty.waitFor("* you are anna in tea; here: anna")
	tty.typeKeys("\x04") // Ctrl-D
	requireEnd(t, done)
	after, err := term.GetState(int(tty.end.Fd()))
	require.NoError(t, err)
	require.Equal(t, before, after, "the terminal is left as it was")
}

func TestCtrlCOnATerminalLeavesAtOnce(t *testing.T) {
	addr, _ := serve(t)
	tty := openTerminal(t)
	done := make(chan error, 1)
	go func() {
		done <- run(t.Context(), []string{"-addr", addr, "-nick", "ann"}, tty.end, tty.end, io.Discard)
	}()
	tty.waitFor("* you are ann in lobby; here: ann")
	tty.typeKeys("not yet said\x03")
	requireEnd(t, done)
}

func TestCtrlCLeavesAServerThatDoesNotAnswer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	tty := openTerminal(t)
	done := make(chan error, 1)
	go func() {
		done <- run(t.Context(), []string{"-addr", silent.Addr().String(), "-nick", "ann"}, tty.end, tty.end, io.Discard)
	}()
	tty.waitFor(">")
	tty.typeKeys("one\rtwo\rthree")
	tty.waitFor("three")
	tty.typeKeys("\x03")
	requireEnd(t, done)
}

func TestNoKeyIsLostBetweenTwoLines(t *testing.T) {
	for _, tt := range []struct {
		name, keys string
		wantErr    error
	}{
		{"Ctrl-D", "\x04", io.EOF},
		{"Ctrl-C", "not yet said\x03", readline.ErrInterrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tty := openTerminal(t)
			client, ok := newTerminal(tty.end, tty.end)
			require.True(t, ok)
			editor, closeEditor, err := client.open()
			require.NoError(t, err)
			defer closeEditor()
			tty.typeKeys("one\r")
			line, err := editor.ReadLine()
			require.NoError(t, err)
			require.Equal(t, "one", line)
			tty.typeKeys(tt.keys)
			_, err = editor.ReadLine()
			require.ErrorIs(t, err, tt.wantErr)
		})
	}
}

func TestOnATerminalAnotherNicknameCanBeChosenToComeBack(t *testing.T) {
	addr, stop := serve(t)
	tty := openTerminal(t)
	done := make(chan error, 1)
	go func() {
		done <- run(t.Context(), []string{"-addr", addr, "-nick", "ann"}, tty.end, tty.end, io.Discard)
	}()
	tty.waitFor("* you are ann in lobby; here: ann")
	stop()
	tty.waitFor("* connection lost: the server is shutting down; trying again")
	serveAt(t, addr, "ann")
	tty.waitFor("! this nickname is taken, choose another with /nick NAME")
	tty.typeKeys("said meanwhile\r")
	tty.typeKeys("/nick anna\r")
	tty.waitFor("* messages may be missing here: the server no longer has them")
	tty.waitFor("anna: said meanwhile")
	tty.typeKeys("\x04")
	requireEnd(t, done)
}

// terminalTest is the far side of a terminal: what a person sees and types.
type terminalTest struct {
	t    *testing.T
	end  *os.File // the client's
	side *os.File

	mu   sync.Mutex
	seen bytes.Buffer
	more chan struct{}
}

func openTerminal(t *testing.T) *terminalTest {
	t.Helper()
	side, end, err := pty.Open()
	if errors.Is(err, pty.ErrUnsupported) {
		t.Skip("no pseudo-terminals here:", err)
	}
	require.NoError(t, err)
	require.NoError(t, pty.Setsize(end, &pty.Winsize{Rows: 24, Cols: 80}))
	t.Setenv("TERM", "xterm")
	tty := &terminalTest{t: t, end: end, side: side, more: make(chan struct{}, 1)}
	read := make(chan struct{})
	go func() { defer close(read); tty.read() }()
	t.Cleanup(func() {
		end.Close() // the reading ends when nothing holds this end
		side.Close()
		<-read
	})
	return tty
}

// read keeps what the client writes, and answers its question where the cursor
// is, as terminals do.
func (tty *terminalTest) read() {
	buf := make([]byte, 4096)
	for {
		n, err := tty.side.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], []byte("\x1b[6n")) {
			io.WriteString(tty.side, "\x1b[1;1R")
		}
		tty.mu.Lock()
		tty.seen.Write(buf[:n])
		tty.mu.Unlock()
		select {
		case tty.more <- struct{}{}:
		default:
		}
	}
}

func (tty *terminalTest) typeKeys(keys string) {
	tty.t.Helper()
	_, err := io.WriteString(tty.side, keys)
	require.NoError(tty.t, err)
}

func (tty *terminalTest) waitFor(text string) {
	tty.t.Helper()
	late := time.After(10 * time.Second)
	for {
		seen := tty.shown()
		if strings.Contains(seen, text) {
			return
		}
		select {
		case <-tty.more:
		case <-late:
			tty.t.Fatalf("never on the terminal: %q; it shows %q", text, seen)
		}
	}
}

func (tty *terminalTest) shown() string {
	tty.mu.Lock()
	defer tty.mu.Unlock()
	return tty.seen.String()
}

// requireEnd waits for a client that was told to leave, but not as long as the
// client itself waits for a server.
func requireEnd(t *testing.T, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(5 * time.Second):
		t.Fatal("the client did not leave")
	}
}

// heard is what from says next.
func heard(t *testing.T, conn *chatroom.Conn, from string) string {
	t.Helper()
	for {
		m, err := conn.Receive()
		require.NoError(t, err)
		if m.From == from && m.Text != "" {
			return m.Text
		}
	}
}
