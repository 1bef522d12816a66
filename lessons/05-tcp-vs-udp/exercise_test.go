package exercise_test

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	. "example.com/netlessons/lessons/05-tcp-vs-udp"
	"example.com/netlessons/lessons/internal/check"
	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/netlabtest"
	"example.com/netlessons/netlab/trace"
)

//go:embed exercise.go
var source string

var (
	five   = []string{"one", "two", "three", "four", "five"}
	twelve = strings.Fields("a b c d e f g h i j k l")
)

func TestSendDeliversOneMessageAtATime(t *testing.T) {
	c := check.Begin(t, source)
	c.Step("calls Send with 5 messages and a window of 1, over a wire that loses nothing")
	r := play(t, c, nil, calls(five, 1), answers)
	if len(r.numbers()) == 0 {
		c.Fail("6 datagrams: 5 messages and the end", "none", "Send put nothing on the wire; is the TODO still there?")
	}
	r.mustReturn(c, "Send", "Send waits for an answer that was there already, or it waits for one more than it gets")
	c.NoError(r.sendErr, "Send failed although nothing was lost")
	r.mustDeliver(c, five, "Send leaves out the end, which is a message of its own: the next number, and no text")
	r.mustNotRepeat(c, "Send does not wait for Patience: it sends again before the answer can be there")
	if most := r.underWay(); most > 1 {
		c.Fail("at most 1 message under way", fmt.Sprintf("%d\n%s", most, r.wire()), "Send sends on although the window is full; with a window of 1 each message waits for the answer to the last")
	}
}

func TestSendKeepsTheWindowFull(t *testing.T) {
	c := check.Begin(t, source)
	c.Step("calls Send with 12 messages and a window of 4, over a wire that loses nothing")
	r := play(t, c, nil, calls(twelve, 4), answers)
	r.mustReturn(c, "Send", "Send does not end when a window of messages is answered")
	c.NoError(r.sendErr, "Send failed although nothing was lost")
	r.mustDeliver(c, twelve, "Send goes wrong when several messages are under way: each answer moves the window on")
	most := r.underWay()
	got := fmt.Sprintf("%d\n%s", most, r.wire())
	switch {
	case most == 1:
		c.Fail("4 messages under way", got, "Send waits for each answer before it sends on: that is stop-and-wait, whatever the window")
	case most > 4:
		c.Fail("4 messages under way", got, "Send has more than window messages under way, which is a limit and not a hint")
	case most < 4:
		c.Fail("4 messages under way", got, "Send does not fill the window: with a window of 4 messages 0, 1, 2 and 3 leave at once")
	}
}

func TestSendSendsAgainWhatWasLost(t *testing.T) {
	check.Begin(t, source)
	for _, tt := range []struct {
		name string
		lost netlab.Match
	}{
		{"message 2", netlab.Nth(1, data(2))},
		{"the answer to the end", netlab.Nth(1, answer(6))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			c.Step("calls Send with 5 messages and a window of 1; %s is lost once", tt.name)
			c.IfItHangs("Send does not end when Read fails: only os.ErrDeadlineExceeded means to try again")
			r := play(t, c, func(l *netlab.Lab) { l.Fault("lost", tt.lost, netlab.Drop) }, calls(five, 1), answers)
			r.mustReturn(c, "Send", "Send waits for ever for the answer to a datagram that was lost: give Read a deadline")
			c.NoError(r.sendErr, "Send gives up at the first datagram that is lost: a deadline that is over means to send again")
			r.mustDeliver(c, five, "Send returned, but a message that was lost has not been sent again")
			r.mustNotRepeatAnswered(c, "Send begins again from the first message: send again only what is not answered")
		})
	}
}

