package exercise_test

import (
	_ "embed"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "example.com/netlessons/lessons/12-chat-cluster"
	"example.com/netlessons/lessons/internal/check"
)

//go:embed exercise.go
var source string

func TestBothRoomsShowEverythingOnce(t *testing.T) {
	s := newStage(t)
	east, west := s.open("east"), s.open("west")
	s.say(east, "hello")
	s.deliver()
	for _, v := range []*view{west, east} {
		switch len(v.shown) {
		case 0:
			s.show(v, "hello", "nothing that was said is shown; is the TODO still there?")
		case 2:
			s.show(v, "hello", "a room shows what it says itself, and again when it comes from the bus")
		}
		s.show(v, "hello", "a room shows something else than was said")
	}
	s.say(west, "hi")
	s.deliver()
	s.show(east, "hello, hi", "each room counts for itself: remember for each From how far it has come")
	s.say(east, "hello")
	s.deliver()
	s.show(west, "hello, hi, hello", "whoever says the same twice has said two things: tell messages apart by From and Number, not by Text")
	if m := s.bus.log[2]; m.From != "east" || m.Number != 2 {
		s.c.Fail(`From "east", Number 2`, fmt.Sprintf("From %q, Number %d", m.From, m.Number), "a room gives each message its id and the next number")
	}
}

func TestAllRoomsShowTheSameConversation(t *testing.T) {
	s := newStage(t)
	east, west := s.open("east"), s.open("west")
	s.say(east, "e1")
	s.say(west, "w1")
	s.say(east, "e2")
	s.deliver()
	const cause = "a room shows its own words at once, before those that the bus had earlier: show everything when it comes from the bus, and only then"
	s.show(west, "e1, w1, e2", cause)
	s.show(east, "e1, w1, e2", cause)
}

func TestWhatComesAgainIsNotShownAgain(t *testing.T) {
	s := newStage(t)
	east, west := s.open("east"), s.open("west")
	for _, v := range []*view{east, west, east} {
		s.say(v, fmt.Sprint(v.id, len(s.bus.log)))
	}
	s.deliver()
	s.again(1)
	s.show(west, "east0, west1, east2", "what the bus delivers again is shown again: the Number says that it has come before")
	s.again(3)
	s.show(west, "east0, west1, east2", "it is not enough to compare with the message before: after a reconnect several come again, in their old order")
	s.say(east, "east3")
	s.deliver()
	s.show(west, "east0, west1, east2, east3", "after a reconnect new messages come as before")
}

func TestTheBusIsDown(t *testing.T) {
	s := newStage(t)
	east, west := s.open("east"), s.open("west")
	s.say(east, "before")
	s.deliver()
	s.c.Step("the bus goes down; calls Say(\"lost\") in east")
	s.bus.down = true
	var err error
	s.guard(func() { err = east.room.Say("lost") })
	if err == nil {
		s.c.Fail("an error", "nil", "Say hides that nobody gets the message; return the error of Publish")
	}
	s.deliver()
	s.show(east, "before", "a room shows what no other room will ever see: Publish has failed")
	s.c.Step("the bus is up again")
	s.bus.down = false
	s.say(east, "after")
	s.deliver()
	s.show(east, "before, after", "after a failed Publish, what is said next is lost too: a Number may be left out")
	s.show(west, "before, after", "after a failed Publish, what is said next is lost too: a Number may be left out")
}

func TestComingLateAndLeaving(t *testing.T) {
	s := newStage(t)
	east, west := s.open("east"), s.open("west")
	s.say(east, "one")
	s.say(east, "two")
	s.deliver()
	late := s.open("late")
	s.say(east, "three")
	s.deliver()
	s.show(late, "three", "the first Number that a late room sees is not 1: show what is higher than the last one, not only the next one")
	s.c.Step("closes west")
	s.guard(west.room.Close)
	s.say(east, "four")
	s.deliver()
	s.show(west, "one, two, three", "a closed room still shows what is said: call stop")
	s.show(late, "three, four", "when one room closes, the others stay on the bus")
}

func TestManyGoroutinesSaySomething(t *testing.T) {
	s := newStage(t)
	s.c.IfItHangs("a mutex stays locked, or Say waits for its message to come back from the bus")
	east, west := s.open("east"), s.open("west")
	s.c.Step("two goroutines call Say in east at the same moment; the bus is slow to take what comes first")
	entered, overtaken := make(chan struct{}), make(chan struct{})
	var begun, ended atomic.Int32
	s.bus.before = func() {
		if begun.Add(1) == 1 {
			close(entered)
			select {
			case <-overtaken:
			case <-time.After(150 * time.Millisecond): // the other waits its turn
			}
		}
	}
	s.bus.after = func() {
		if ended.Add(1) == 1 {
			close(overtaken)
		}
	}
	var done sync.WaitGroup
	say := func(text string) (returned chan struct{}) {
		returned = make(chan struct{})
		done.Go(func() {
			defer close(returned)
			defer s.recover()
			east.room.Say(text)
		})
		return returned
	}
	returned := say("first")
	select {
	case <-entered:
	case <-returned: // it has published nothing
	}
	say("second")
	done.Wait()
	s.bus.before = nil
	s.deliver() // tells of a panic too
	if len(west.shown) != 2 {
		s.c.Fail("two messages", west.String(), "Number 2 has overtaken Number 1, which then looks like a double: take the number and publish it under one mutex")
	}

	s.c.Step("8 goroutines call Say in east 50 times each")
	for g := range 8 {
		done.Go(func() {
			defer s.recover()
			for i := range 50 {
				east.room.Say(fmt.Sprint(g, " says ", i))
			}
		})
	}
	done.Wait()
	s.bus.limit = 1000
	s.deliver()
	if len(west.shown) != 402 {
		s.c.Fail("402 messages", fmt.Sprint(len(west.shown)), "messages are lost when many goroutines call Say at once: two of them got the same Number")
	}
}

