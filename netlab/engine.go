package netlab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"slices"
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
	order    int                  // among the ops of the host; equal ones go as they came
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
	l.calls = append(l.calls, o)
	defer func() { l.calls = l.calls[:len(l.calls)-1] }()
	for !l.tryCalls(o) {
		if err := ctx.Err(); err != nil {
			o.fail = err
		} else if !l.step(l.limit()) {
			o.fail = fmt.Errorf("waits for %s, but %w", o.wants, ErrStuck)
		}
	}
	return o.err
}

// tryCalls lets every call of a script go on, and tells whether o is done. There
// are several when a function of [Lab.After] makes calls: those below it go on
// meanwhile, but return after it.
func (l *Lab) tryCalls(o *op) bool {
	for _, c := range l.calls {
		if !c.over {
			c.over = l.attempt(c)
		}
	}
	return o.over
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
		return d.base + time.Duration(float64(o.deadline.Sub(d.start))*d.speed)
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
	}
	l.queue.setNow(end)
}

// Settle lets the lab go on until no packet is under way.
func (l *Lab) Settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.queue.onWire() > 0 && l.live.Load() == nil {
		l.step(never)
	}
}

// A driver runs a live lab.
type driver struct {
	lab   *Lab
	idle  func()
	kick  chan struct{}
	quit  chan struct{}
	ended chan struct{}
	start time.Time
	base  time.Duration
	speed float64
}

// Live lets the lab run by itself, in the time of package time, until stop is
// called; any number of goroutines may use it.
//
// In a bubble of testing/synctest, idle is synctest.Wait: the lab then moves
// only when the program has nothing left to do, one step at a time, and the
// same program always makes the same trace. What it needs to know is in
// package netlab/netlabtest, which does the set-up.
//
// With a nil idle the lab runs in real time, to be watched, and chance decides
// between calls that are made at the same time.
func (l *Lab) Live(idle func()) (stop func()) { return l.LiveAt(1, idle) }

// LiveAt is Live at another speed: 0.1 is ten times slower than real time.
func (l *Lab) LiveAt(speed float64, idle func()) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live.Load() != nil {
		panic("netlab: the lab is live already")
	}
	d := &driver{
		lab: l, idle: idle, speed: speed, start: time.Now(), base: l.queue.now(),
		kick: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	l.live.Store(d)
	go d.run()
	return d.stop
}

// elapsed is the lab's time, as package time has it.
func (d *driver) elapsed() time.Duration {
	return d.base + time.Duration(float64(time.Since(d.start))*d.speed)
}

// stop ends a live lab. Calls that still wait return [net.ErrClosed].
func (d *driver) stop() {
	d.lab.mu.Lock()
	if !d.lab.live.CompareAndSwap(d, nil) {
		d.lab.mu.Unlock()
		return
	}
	close(d.quit)
	for _, h := range d.lab.hosts {
		for _, o := range h.waits {
			o.fail = net.ErrClosed
			d.lab.attempt(o)
			d.lab.finish(o)
		}
		h.waits = nil
	}
	d.lab.mu.Unlock()
	<-d.ended
}

func (d *driver) run() {
	defer close(d.ended)
	for {
		if d.idle != nil {
			d.idle()
		}
		wait, busy := d.step()
		if busy {
			continue
		}
		var due <-chan time.Time
		var timer *time.Timer
		if wait >= 0 {
			timer = time.NewTimer(wait)
			due = timer.C
		}
		select {
		case <-due:
		case <-d.kick:
		case <-d.quit:
		}
		if timer != nil {
			timer.Stop()
		}
		select {
		case <-d.quit:
			return
		default:
		}
	}
}

// step lets one thing happen that is due by now: an op, before anything else,
// or an event. Without one it returns how long to wait for the next, or -1.
func (d *driver) step() (wait time.Duration, busy bool) {
	l := d.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live.Load() != d {
		return -1, false
	}
	now := d.elapsed()
	if e := l.queue.pop(now - 1); e != nil {
		l.fire(e)
		return 0, true
	}
	l.queue.setNow(now)
	if l.tryOps() {
		return 0, true
	}
	if e := l.queue.pop(now); e != nil {
		l.fire(e)
		return 0, true
	}
	next, ok := l.queue.next()
	if !ok {
		return -1, false
	}
	return time.Duration(math.Ceil(float64(next-now) / d.speed)), false
}

// tryOps lets one op return that can, the first in the order of hosts and of
// the ops of a host. This order is what makes concurrent programs repeatable.
func (l *Lab) tryOps() bool {
	for _, h := range l.hosts {
		if !h.ready {
			continue
		}
		for i, o := range h.waits {
			if l.attempt(o) {
				h.waits = slices.Delete(h.waits, i, i+1)
				l.finish(o)
				return true
			}
			l.alarm(o)
		}
		h.ready = false
	}
	return false
}

// alarm wakes o's host at o's deadline.
func (l *Lab) alarm(o *op) {
	if limit := o.limit(); limit != never {
		l.queue.schedule(&o.timer, limit-l.queue.now())
	} else {
		l.queue.remove(&o.timer)
	}
}

func (l *Lab) finish(o *op) {
	l.queue.remove(&o.timer)
	close(o.done)
}

// doLive hands an op to the driver and waits until it is done. l.mu is held,
// and will be unlocked.
func (l *Lab) doLive(ctx context.Context, o *op) error {
	o.done = make(chan struct{})
	o.timer = event{index: -1, fire: func() { o.host.ready = true }}
	if l.closed {
		l.mu.Unlock()
		return net.ErrClosed
	}
	h := o.host
	i, _ := slices.BinarySearchFunc(h.waits, o.order, func(w *op, order int) int {
		if w.order <= order {
			return -1
		}
		return 1
	})
	h.waits = slices.Insert(h.waits, i, o)
	l.wake(h)
	l.mu.Unlock()

	select {
	case <-o.done:
	case <-ctx.Done():
		l.mu.Lock()
		o.fail = ctx.Err()
		l.wake(h)
		l.mu.Unlock()
		<-o.done
	}
	return o.err
}

// wake lets the driver look at the ops of a host again.
func (l *Lab) wake(h *Host) {
	h.ready = true
	if d := l.live.Load(); d != nil {
		select {
		case d.kick <- struct{}{}:
		default:
		}
	}
}