func TestSendReadsTheNumberOfAnAnswer(t *testing.T) {
	c := check.Begin(t, source)
	c.Step("calls Send with 5 messages and a window of 2; each answer comes twice, message 3 is lost once")
	r := play(t, c, func(l *netlab.Lab) {
		l.Fault("twice", netlab.From("receiver"), netlab.Duplicate(time.Millisecond))
		l.Fault("lost", netlab.Nth(1, data(3)), netlab.Drop)
	}, calls(five, 2), answers)
	const counts = "Send counts answers, and an answer may come twice: what is answered is in its number"
	r.mustReturn(c, "Send", counts)
	c.NoError(r.sendErr, counts)
	r.mustDeliver(c, five, counts)

	c.Step("calls Send with 6 messages and a window of 4; an early answer comes late, messages 4 and 5 and the end are lost once")
	six := append(slices.Clone(five), "six")
	r = play(t, c, func(l *netlab.Lab) {
		l.Fault("late", netlab.Nth(1, answer(1)), netlab.Delay(30*time.Millisecond))
		for n := 4; n <= 6; n++ {
			l.Fault("lost", netlab.Nth(1, data(n)), netlab.Drop)
		}
	}, calls(six, 4), answers)
	const back = "an answer that was overtaken moves the window back: its number counts only if it is higher than what is known"
	r.mustReturn(c, "Send", back)
	c.NoError(r.sendErr, back)
	r.mustDeliver(c, six, back)
	r.mustNotRepeatAnswered(c, back)
}

func TestSendGivesUpWhenNobodyAnswers(t *testing.T) {
	c := check.Begin(t, source)
	c.Step("calls Send; every answer is lost")
	r := play(t, c, func(l *netlab.Lab) { l.Fault("lost", netlab.From("receiver"), netlab.Drop) }, calls(five, 2), answers)
	r.mustReturn(c, "Send", "Send goes on for ever although nobody answers: after GiveUp it returns the error")
	c.ErrorIs(r.sendErr, os.ErrDeadlineExceeded, "Send hides that nobody answered; when it gives up, it returns the error of Read")
	if r.sendTook < GiveUp {
		c.Fail("Send tries for 10s", fmt.Sprintf("it returns after %v", r.sendTook), "Send gives up too early: it may lose several datagrams one after another")
	}
}

func TestReceiveReturnsEachMessageOnceInOrder(t *testing.T) {
	check.Begin(t, source)
	const (
		todo    = "Receive did not answer; is the TODO still there?"
		loop    = "Receive ends after one datagram; it wants a loop"
		double  = "Receive does not answer what it has already; but its answer may have been lost, and Send waits for one"
		missing = "Receive says that it has what is still missing: an answer is the number that is wanted next, not the number that came"
		early   = "Receive throws away what comes early: keep it until the missing one is there, and answer for both"
		leaves  = "Receive leaves as soon as it has the end; but if its last answer is lost, Send says the end again, and nobody is there"
		tooSoon = "Receive takes the end for the end although a message before it is missing"
	)
	const orNone = -1
	type step struct {
		number int
		text   string
		want   []int  // the answers that are right
		silent string // the cause, if no answer comes
		wrong  string // the cause, if another one comes
	}
	for _, tt := range []struct {
		name  string
		steps []step
		want  []string
		cause string // if it returns something else
	}{
		{"in order", []step{
			{0, "a", []int{1}, todo, missing},
			{1, "b", []int{2}, loop, missing},
			{2, "", []int{3}, "the end wants an answer too", "the end has a number too, and the answer to it is the next"},
		}, []string{"a", "b"}, "Receive does not return what came; the end is no message"},
		{"each twice", []step{
			{0, "a", []int{1}, todo, missing},
			{0, "a", []int{1}, double, missing},
			{1, "b", []int{2}, loop, missing},
			{1, "b", []int{2}, double, missing},
			{2, "", []int{3}, loop, missing},
		}, []string{"a", "b"}, "Receive keeps a message each time it comes: look at its number, whether it is here already"},
		{"message 1 is overtaken", []step{
			{0, "a", []int{1}, todo, missing},
			{2, "c", []int{1, orNone}, loop, missing},
			{1, "b", []int{3}, loop, early},
			{3, "", []int{4}, loop, missing},
		}, []string{"a", "b", "c"}, "Receive returns messages in the order in which they came: their order is in their numbers"},
		{"the end overtakes message 1", []step{
			{0, "a", []int{1}, todo, missing},
			{2, "", []int{1, orNone}, tooSoon, missing},
			{1, "b", []int{2, 3}, tooSoon, tooSoon},
			{2, "", []int{3}, leaves, early},
		}, []string{"a", "b"}, tooSoon},
		{"the answer to the end is lost", []step{
			{0, "a", []int{1}, todo, missing},
			{1, "", []int{2}, loop, missing},
			{1, "", []int{2}, leaves, missing},
			{1, "", []int{2}, leaves, missing},
		}, []string{"a"}, "Receive keeps something more than the messages"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			c.Step("calls Receive")
			c.IfItHangs("Receive does not return when ReadFrom fails")
			var fail func()
			r := play(t, c, nil, func(conn net.Conn) error {
				for _, s := range tt.steps {
					got := ask(c, conn, s.number, s.text)
					if slices.Contains(s.want, got) {
						time.Sleep(Linger / 4)
						continue
					}
					came, cause := fmt.Sprintf("the answer %d", got), s.wrong
					if got < 0 {
						came, cause = "no answer", s.silent
					}
					fail = func() { c.Fail(fmt.Sprintf("the answer %d", s.want[0]), came, cause) }
					return nil
				}
				return nil
			}, Receive)
			if fail != nil {
				fail()
			}
			c.Step("waits for Receive to return")
			r.mustReturn(c, "Receive", "Receive stays for ever: when it has the end, it waits for Linger and returns")
			c.NoError(r.receiveErr, "Receive returns an error although it has all; a deadline that is over after the end is how it ends")
			c.Equal(tt.want, r.got, tt.cause)
		})
	}
}