// A stage is two rooms and a bus on which nothing moves before the check says so.
type stage struct {
	c   *check.Check
	bus *bus

	mu       sync.Mutex
	panicked string
}

// A view is a room and what its clients see.
type view struct {
	id    string
	room  *Room
	shown []string
}

func (v *view) String() string { return strings.Join(v.shown, ", ") }

func newStage(t *testing.T) *stage {
	t.Helper()
	c := check.Begin(t, source)
	c.IfItHangs("Say or the handler waits for something; the bus delivers when both have returned")
	return &stage{c: c, bus: &bus{limit: 100}}
}

func (s *stage) open(id string) *view {
	s.c.Step("opens the room %q on the bus", id)
	v := &view{id: id}
	s.guard(func() { v.room = NewRoom(id, s.bus, func(m Message) { v.shown = append(v.shown, m.Text) }) })
	if v.room == nil {
		s.c.Fail("a room", "nil", "NewRoom returns no room")
	}
	return v
}

func (s *stage) say(v *view, text string) {
	s.c.Step("calls Say(%q) in %s", text, v.id)
	var err error
	s.guard(func() { err = v.room.Say(text) })
	if err != nil && strings.Contains(err.Error(), "TODO") {
		s.c.Fail("no error", err.Error(), "nothing that was said is shown; is the TODO still there?")
	}
	s.c.NoError(err, "Say fails although the bus has taken the message")
}

// deliver lets the bus deliver all that was published.
func (s *stage) deliver() {
	s.c.Step("the bus delivers")
	looped := false
	s.guard(func() { looped = !s.bus.deliver() })
	if looped {
		s.c.Fail("as many messages as were said", fmt.Sprintf("more than %d", s.bus.limit), "a room publishes what it hears, hears it again, and so on for ever: only Say publishes")
	}
}

// again lets the bus deliver the last n messages once more.
func (s *stage) again(n int) {
	s.c.Step("the bus reconnects, and delivers the last %d once more", n)
	s.guard(func() { s.bus.again(n) })
}

func (s *stage) show(v *view, want, cause string) {
	if got := v.String(); got != want {
		s.c.Fail(fmt.Sprintf("%s shows: %s", v.id, want), got, cause)
	}
}

// guard calls the student's code, and tells of a panic in it.
func (s *stage) guard(f func()) {
	func() {
		defer s.recover()
		f()
	}()
	if s.panicked != "" {
		s.c.Fail("no panic", s.panicked, "a map that was never made, or a nil function: what does NewRoom have to prepare?")
	}
}

func (s *stage) recover() {
	if r := recover(); r != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.panicked = fmt.Sprintf("%v", r)
		for line := range strings.Lines(string(debug.Stack())) {
			if strings.Contains(line, "exercise.go:") {
				s.panicked += " at " + strings.TrimSpace(line)
				break
			}
		}
	}
}

// A bus holds what is published until deliver is called.
type bus struct {
	before func() // called by Publish first
	after  func() // and last
	limit  int    // how much is no loop

	mu        sync.Mutex
	down      bool
	log       []Message
	delivered int
	handlers  []*func(Message)
}

func (b *bus) Publish(m Message) error {
	if b.before != nil {
		b.before()
		defer b.after()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return errors.New("the bus is down")
	}
	b.log = append(b.log, m)
	return nil
}

func (b *bus) Subscribe(handler func(Message)) (stop func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &handler
	b.handlers = append(b.handlers, p)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.handlers = slices.DeleteFunc(b.handlers, func(q *func(Message)) bool { return q == p })
	}
}

// deliver reports whether it came to an end.
func (b *bus) deliver() bool {
	for {
		b.mu.Lock()
		if b.delivered == len(b.log) || len(b.log) > b.limit {
			defer b.mu.Unlock()
			return b.delivered == len(b.log)
		}
		m := b.log[b.delivered]
		b.delivered++
		handlers := slices.Clone(b.handlers)
		b.mu.Unlock()
		for _, h := range handlers {
			(*h)(m)
		}
	}
}

func (b *bus) again(n int) {
	for _, m := range b.log[len(b.log)-n:] {
		for _, h := range b.handlers {
			(*h)(m)
		}
	}
}
