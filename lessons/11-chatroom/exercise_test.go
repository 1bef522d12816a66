package exercise_test

import (
	_ "embed"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	. "example.com/netlessons/lessons/11-chatroom"
	"example.com/netlessons/lessons/internal/check"
)

//go:embed exercise.go
var source string

// What a mutex is to blame for: the check cannot see that somebody waits for
// one, and time runs out.
const locked = "a mutex is locked twice by the same goroutine, or never unlocked: a method that holds it calls another one that locks it"

func TestEverybodyHearsWhatIsSaid(t *testing.T) {
	inBubble(t, func(b *bubble) {
		room := NewRoom(8)
		ann, bob := b.join(room, "ann"), b.join(room, "bob")
		b.broadcast(room, "one")
		b.hears(ann, "ann", []string{"one"}, false, "Broadcast does not reach everybody in the room; is the TODO still there?")
		b.hears(bob, "bob", []string{"one"}, false, "Broadcast does not reach everybody in the room")
		eve := b.join(room, "eve")
		b.broadcast(room, "two")
		b.hears(ann, "ann", []string{"two"}, false, "Broadcast does not reach everybody in the room")
		b.hears(eve, "eve", []string{"two"}, false, "a client hears what is said from its Join on, no more and no less")
		b.call("Close", room.Close, "Close waits for something that does not come")
	})
}

func TestASlowClientHoldsUpNobody(t *testing.T) {
	inBubble(t, func(b *bubble) {
		room := NewRoom(3)
		fast, slow := b.join(room, "ann"), b.join(room, "eve, who does not read; the queue holds 3")
		for _, text := range []string{"1", "2", "3", "4", "5"} {
			b.broadcast(room, text)
			b.hears(fast, "ann", []string{text}, false, "ann reads everything at once, and yet a message did not reach her: what is done about eve must not concern her")
		}
		texts, closed := b.read(slow)
		got := heard(texts, closed)
		switch want := []string{"1", "2", "3"}; {
		case len(texts) > len(want):
			b.fail(heard(want, true), got, "more messages wait than the queue holds: a goroutine that holds a message until somebody reads is a queue too, one without end")
		case !closed:
			b.fail(heard(want, true), got, "eve misses a message and does not know it: put out a client whose queue is full")
		case !slices.Equal(texts, want):
			b.fail(heard(want, true), got, "what waits in the queue when eve is put out is still hers to read")
		}
		b.call("Leave for eve, who is out already", func() { room.Leave(slow) }, "")
		b.call("Close", room.Close, "Close waits for something that does not come")
	})
}

func TestLeaving(t *testing.T) {
	inBubble(t, func(b *bubble) {
		room := NewRoom(8)
		ann, bob := b.join(room, "ann"), b.join(room, "bob")
		b.broadcast(room, "one")
		b.call("Leave for ann, for whom a message still waits", func() { room.Leave(ann) }, "Leave waits for the client; it only has to put it out")
		b.hears(ann, "ann", []string{"one"}, true, "whoever ranges over ann's Messages waits for ever: close the channel when she leaves")
		b.call("Leave for ann again", func() { room.Leave(ann) }, "")
		b.broadcast(room, "two")
		b.hears(bob, "bob", []string{"one", "two"}, false, "when ann leaves, bob stays and hears everything")
		b.call("Close", room.Close, "Close waits for something that does not come")
		b.hears(bob, "bob", nil, true, "Close leaves bob waiting for ever: put everybody out")
	})
}

func TestAfterClose(t *testing.T) {
	inBubble(t, func(b *bubble) {
		room := NewRoom(8)
		ann := b.join(room, "ann")
		b.call("Close", room.Close, "Close waits for something that does not come")
		b.call("Close again", room.Close, "a second Close waits for ever")
		b.call("Leave for ann", func() { room.Leave(ann) }, "after Close, Leave waits for ever: nobody is there to do what it asks for")
		b.broadcast(room, "anybody there?")
		late := b.join(room, "eve")
		b.hears(late, "eve", nil, true, "who joins after Close would wait for ever: give it a closed channel")
	})
}

func TestManyAtOnce(t *testing.T) {
	inBubble(t, func(b *bubble) {
		b.c.Step("10 times: 5 clients listen, 4 goroutines say 50 messages each; meanwhile 20 others join, and each leaves twice at the same moment")
		for range 10 {
			manyAtOnce(b, 4, 50)
		}
		b.c.Step("says something to 2000 clients while others come and go: without a mutex the runtime finds two goroutines in one map")
		room := NewRoom(50)
		for range 2000 {
			room.Join()
		}
		var busy crowd
		for range 4 {
			busy.run(func() {
				for range 10 {
					room.Broadcast("all here?")
				}
			})
			busy.run(func() {
				for range 1000 {
					room.Leave(room.Join())
				}
			})
		}
		busy.wait(b)
		b.call("Close", room.Close, "Close waits for something that does not come")
	})
}

