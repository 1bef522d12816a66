package netlab

import (
	"container/heap"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A queue holds what is still to happen, by time, and what the stacks have
// sent. The stacks' own goroutines use it too, so it has a lock of its own.
type queue struct {
	mu     sync.Mutex
	time   time.Duration
	events events
	count  uint64 // orders what happens at one time
	wire   int    // how many of the events are packets under way
	sent   []sent
}

// sent is a packet that a stack has handed to its link.
type sent struct {
	host  *Host
	bytes []byte
}

// An event is something that will happen, unless it is stopped.
type event struct {
	at     time.Duration
	order  uint64
	index  int    // in the heap, -1 when it is not there
	host   *Host  // whose timer it is; nil for the lab's own
	name   string // of a stack's timer
	packet bool   // a packet under way
	fire   func()
}

func (q *queue) now() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.time
}

func (q *queue) setNow(t time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.time = max(q.time, t)
}

// schedule puts e into the queue, d from now, wherever it was before.
func (q *queue) schedule(e *event, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.removeLocked(e)
	e.at = q.time + max(d, 0)
	e.order = q.count
	q.count++
	heap.Push(&q.events, e)
	if e.packet {
		q.wire++
	}
}

// remove takes e out of the queue and tells whether it was there.
func (q *queue) remove(e *event) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.removeLocked(e)
}

func (q *queue) removeLocked(e *event) bool {
	if e.index < 0 {
		return false
	}
	heap.Remove(&q.events, e.index)
	if e.packet {
		q.wire--
	}
	return true
}

// pop takes out the next event that is due by the time limit, and moves the
// time on to it. It returns nil if there is none.
func (q *queue) pop(limit time.Duration) *event {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == 0 || q.events[0].at > limit {
		return nil
	}
	e := q.events[0]
	q.removeLocked(e)
	q.time = max(q.time, e.at)
	return e
}

// next returns when the next event is due.
func (q *queue) next() (time.Duration, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == 0 {
		return 0, false
	}
	return q.events[0].at, true
}

func (q *queue) onWire() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.wire
}

func (q *queue) send(s sent) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, s)
}

// takeSent returns what was sent since the last call.
func (q *queue) takeSent() []sent {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.sent
	q.sent = nil
	return s
}

func (q *queue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.events, q.sent, q.wire = nil, nil, 0
}

// events is a heap by time, then by order.
type events []*event

func (h events) Len() int { return len(h) }
func (h events) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h events) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *events) Push(x any) {
	e := x.(*event)
	e.index = len(*h)
	*h = append(*h, e)
}
func (h *events) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last], *h = nil, (*h)[:last]
	e.index = -1
	return e
}

// clock is the lab's time, as one host's stack sees it.
type clock struct{ host *Host }

func (c clock) Now() time.Time { return Epoch.Add(c.host.lab.queue.now()) }

func (c clock) NowMonotonic() tcpip.MonotonicTime {
	return tcpip.MonotonicTime{}.Add(c.host.lab.queue.now())
}

func (c clock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	t := &timer{c.host, event{index: -1, host: c.host, name: timerName(f), fire: f}}
	t.Reset(d)
	return t
}

type timer struct {
	host  *Host
	event event
}

func (t *timer) Stop() bool            { return t.host.lab.queue.remove(&t.event) }
func (t *timer) Reset(d time.Duration) { t.host.lab.queue.schedule(&t.event, d) }

// timerName says what a timer of the stack is for, by the name of what it calls.
func timerName(f func()) string {
	name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	for _, known := range []struct{ in, name string }{
		{"timeWaitTimerExpired", "2 MSL"},
		{"finWait2TimerExpired", "FIN-WAIT-2"},
		{"andshake", "handshake timeout"},
	} {
		if strings.Contains(name, known.in) {
			return known.name
		}
	}
	return "" // one of several; Lab.timerFor tells them apart by what they do
}
