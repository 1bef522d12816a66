package talk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/protocol"
)

// link is one connection, and a goroutine that reads from it.
type link struct {
	*chatroom.Conn
	arrivals chan arrival // closed after the first error
}

type arrival struct {
	protocol.Message
	err error
}

func dial(ctx context.Context, addr string, join chatroom.Join) (*link, error) {
	conn, err := chatroom.Dial(ctx, addr, join)
	if err != nil {
		return nil, err
	}
	l := &link{conn, make(chan arrival)}
	go func() {
		defer close(l.arrivals)
		for {
			m, err := conn.Receive()
			l.arrivals <- arrival{m, err}
			if err != nil {
				return
			}
		}
	}()
	return l, nil
}

// say sends text. If that fails, the connection ends, and arrivals tells why.
func (l *link) say(text, ref string) {
	if err := l.SendRef(text, ref); err != nil {
		l.Conn.Close()
	}
}

// leave says goodbye and passes on what arrives until the server has answered.
// It is false if it did not, for long.
func (l *link) leave(receive func(protocol.Message)) bool {
	defer l.close()
	l.Leave()
	late := time.After(goodbye)
	for {
		select {
		case a := <-l.arrivals:
			if a.err != nil {
				return a.err == io.EOF
			}
			receive(a.Message)
		case <-late:
			return false
		}
	}
}

// close ends the connection and its goroutine.
func (l *link) close() {
	if l == nil {
		return
	}
	l.Conn.Close()
	for range l.arrivals {
	}
}

// comeBack dials until it is in the room again. Lines that come meanwhile wait.
func (t *talk) comeBack(ctx context.Context, lost error) error {
	t.link.close()
	t.link = nil
	t.tooLong = closeCode(lost) == websocket.CloseMessageTooBig
	t.note(protocol.Status, "connection lost: "+reason(lost)+"; trying again")
	var patience <-chan time.Time
	if t.Patience > 0 {
		patience = time.After(t.Patience)
	}
	for wait := 400 * time.Millisecond; ; wait = min(2*wait, longWait) {
		// With some chance in it, so that not all come back in the same moment.
		if err := t.wait(ctx, patience, wait/2+rand.N(wait/2)); errors.Is(err, errGaveUp) {
			return fmt.Errorf("%w after %v: %w", err, t.Patience, lost)
		} else if err != nil {
			return err
		}
		join := t.Join
		join.Since = t.last
		link, err := dial(ctx, t.Addr, join)
		if err == nil {
			t.enter(link)
			return nil
		}
		lost = err
		var refused chatroom.Refused
		if !errors.As(err, &refused) {
			continue
		}
		if refused.Code != protocol.NickTaken || !t.Asks {
			return err
		}
		t.note(protocol.Error, refused.Text+" with /nick NAME")
		if t.Join.Nick, err = t.askNick(ctx); err != nil {
			return err
		}
	}
}

var errGaveUp = errors.New("gave up")

// wait lets some time pass. It returns nil when that is over, and [errLeft]
// if there is no more reason to come back.
func (t *talk) wait(ctx context.Context, patience <-chan time.Time, some time.Duration) error {
	over := time.After(some)
	for {
		if t.lines == nil && len(t.waiting) == 0 {
			return errLeft
		}
		select {
		case line, ok := <-t.nextLine():
			t.take(line, ok)
		case <-over:
			return nil
		case <-patience:
			return errGaveUp
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// askNick waits for /nick NAME.
func (t *talk) askNick(ctx context.Context) (string, error) {
	for {
		select {
		case line, ok := <-t.lines:
			if !ok {
				return "", errLeft
			}
			if nick, ok := strings.CutPrefix(line, "/nick "); ok {
				return strings.TrimSpace(nick), nil
			}
			t.take(line, ok)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// closeCode is the code of the close frame that ended a connection; 0 if none did.
func closeCode(err error) int {
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		return closed.Code
	}
	return 0
}

// reason is why a connection ended, in words for the reader.
func reason(err error) string {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return err.Error()
	}
	if _, text, ok := strings.Cut(closed.Text, ": "); ok {
		return text
	}
	if closed.Code == websocket.CloseMessageTooBig {
		return "a message was too long"
	}
	return "it was cut"
}
