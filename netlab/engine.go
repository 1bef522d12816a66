package netlab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"time"

	"example.com/netlessons/netlab/trace"
)

// ErrStuck is the error of a call in a script that can never return: no packet
// is under way, and no timer runs.
var ErrStuck = errors.New("nothing can happen any more")

const never = time.Duration(math.MaxInt64)

// An op is a call that a program has made, until it returns.
type op struct {
	wants    string // what it waits for
	host     *Host
	order    int                  // among the ops of the host
	tie      string               // among those of one order; equal ones go as they came
	try      func() (bool, error) // goes on as far as it can; false if it has to wait
	deadline *time.Time           // nil or zero: none
	end      func() end           // whose state it changes; nil: none
	waited   func()               // if not nil: called when it first has to wait
	ended    func(error)          // if not nil: called when it is done
	closed   *bool                // whether what it works on was closed

	begun bool
	over  bool  // in a script
	fail  error // set from outside to end it
	err   error
	timer event
	done  chan struct{}
}

// do makes a call and returns when it is done.
func (l *Lab) do(ctx context.Context, o *op) error {
	l.mu.Lock()
	if l.live.Load() != nil {
		return l.doLive(ctx, o) // unlocks
	}
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	l.calls = append(l.calls, o)
	defer func() { l.calls = l.calls[:len(l.calls)-1] }()
	start := l.queue.now()
	for l.tryCalls(); !o.over; l.tryCalls() {
		switch limit := l.limit(); {
		case ctx.Err() != nil:
			o.fail = ctx.Err()
		case limit == never && l.queue.now()-start > patience:
			o.fail = fmt.Errorf("waits for %s, and in %v none has come: %w", o.wants, patience, ErrStuck)
		case !l.step(limit):
			o.fail = fmt.Errorf("waits for %s, but %w", o.wants, ErrStuck)
		}
	}
	return o.err
}

// patience is how long a call without a deadline waits in a script while timers
// still run: a closed window is probed for ever.
const patience = 24 * time.Hour

// tryCalls lets every call of a script go on. There are several when a function
// of [Lab.After] makes calls: those below it go on meanwhile, but return after it.
func (l *Lab) tryCalls() {
	for _, c := range l.calls {
		if !c.over {
			c.over = l.attempt(c)
		}
	}
}

// limit is the time until which the lab may go on in a script: the first
// deadline of its calls.
func (l *Lab) limit() time.Duration {
	limit := never
	for _, c := range l.calls {
		if !c.over {
			limit = min(limit, c.limit())
		}
	}
	return limit
}

// limit is the time until which the lab may go on while o waits.
func (o *op) limit() time.Duration {
	if o.deadline == nil || o.deadline.IsZero() {
		return never
	}
	if d := o.host.lab.live.Load(); d != nil {
		wait := o.deadline.Sub(d.start)
		if wait > never/4 {
			return never
		}
		return d.base + d.scaled(wait)
	}
	return o.deadline.Sub(Epoch)
}

// attempt lets an op go on, and tells whether it is done.
func (l *Lab) attempt(o *op) bool {
	done, err := true, error(nil)
	switch {
	case o.fail != nil:
		err = o.fail
	case l.closed || o.closed != nil && *o.closed:
		err = net.ErrClosed
	case o.limit() <= l.queue.now():
		err = os.ErrDeadlineExceeded
	default:
		done, err = o.try()
	}
	o.err = err
	first := !o.begun
	o.begun = true
	if (first || done) && !l.closed {
		o.host.settle()
	}
	l.look(o)
	if first && !done && o.waited != nil {
		o.waited()
	}
	if done && o.ended != nil {
		o.ended(err)
		l.look(o)
	}
	o.host.ready = true // an op may let others of its host go on
	return done
}

// look puts what an op has caused on the wire and into the trace.
func (l *Lab) look(o *op) {
	l.collect()
	if o.end != nil {
		l.observe(o.host, o.end(), nil)
	}
}

// step lets the next thing happen that is due by limit. Without one it moves
// the time on to limit, if there is a limit, and tells that nothing is left.
func (l *Lab) step(limit time.Duration) bool {
	e := l.queue.pop(limit)
	if e == nil {
		if limit == never {
			return false
		}
		l.queue.setNow(limit)
		return true
	}
	l.fire(e)
	return true
}

// fire lets one event happen.
func (l *Lab) fire(e *event) {
	if e.host == nil {
		e.fire()
		return
	}
	// A timer of a stack: it belongs into the trace if it has an effect.
	mark, packets := len(l.trace.Events), len(l.trace.Packets)
	l.record(trace.Event{Kind: trace.Timer, Host: e.host.name, Detail: e.name})
	l.backedOff = false
	e.fire()
	e.host.settle()
	l.collect()
	l.observeAll(e.host)
	e.host.ready = true
	if len(l.trace.Events) == mark+1 {
		l.trace.Events = l.trace.Events[:mark]
	} else if e.name == "" {
		l.trace.Events[mark].Detail = l.timerFor(l.trace.Packets[packets:])
	}
}

// timerFor says which timer of a connection has made its end send packets.
func (l *Lab) timerFor(packets []trace.Packet) string {
	switch {
	case len(packets) == 0:
		return "TCP timer"
	case packets[0].Flags.Has(trace.SYN):
		return "handshake timeout"
	case packets[0].Length == 1 && l.numbers(flow{packets[0].Dst, packets[0].Src}).window == 0:
		return "window probe"
	case l.backedOff:
		return "retransmission timeout"
	case packets[0].Again:
		return "tail loss probe"
	}
	return "delayed sending"
}

// After calls f in a script d from now. f may make calls that wait; it stands
// for what another program does meanwhile.
func (l *Lab) After(d time.Duration, f func()) {
	if l.live.Load() != nil {
		panic("netlab: After is for scripts; a live lab has time.AfterFunc")
	}
	l.queue.schedule(&event{index: -1, fire: func() {
		l.mu.Unlock()
		defer l.mu.Lock()
		f()
	}}, d)
}

// Advance lets d pass.
func (l *Lab) Advance(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live.Load() != nil {
		panic("netlab: a live lab takes its own time; use package time")
	}
	end := l.queue.now() + d
	for {
		e := l.queue.pop(end)
		if e == nil {
			break
		}
		l.fire(e)
		l.tryCalls()
	}
	l.queue.setNow(end)
}

// Settle lets the lab go on until no packet is under way. A live lab does so by
// itself; there it does nothing.
func (l *Lab) Settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.queue.onWire() > 0 && l.live.Load() == nil {
		l.step(never)
		l.tryCalls()
	}
}