func TestReceiveWaitsForASlowSender(t *testing.T) {
	c := check.Begin(t, source)
	r := play(t, c, nil, func(conn net.Conn) error {
		ask(c, conn, 0, "a")
		time.Sleep(time.Minute)
		c.Step("lets a minute pass")
		ask(c, conn, 1, "")
		return nil
	}, Receive)
	const pause = "Receive gives up on a sender that makes a pause: before the end it waits as long as it takes"
	r.mustReturn(c, "Receive", pause)
	c.NoError(r.receiveErr, pause)
	c.Equal([]string{"a"}, r.got, pause)
}

func TestBothOverAWireThatLosesEveryFifthDatagram(t *testing.T) {
	check.Begin(t, source)
	var messages []string
	for i := range 30 {
		messages = append(messages, fmt.Sprintf("message %d", i))
	}
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			c := check.Begin(t, source)
			alone := transfer(t, c, seed, messages, 1)
			windowed := transfer(t, c, seed, messages, 8)
			if windowed > alone {
				c.Fail("a window of 8 is faster than one of 1", fmt.Sprintf("%v, and %v with 1", windowed, alone), "the window gains nothing: perhaps Send waits for Patience again and again, for one message after another")
			}
		})
	}
}

// transfer lets Send and Receive do it together, and returns how long it took.
func transfer(t *testing.T, c *check.Check, seed uint64, messages []string, window int) time.Duration {
	c.Step("calls Send and Receive: %d messages, window %d; 20 %% are lost, some come twice, some late", len(messages), window)
	c.IfItHangs("something goes on without end that no other test has shown; print what Send and Receive do")
	r := play(t, c, func(l *netlab.Lab) {
		l.Fault("late", netlab.Any, l.Jitter(20*time.Millisecond))
		l.Fault("twice", l.Chance(0.1), netlab.Duplicate(30*time.Millisecond))
		l.Fault("lost", l.Chance(0.2), netlab.Drop)
	}, calls(messages, window), Receive, netlab.Seed(seed))
	r.mustReturn(c, "Send", "Send and Receive wait for each other; look at what was lost last")
	c.NoError(r.sendErr, "Send gives up although answers come")
	r.mustReturn(c, "Receive", "Receive stays although it has the end")
	c.NoError(r.receiveErr, "Receive fails although all came")
	c.Equal(messages, r.got, "a message is lost, doubled or in the wrong place when loss, doubles and delay come together")
	sent := len(r.numbers())
	if limit := 5 * len(messages); sent > limit {
		c.Fail(fmt.Sprintf("at most %d datagrams from Send", limit), fmt.Sprint(sent), "Send floods the wire: send again only after Patience, and only what is not answered")
	}
	t.Logf("window %d: %d datagrams, %.1fs", window, sent, r.sendTook.Seconds())
	return r.sendTook
}

