package netlab

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"example.com/netlessons/netlab/trace"
)

// Epoch is the time at which every lab begins. It is that of a bubble of
// testing/synctest too, so that time.Now agrees with [Lab.Now] in there.
var Epoch = trace.Epoch

// A Lab is a number of hosts on one network, in virtual time.
//
// A lab is used in one of two ways. In a script, one goroutine makes all the
// calls, and a call that has to wait runs the lab until it can return. A live
// lab (see [Lab.Live]) runs by itself, and any number of goroutines use it.
type Lab struct {
	mu     sync.Mutex // guards all below, but for queue
	config config     // of hosts without options of their own
	hosts  []*Host
	byName map[string]*Host
	byAddr map[netip.Addr]*Host
	faults []*Fault
	rng    *rand.Rand
	trace  trace.Trace
	flows  map[flow]*numbers
	serial int // of conns and listeners

	backedOff bool // whether an end has raised its RTO since this was last reset
	closed    bool
	calls     []*op                  // of a script: those that have not returned, the outermost first
	live      atomic.Pointer[driver] // of a live lab

	queue queue
}

// New makes a lab without hosts. The options hold for every host that is given
// no other ones.
func New(opts ...Option) *Lab {
	l := &Lab{
		config: defaults,
		byName: map[string]*Host{},
		byAddr: map[netip.Addr]*Host{},
		flows:  map[flow]*numbers{},
	}
	for _, opt := range opts {
		opt(&l.config)
	}
	l.rng = rand.New(rand.NewPCG(l.config.seed, 0))
	l.trace = trace.Trace{Version: trace.Version, Seed: l.config.seed}
	return l
}

// Close ends every host, and gives its memory and goroutines back. What still
// waits returns [net.ErrClosed]. The trace stays.
func (l *Lab) Close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed = true
	l.mu.Unlock()
	if d := l.live.Load(); d != nil {
		d.stop()
	}
	for _, h := range l.hosts {
		h.stack.Destroy()
	}
	l.queue.clear()
}

// Now returns the lab's time: [Epoch] when it was made. A script's deadlines
// count from it.
func (l *Lab) Now() time.Time { return Epoch.Add(l.Elapsed()) }

// Elapsed returns how much time has passed in the lab.
func (l *Lab) Elapsed() time.Duration {
	if d := l.live.Load(); d != nil {
		return d.elapsed()
	}
	return l.queue.now()
}

// Note puts a remark of the script into the trace.
func (l *Lab) Note(format string, a ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if next, ok := l.queue.next(); l.live.Load() != nil {
		now := l.Elapsed()
		if ok {
			now = min(now, next)
		}
		l.queue.setNow(now)
	}
	l.record(trace.Event{Kind: trace.Note, Detail: fmt.Sprintf(format, a...)})
}

// Trace returns all that has happened so far.
func (l *Lab) Trace() *trace.Trace {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.trace
	t.Packets = t.Packets[:len(t.Packets):len(t.Packets)]
	t.Events = t.Events[:len(t.Events):len(t.Events)]
	return &t
}

// record adds an event to the trace, at the present time.
func (l *Lab) record(e trace.Event) {
	e.At = l.queue.now()
	l.trace.Events = append(l.trace.Events, e)
}
