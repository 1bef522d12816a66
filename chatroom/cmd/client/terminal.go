package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/ergochat/readline"
	"golang.org/x/term"

	"example.com/netlessons/chatroom/protocol"
	"example.com/netlessons/chatroom/talk"
)

const maxTyped = 10000 // lines ahead of a server that does not answer

// terminal is a keyboard and a screen on which a line can be edited while
// others write above it.
type terminal struct {
	keyboard, screen *os.File
}

// newTerminal is false if one of the two is none, or too simple for editing.
func newTerminal(stdin io.Reader, stdout io.Writer) (*terminal, bool) {
	keyboard, ok1 := stdin.(*os.File)
	screen, ok2 := stdout.(*os.File)
	if !ok1 || !ok2 || !term.IsTerminal(int(keyboard.Fd())) || !term.IsTerminal(int(screen.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil, false
	}
	return &terminal{keyboard: keyboard, screen: screen}, true
}

func (t *terminal) talk(ctx context.Context, place talk.Place) error {
	editor, closeEditor, err := t.open()
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	lines := read(ctx, editor, cancel)
	defer func() {
		cancel()
		closeEditor()
		for range lines { // until nobody reads any more
		}
	}()
	place.Asks = true
	return talk.Run(ctx, place, lines, func(e talk.Event) {
		if !e.Own { // that line is on the screen already
			fmt.Fprintln(editor, stamp(e.Message)+line(e.Message))
		}
	})
}

// open returns an editor that sees every key. The keyboard is raw until
// closeEditor, between two lines too: the terminal would take a Ctrl-C for itself
// there. Only while Ctrl-Z suspends the client the shell has it as it was.
func (t *terminal) open() (editor *readline.Instance, closeEditor func(), err error) {
	keyboard := int(t.keyboard.Fd())
	cooked, err := term.MakeRaw(keyboard)
	if err != nil {
		return nil, nil, err
	}
	var suspends atomic.Bool
	editor, err = readline.NewFromConfig(&readline.Config{
		Prompt: "> ", InterruptPrompt: "\n", EOFPrompt: "\n",
		Stdin: t.keyboard, Stdout: raw{t.screen}, Stderr: raw{t.screen},
		FuncIsTerminal: func() bool { return true },
		FuncGetSize:    t.size,
		FuncFilterInputRune: func(key rune) (rune, bool) {
			suspends.Store(key == readline.CharCtrlZ)
			return key, true
		},
		FuncExitRaw: func() error { // after each line, too
			if !suspends.Load() {
				return nil
			}
			return term.Restore(keyboard, cooked)
		},
		FuncMakeRaw: func() (err error) {
			if suspends.Swap(false) {
				_, err = term.MakeRaw(keyboard)
			}
			return err
		},
	})
	if err != nil {
		term.Restore(keyboard, cooked)
		return nil, nil, err
	}
	return editor, func() {
		editor.Close()
		term.Restore(keyboard, cooked)
	}, nil
}

// read reads lines until Ctrl-D; Ctrl-C leaves at once. It does not wait until
// somebody takes the lines: then it would not see the Ctrl-C.
func read(ctx context.Context, editor *readline.Instance, interrupt func()) <-chan string {
	lines := make(chan string, maxTyped)
	go func() {
		defer close(lines)
		for {
			line, err := editor.ReadLine()
			if errors.Is(err, readline.ErrInterrupt) {
				interrupt()
			}
			if err != nil {
				return
			}
			select {
			case lines <- line:
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// stamp says when something was said.
func stamp(m protocol.Message) string {
	if m.Type != protocol.Said {
		return ""
	}
	return time.UnixMilli(m.Time).Format("15:04 ")
}

// raw writes to a screen that is in raw mode, where a new line does not begin at
// the left by itself.
type raw struct{ screen io.Writer }

func (r raw) Write(b []byte) (int, error) {
	_, err := r.screen.Write(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
	return len(b), err
}

func (t *terminal) size() (width, height int) {
	width, height, err := term.GetSize(int(t.screen.Fd()))
	if err != nil {
		return -1, -1
	}
	return width, height
}