// A run is one transfer: what both ends returned, and what was on the wire.
type run struct {
	sendErr, receiveErr error
	sent, received      bool // whether they returned in time
	sendTook            time.Duration
	got                 []string
	trace               *trace.Trace
}

// play lets both ends work over a wire of 10 ms with these faults, in virtual
// time. After five minutes, more than they need, it closes their sockets.
func play(t *testing.T, c *check.Check, faults func(*netlab.Lab), send func(net.Conn) error, receive func(net.PacketConn) ([]string, error), opts ...netlab.Option) *run {
	t.Helper()
	lab := netlab.New(opts...)
	sender, receiver := lab.Host("sender"), lab.Host("receiver")
	if faults != nil {
		faults(lab)
	}
	r := &run{}
	defer func() {
		if p := recover(); p != nil { // by synctest: something waits that nothing can wake
			r.trace = lab.Trace()
			c.Fail("all goroutines end", fmt.Sprintf("%v\n%s", p, r.wire()), "a goroutine waits for ever on a channel or a lock")
		}
	}()
	netlabtest.Run(t, lab, func(t *testing.T) {
		pc, err := receiver.ListenPacket("udp", ":9000")
		if err != nil {
			t.Fatal(err)
		}
		conn, err := sender.Dial("udp", "receiver:9000")
		if err != nil {
			t.Fatal(err)
		}
		sent, received := make(chan struct{}), make(chan struct{})
		start := time.Now()
		go func() {
			defer close(sent)
			r.sendErr = send(conn)
			r.sendTook = time.Since(start)
		}()
		go func() {
			defer close(received)
			r.got, r.receiveErr = receive(pc)
		}()
		r.sent = within(sent, 5*time.Minute)
		r.received = within(received, 2*Linger)
		r.trace = lab.Trace()
		conn.Close()
		pc.Close()
		<-sent
		<-received
	})
	return r
}

// within waits for done, but no longer than d of the bubble's time.
func within(done <-chan struct{}, d time.Duration) bool {
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

// calls is the sender's program that calls Send.
func calls(messages []string, window int) func(net.Conn) error {
	return func(conn net.Conn) error { return Send(conn, slices.Clone(messages), window) }
}

// answers is a receiver for the tests of Send: it keeps each message once, in
// order, and goes on until its socket is closed.
func answers(conn net.PacketConn) (got []string, err error) {
	buf := make([]byte, 1500)
	wanted := 0
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return got, err
		}
		number, text := packet(buf[:n])
		if number == wanted {
			wanted++
			got = append(got, text)
		}
		conn.WriteTo([]byte{0, 0, 0, byte(wanted)}, from)
	}
}

// ask sends Receive a datagram and returns its answer, the last one if it sends
// several, or -1.
func ask(c *check.Check, conn net.Conn, number int, text string) (got int) {
	what := fmt.Sprintf("message %d %q", number, text)
	if text == "" {
		what = fmt.Sprintf("%d, the end", number)
	}
	c.Step("sends %s, and waits for the answer", what)
	conn.Write(append([]byte{0, 0, 0, byte(number)}, text...))
	got = -1
	for buf := make([]byte, 1500); ; {
		conn.SetReadDeadline(time.Now().Add(Patience))
		n, err := conn.Read(buf)
		if err != nil {
			return got
		}
		got, _ = packet(buf[:n])
	}
}

// packet reads a datagram as Unpack does, which is the student's to change.
func packet(b []byte) (number int, text string) {
	if len(b) < 4 {
		return -1, ""
	}
	return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3]), string(b[4:])
}

// payload returns what a datagram on the wire carries.
func payload(p *trace.Packet) (number int, text string) { return packet(p.Bytes[20+8:]) }

// data picks the datagrams with message n, answer those that want n next.
func data(n int) netlab.Match   { return numbered("sender", n) }
func answer(n int) netlab.Match { return numbered("receiver", n) }

