// Package talk is a place in a chat room that outlives its connections. It
// comes back by itself, fetches what it missed, and says again what the server
// has not heard:
//
//	          ┌──────────── connection lost ───────────┐
//	Run ─► in the room ◄── history since, ── dial ◄────┘ waits longer each time
//	          │            what waits is said
//	          └─► left: no more lines, and all of them answered
//
// PROTOCOL.md describes the messages.
package talk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/protocol"
)

const (
	window   = 16              // messages on their way that are not answered
	goodbye  = 2 * time.Second // for the server to answer ours
	sayAgain = 3 * time.Second // what the server could not pass on
	longWait = 20 * time.Second
)

// Place says where to talk, and how.
type Place struct {
	Addr     string // HOST:PORT
	Join     chatroom.Join
	Patience time.Duration // to come back; 0: without end
	Asks     bool          // somebody is there who can choose another nickname
}

// Event is a message for the reader: one of the server's, or of type Status or
// Error from this package itself.
type Event struct {
	protocol.Message
	Own bool // it is the echo of a line that was said just now
}

// talk is one conversation; one goroutine has it.
type talk struct {
	Place
	tell  func(Event)
	lines <-chan string // nil once they have ended
	link  *link

	mark    string // of this conversation's refs
	refs    int
	waiting []*item // said, and not answered; in order
	again   <-chan time.Time
	room    string // to go to, when nothing waits any more

	last    uint64 // id of the newest message seen
	past    int    // messages of the history still to come
	missed  int
	back    bool // this is not the first connection
	tooLong bool // that is why the last one ended
	refused int  // lines
}

// item is a line that was said.
type item struct {
	ref, text string
	sent      bool // perhaps heard
	late      bool // it had to wait for a connection
}

var (
	errLeft = errors.New("left")
	errMove = errors.New("to another room")
)

// Run joins a room, says every line, and tells what happens, one event at a
// time, until there are no more lines and the server has answered all of them.
// It then returns nil, and likewise when ctx ends it; it is an error not to be
// let in, not to come back in time, and that the server refused lines, unless
// somebody was there to see it.
//
// Three lines are not for the server: /join ROOM goes to another room, an empty
// one does nothing, and /nick NAME can choose another nickname to come back with.
func Run(ctx context.Context, place Place, lines <-chan string, tell func(Event)) error {
	t := &talk{Place: place, tell: tell, lines: lines, mark: rand.Text()[:12]}
	link, err := dial(ctx, t.Addr, t.Join)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil
	case err != nil:
		return err
	}
	t.enter(link)
	defer func() { t.link.close() }()
	for {
		switch err = t.converse(ctx); {
		case errors.Is(err, errLeft):
			return t.result()
		case errors.Is(err, errMove):
			t.move(ctx)
			continue
		case ctx.Err() != nil:
			return t.leave()
		case closeCode(err) == protocol.CloseMoved:
			return fmt.Errorf("disconnected: %w", err)
		}
		switch err = t.comeBack(ctx, err); {
		case errors.Is(err, errLeft), ctx.Err() != nil:
			return t.result()
		case err != nil:
			return errors.Join(err, t.result())
		}
	}
}

// result is the error for lines that nobody saw refused.
func (t *talk) result() error {
	if n := t.refused + len(t.waiting); n > 0 && !t.Asks {
		return fmt.Errorf("lines that were not said, or perhaps not: %d", n)
	}
	return nil
}

// enter takes up a connection that is in the room.
func (t *talk) enter(l *link) {
	t.link = l
	w := l.Welcome
	t.Join.Nick, t.Join.Room, t.Join.Session = w.Nick, w.Room, w.Session
	t.missed, t.past = 0, 0
	if w.History != nil {
		t.past = *w.History
	}
	switch {
	case !t.back:
		t.tell(Event{Message: w})
	case !w.Resumed:
		t.note(protocol.Status, "messages may be missing here: the server no longer has them")
	}
	if t.past == 0 {
		t.caughtUp()
	}
}

