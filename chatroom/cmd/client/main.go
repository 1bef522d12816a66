// Command client is a chat client for the terminal. On a terminal it edits
// lines; in a pipe it says each line of its standard input and prints what
// everybody says:
//
//	echo hello | client -nick ann -room tea
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli"
	"example.com/netlessons/chatroom/protocol"
	"example.com/netlessons/chatroom/talk"
)

const longestLine = 1 << 20 // bytes; the server takes less

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("client [-addr HOST:PORT] [-room NAME] -nick NAME", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9999", "`HOST:PORT` of the server")
	nick := fs.String("nick", "", "the `NAME` that others see")
	room := fs.String("room", protocol.Lobby, "the room's `NAME`; it begins when somebody asks for it")
	timeout := fs.Duration("timeout", 5*time.Minute, "how long to try to come back when the connection is lost; 0 is for ever")
	secure := fs.Bool("tls", false, "the server has a certificate")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *nick == "" {
		return cli.Usage(fs, "-nick is missing")
	}
	place := talk.Place{Addr: *addr, Join: chatroom.Join{Nick: *nick, Room: *room}, Patience: *timeout}
	if *secure {
		place.Join.TLS = &tls.Config{}
	}

	if t, ok := newTerminal(stdin, stdout); ok {
		return t.talk(ctx, place)
	}
	return pipe(ctx, place, stdin, stdout)
}

// pipe says every line of stdin. A read that fails ends the talk like the end
// of the input, and is the error.
func pipe(ctx context.Context, place talk.Place, stdin io.Reader, stdout io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines, failed := make(chan string), make(chan error, 1)
	go func() { // in the background, because nothing can interrupt a read from a terminal
		defer close(lines)
		in := bufio.NewScanner(stdin)
		in.Buffer(nil, longestLine)
		for in.Scan() {
			select {
			case lines <- in.Text():
			case <-ctx.Done():
				return
			}
		}
		if err := in.Err(); err != nil {
			failed <- fmt.Errorf("read the input: %w", err)
		}
	}()
	err := talk.Run(ctx, place, lines, func(e talk.Event) { fmt.Fprintln(stdout, line(e.Message)) })
	select {
	case readErr := <-failed:
		return readErr
	default:
		return err
	}
}

// line is m as one line in which nothing of others can harm: no control
// character, nothing that turns the direction of text; line ends are shown.
func line(m protocol.Message) string {
	m.Text = strings.NewReplacer("\r\n", " ⏎ ", "\n", " ⏎ ", "\t", "    ").Replace(m.Text)
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, m.String())
}
