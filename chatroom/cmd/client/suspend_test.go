//go:build unix

package main

import (
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/term"
)

func TestCtrlZLeavesTheTerminalToTheShell(t *testing.T) {
	signal.Ignore(syscall.SIGTSTP) // or it would suspend the tests
	defer signal.Reset(syscall.SIGTSTP)
	tty := openTerminal(t)
	mode := func() term.State {
		state, err := term.GetState(int(tty.end.Fd()))
		require.NoError(t, err)
		return *state
	}
	cooked := mode()
	client, ok := newTerminal(tty.end, tty.end)
	require.True(t, ok)
	editor, closeEditor, err := client.open()
	require.NoError(t, err)
	defer closeEditor()
	raw := mode()
	require.NotEqual(t, cooked, raw)

	line := make(chan string, 1)
	go func() {
		got, _ := editor.ReadLine()
		line <- got
	}()
	tty.typeKeys("\x1a")
	require.Eventually(t, func() bool { return mode() == cooked }, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { // it may not wait for the signal yet
		require.NoError(t, syscall.Kill(syscall.Getpid(), syscall.SIGCONT))
		return mode() == raw
	}, 5*time.Second, 10*time.Millisecond)
	tty.typeKeys("one\r")
	require.Equal(t, "one", <-line)
	require.Equal(t, raw, mode(), "between two lines")
}