// converse returns how the connection ended, or that it shall.
func (t *talk) converse(ctx context.Context) error {
	for leaving := false; ; {
		switch {
		case len(t.waiting) > 0 || t.past > 0 || leaving:
		case t.room != "":
			return errMove
		case t.lines == nil:
			t.link.Leave() // how it goes on is received
			leaving = true
		}
		select {
		case a := <-t.link.arrivals:
			if a.err == io.EOF {
				return errLeft
			} else if a.err != nil {
				return a.err
			}
			t.receive(a.Message)
		case line, ok := <-t.nextLine():
			t.take(line, ok)
		case <-t.again:
			t.sayWaiting()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// nextLine is where the next line comes from; nil as long as none is wanted.
func (t *talk) nextLine() <-chan string {
	if len(t.waiting) >= window || t.room != "" {
		return nil
	}
	return t.lines
}

// take says a line. Without a connection it waits.
func (t *talk) take(line string, ok bool) {
	room, join := strings.CutPrefix(line, "/join ")
	switch {
	case !ok:
		t.lines = nil
	case strings.TrimSpace(line) == "":
	case join:
		t.room = strings.TrimSpace(room)
	case isCommand(line) && t.link != nil:
		t.link.say(line, "")
	default:
		t.refs++
		i := &item{ref: t.mark + "-" + strconv.Itoa(t.refs), text: line, late: t.link == nil}
		t.waiting = append(t.waiting, i)
		t.say(i)
	}
}

func isCommand(line string) bool {
	return strings.HasPrefix(line, "/") && !strings.HasPrefix(line, "//")
}

func (t *talk) say(i *item) {
	switch {
	case t.link == nil || t.past > 0: // later
	case isCommand(i.text): // it has no answer of its own kind
		t.settle(i.ref)
		t.link.say(i.text, "")
	default:
		i.sent = true
		t.link.say(i.text, i.ref)
	}
}

// sayWaiting says all that has not been sent.
func (t *talk) sayWaiting() {
	t.again = nil
	for _, i := range slices.Clone(t.waiting) {
		if !i.sent {
			t.say(i)
		}
	}
}

// settle takes an item off the list; nil if it is not one of ours.
func (t *talk) settle(ref string) *item {
	n := slices.IndexFunc(t.waiting, func(i *item) bool { return i.ref == ref })
	if n < 0 {
		return nil
	}
	i := t.waiting[n]
	t.waiting = slices.Delete(t.waiting, n, n+1)
	return i
}

func (t *talk) receive(m protocol.Message) {
	switch m.Type {
	case protocol.Said:
		t.hear(m)
	case protocol.Nick:
		if m.From == t.Join.Nick {
			t.Join.Nick = m.Nick
		}
		t.tell(Event{Message: m})
	case protocol.Status:
		if m.Code == protocol.Attached {
			t.sayWaiting()
		}
		t.tell(Event{Message: m})
	case protocol.Presence:
		m.Joined = slices.DeleteFunc(m.Joined, func(nick string) bool { return nick == t.Join.Nick })
		if len(m.Joined)+len(m.Left) > 0 {
			t.tell(Event{Message: m})
		}
	case protocol.Error:
		t.refuse(m)
		t.tell(Event{Message: m})
	case protocol.Help:
		m.Commands = append(m.Commands, protocol.Command{Usage: "/join ROOM", Text: "go to another room"})
		t.tell(Event{Message: m})
	default:
		t.tell(Event{Message: m})
	}
}

// refuse takes an error that the server sent.
func (t *talk) refuse(m protocol.Message) {
	n := slices.IndexFunc(t.waiting, func(i *item) bool { return i.ref == m.Ref })
	switch {
	case n >= 0 && m.Code == protocol.Unavailable:
		t.waiting[n].sent = false
		t.again = time.After(sayAgain)
	case n >= 0 || m.Ref == "": // a line, or a command
		t.settle(m.Ref)
		t.refused++
	}
}

func (t *talk) hear(m protocol.Message) {
	own := t.settle(m.Ref)
	if m.ID > t.last { // otherwise it was seen before the connection was lost
		t.last = m.ID
		if t.past > 0 && own == nil {
			t.missed++
		}
		t.tell(Event{Message: m, Own: own != nil && !own.late})
	}
	if t.past > 0 {
		if t.past--; t.past == 0 {
			t.caughtUp()
		}
	}
}

// caughtUp is called when the history is here. What was under way and is not
// in it is said again, unless the history has a gap: it may have been there.
func (t *talk) caughtUp() {
	w := t.link.Welcome
	t.last = max(t.last, w.Last)
	if t.back && w.Resumed {
		t.note(protocol.Status, fmt.Sprintf("back; messages missed and fetched: %d", t.missed))
	} else if t.back {
		t.note(protocol.Status, fmt.Sprintf("back; messages fetched: %d", t.missed))
	}
	for _, i := range slices.Clone(t.waiting) {
		switch {
		case i.sent && t.tooLong: // the server reads in order: it was the first of them
			t.giveUp(i, "not said, because it is too long; say it in shorter messages")
			t.tooLong = false
		case i.sent && t.back && !w.Resumed:
			t.giveUp(i, "perhaps not said; the server was restarted")
		}
		i.sent = false
	}
	t.tooLong = false
	t.back = true
	t.sayWaiting()
}

func (t *talk) giveUp(i *item, why string) {
	const shown = 40
	text := []rune(i.text)
	if len(text) > shown {
		text = append(text[:shown:shown], '…')
	}
	t.settle(i.ref)
	t.refused++
	t.note(protocol.Error, fmt.Sprintf("%s: %q", why, string(text)))
}

// note tells something of this package's own.
func (t *talk) note(kind, text string) {
	t.tell(Event{Message: protocol.Message{Type: kind, Text: text}})
}

// move goes to another room. If that room does not let us in, we stay.
func (t *talk) move(ctx context.Context) {
	join := chatroom.Join{Nick: t.Join.Nick, Room: t.room, TLS: t.Join.TLS}
	t.room = ""
	link, err := dial(ctx, t.Addr, join)
	if err != nil {
		t.note(protocol.Error, err.Error())
		return
	}
	t.link.leave(func(protocol.Message) {})
	t.last, t.back = 0, false
	t.enter(link)
}

// leave says goodbye, and tells what is under way.
func (t *talk) leave() error {
	if !t.link.leave(t.receive) {
		return errors.New("leave: the server did not answer the goodbye")
	}
	return nil
}