func numbered(host string, n int) netlab.Match {
	return netlab.All(netlab.From(host), func(p *trace.Packet) bool {
		number, _ := payload(p)
		return p.Protocol == "udp" && number == n
	})
}

// events calls f for each datagram that is sent and for each that arrives.
func (r *run) events(f func(e trace.Event, p *trace.Packet, number int)) {
	for _, e := range r.trace.Events {
		if p := r.trace.PacketOf(e); p != nil && p.Protocol == "udp" {
			number, _ := payload(p)
			f(e, p, number)
		}
	}
}

// numbers returns the numbers of the datagrams that Send sent.
func (r *run) numbers() (sent []int) {
	r.events(func(e trace.Event, p *trace.Packet, number int) {
		if e.Kind == trace.Send && p.From == "sender" {
			sent = append(sent, number)
		}
	})
	return sent
}

// underWay returns how many messages were sent and not answered at one time, at
// most.
func (r *run) underWay() (most int) {
	sent, answered := 0, 0
	r.events(func(e trace.Event, p *trace.Packet, number int) {
		switch {
		case e.Kind == trace.Send && p.From == "sender":
			sent = max(sent, number+1)
			most = max(most, sent-answered)
		case e.Kind == trace.Deliver && p.From == "receiver":
			answered = max(answered, number)
		}
	})
	return most
}

// wire shows the first datagrams.
func (r *run) wire() string {
	const most = 16
	fate := map[int]string{}
	for _, e := range r.trace.Events {
		switch e.Kind {
		case trace.Drop:
			fate[e.Packet] = "  lost"
		case trace.Faulted:
			fate[e.Packet] = "  " + e.Detail
		}
	}
	lines := []string{"On the wire:"}
	r.events(func(e trace.Event, p *trace.Packet, number int) {
		if e.Kind != trace.Send {
			return
		}
		_, text := payload(p)
		what := fmt.Sprintf("message %d %q", number, text)
		switch {
		case p.From == "receiver":
			what = fmt.Sprintf("           answer %d", number)
		case text == "":
			what = fmt.Sprintf("end %d", number)
		}
		lines = append(lines, fmt.Sprintf("  %7.3fs  %s%s", e.At.Seconds(), what, fate[p.N]))
	})
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("  … and %d datagrams more", len(lines)-most))
	}
	return strings.Join(lines, "\n")
}

func (r *run) mustReturn(c *check.Check, name, cause string) {
	if name == "Send" && !r.sent || name == "Receive" && !r.received {
		c.Fail(name+" returns", "it has not, long after the last that was to come\n"+r.wire(), cause)
	}
}

// mustDeliver ends the test if the check's own receiver did not get want and
// the end.
func (r *run) mustDeliver(c *check.Check, want []string, cause string) {
	if want := append(slices.Clone(want), ""); !slices.Equal(want, r.got) {
		c.Fail(fmt.Sprintf("%q arrive", want), fmt.Sprintf("%q\n%s", r.got, r.wire()), cause)
	}
}

// mustNotRepeat ends the test if a message was sent more than once.
func (r *run) mustNotRepeat(c *check.Check, cause string) {
	sent := r.numbers()
	slices.Sort(sent)
	if once := slices.Compact(slices.Clone(sent)); len(once) < len(sent) {
		c.Fail(fmt.Sprintf("%d datagrams from Send", len(once)), fmt.Sprintf("%d\n%s", len(sent), r.wire()), cause)
	}
}

// mustNotRepeatAnswered ends the test if a message was sent after its answer
// was there.
func (r *run) mustNotRepeatAnswered(c *check.Check, cause string) {
	answered, at, again := 0, time.Duration(0), -1
	r.events(func(e trace.Event, p *trace.Packet, number int) {
		switch {
		case e.Kind == trace.Deliver && p.From == "receiver" && number > answered:
			answered, at = number, e.At
		case e.Kind == trace.Send && p.From == "sender" && number < answered && e.At > at:
			again = number
		}
	})
	if again >= 0 {
		c.Fail("only messages without an answer are sent again", fmt.Sprintf("message %d\n%s", again, r.wire()), cause)
	}
}
