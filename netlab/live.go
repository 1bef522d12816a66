package netlab

import (
	"cmp"
	"context"
	"math"
	"net"
	"slices"
	"time"
)

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
	if speed <= 0 {
		panic("netlab: the speed must be above 0")
	}
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
	return d.base + d.scaled(time.Since(d.start))
}

// scaled is how much of the lab's time passes in t of package time's.
func (d *driver) scaled(t time.Duration) time.Duration {
	if d.speed == 1 {
		return t // a float would round it
	}
	return time.Duration(float64(t) * d.speed)
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
	i, _ := slices.BinarySearchFunc(h.waits, o, func(w, o *op) int {
		if cmp.Or(cmp.Compare(w.order, o.order), cmp.Compare(w.tie, o.tie)) <= 0 {
			return -1 // o comes after those that are equal
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
