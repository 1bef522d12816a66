// Command client is a chat client for the terminal: it says each line of its
// standard input and prints what everybody says.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli"
	"example.com/netlessons/chatroom/ws"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("client [-addr HOST:PORT] -nick NAME", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9999", "`HOST:PORT` of the server")
	nick := fs.String("nick", "", "the `NAME` that others see")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *nick == "" {
		return cli.Usage(fs, "-nick is missing")
	}

	conn, err := chatroom.Dial(ctx, *addr, *nick)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintln(stdout, ws.Message{Type: ws.Join, From: *nick})

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines, end := readLines(ctx, stdin)
	received := make(chan error, 1)
	go func() { received <- receive(conn, stdout) }()
	var inputErr error
	for {
		select {
		case line := <-lines:
			if err := conn.Send(line); os.IsTimeout(err) {
				return fmt.Errorf("%w; the server takes no more: say less at once", err)
			} else if err != nil { // the connection has ended
				return <-received
			}
		case inputErr = <-end:
			conn.Leave() // received tells when the server has taken all lines, at its pace, and this
		case <-ctx.Done():
			return errors.Join(inputErr, leave(conn, received))
		case err := <-received:
			return errors.Join(inputErr, err)
		}
	}
}

// readLines reads in the background, because nothing can interrupt a read from
// a terminal. end gets the read error, nil at the end of the input.
func readLines(ctx context.Context, stdin io.Reader) (lines <-chan string, end <-chan error) {
	out, err := make(chan string), make(chan error, 1)
	go func() {
		in := bufio.NewScanner(stdin)
		for in.Scan() {
			select {
			case out <- in.Text():
			case <-ctx.Done():
				return
			}
		}
		err <- in.Err()
	}()
	return out, err
}

// receive prints messages until the connection ends; nil if this client ended it.
func receive(conn *chatroom.Conn, stdout io.Writer) error {
	for {
		m, err := conn.Receive()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("disconnected: %w", err)
		}
		fmt.Fprintln(stdout, m)
	}
}

// leave says goodbye and waits until what is under way is printed.
func leave(conn *chatroom.Conn, received <-chan error) error {
	conn.Leave() // if it fails, received says why
	select {
	case err := <-received:
		return err
	case <-time.After(2 * time.Second):
		return errors.New("the server did not answer the goodbye")
	}
}