func manyAtOnce(b *bubble, speakers, each int) {
	room := NewRoom(speakers * each)
	var listening, busy crowd
	got := make([][]string, 5)
	for i := range got {
		c := room.Join()
		listening.run(func() {
			for text := range c.Messages {
				got[i] = append(got[i], text)
			}
		})
	}
	for s := range speakers {
		busy.run(func() {
			for i := range each {
				room.Broadcast(fmt.Sprintf("speaker %d, message %d", s, i))
			}
		})
	}
	for range 20 {
		busy.run(func() {
			for range 10 {
				c := room.Join()
				busy.run(func() { room.Leave(c) })
				room.Leave(c)
			}
		})
	}
	busy.wait(b)
	room.Close()
	listening.wait(b)
	for _, texts := range got {
		if len(texts) != speakers*each {
			b.fail(fmt.Sprintf("%d messages for each client", speakers*each), fmt.Sprint(len(texts)), "messages are lost when many goroutines call Broadcast at once, though the queue has room for all: protect the map with a mutex")
		}
		if !slices.Equal(got[0], texts) {
			b.fail("the same order for everybody", "different orders", "two Broadcasts run through each other: hold the mutex until everybody has the message")
		}
	}
	for s := range speakers {
		next := 0
		for _, text := range got[0] {
			if strings.HasPrefix(text, fmt.Sprintf("speaker %d,", s)) {
				if want := fmt.Sprintf("speaker %d, message %d", s, next); text != want {
					b.fail(want, text, "what one goroutine says arrives in another order")
				}
				next++
			}
		}
	}
}

// A crowd is goroutines that use the room at once.
type crowd struct {
	goroutines sync.WaitGroup
	mu         sync.Mutex
	panicked   any
}

func (all *crowd) run(f func()) {
	all.goroutines.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				all.mu.Lock()
				defer all.mu.Unlock()
				all.panicked = r
			}
		}()
		f()
	})
}

func (all *crowd) wait(b *bubble) {
	all.goroutines.Wait()
	if all.panicked != nil {
		b.panicked(all.panicked)
	}
}

// A bubble is a check in a bubble of testing/synctest, where it can be seen
// that a goroutine waits for ever. Its methods end the check in the bubble;
// what they found is told outside.
type bubble struct {
	c      *check.Check
	failed func()
}

// inBubble runs f, and then expects that no goroutine is left.
func inBubble(t *testing.T, f func(*bubble)) {
	t.Helper()
	b := &bubble{c: check.Begin(t, source)}
	b.c.IfItHangs(locked)
	defer func() {
		left := recover() // the bubble's: everybody who is left in it waits for ever
		if b.failed != nil {
			b.failed()
		}
		if strings.Contains(fmt.Sprint(left), "all goroutines") {
			b.c.Fail("the methods return", "one of them waits for ever", "two goroutines of the room wait for each other, or for a client that has left")
		}
		if left != nil {
			b.c.Fail("no goroutine is left after Close", fmt.Sprint(left), "the room has started a goroutine that nothing ends: Close must, or better, start none")
		}
	}()
	synctest.Test(t, func(*testing.T) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f(b)
		}()
		<-done
	})
}

func (b *bubble) fail(want, got, cause string) {
	b.failed = func() { b.c.Fail(want, got, cause) }
	runtime.Goexit()
}

func (b *bubble) panicked(r any) {
	cause := "the room panics when it is used as its comments allow"
	switch text := fmt.Sprint(r); {
	case strings.Contains(text, "close of closed"):
		cause = "a client's channel is closed twice: close it only where the client is taken out of the map, under the mutex"
	case strings.Contains(text, "send on closed"):
		cause = "a client whose channel is closed is still in the map: take it out in the same moment"
	case strings.Contains(text, "nil map"):
		cause = "the map was never made, or is nil after Close: writing to a nil map panics"
	}
	b.fail("no panic", fmt.Sprint(r), cause)
}

// call calls a method, which must return without anybody's help.
func (b *bubble) call(what string, method func(), cause string) {
	b.c.Step("calls %s", what)
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		method()
	}()
	synctest.Wait()
	select {
	case r := <-done:
		if r != nil {
			b.panicked(r)
		}
	default:
		b.fail("it returns", "it waits for ever", cause)
	}
}

func (b *bubble) join(room *Room, name string) (c *Client) {
	b.call("Join for "+name, func() { c = room.Join() }, "Join waits for something that does not come")
	if c == nil {
		b.fail("a client", "nil", "Join returns no client; is the TODO still there?")
	}
	return c
}

func (b *bubble) broadcast(room *Room, text string) {
	b.call(fmt.Sprintf("Broadcast(%q)", text), func() { room.Broadcast(text) }, "Broadcast waits for a client that does not read, and so does everybody else: a select with a default does not wait")
}

// hears expects what client c can read now.
func (b *bubble) hears(c *Client, name string, want []string, closed bool, cause string) {
	b.c.Step("reads what waits for %s", name)
	if texts, end := b.read(c); heard(texts, end) != heard(want, closed) {
		b.fail(heard(want, closed), heard(texts, end), cause)
	}
}

// read reads what a client can read without waiting.
func (b *bubble) read(c *Client) (texts []string, closed bool) {
	for {
		synctest.Wait() // until every goroutine of the room has done what it can
		select {
		case text, ok := <-c.Messages:
			if !ok {
				return texts, true
			}
			texts = append(texts, text)
		default:
			return texts, false
		}
	}
}

func heard(texts []string, closed bool) string {
	end := ", then nothing more yet"
	if closed {
		end = ", then the channel is closed"
	}
	return fmt.Sprintf("%q%s", texts, end)
}
