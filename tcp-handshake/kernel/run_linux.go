package kernel

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"example.com/netlessons/netlab/trace"
)

// runs counts the runs of this process. Each has addresses of its own, so that
// several can run at once.
var runs atomic.Uint32

func run(ctx context.Context, talk Talk) (*trace.Trace, error) {
	if err := raise(); err != nil {
		return nil, err
	}
	n := runs.Add(1) - 1
	address := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{127, byte(n >> 8), byte(n), last}) }
	capture, err := startCapture(ctx, address(1), address(2), address(3))
	if err != nil {
		return nil, err
	}
	defer capture.close()

	before, err := readTable()
	if err != nil {
		return nil, err
	}
	r := &recorder{start: now(), old: map[end]bool{}, states: map[end]string{}}
	for e := range before {
		r.old[e] = true
	}
	client := &host{recorder: r, name: "client", addr: address(1)}
	server := &host{recorder: r, name: "server", addr: address(2)}
	client.peer, server.peer = server, client
	r.hosts = []*host{client, server}
	defer r.closeAll()

	talkErr := talk(ctx, client, server)
	r.settle()
	packets, captureErr := capture.finish()
	r.look()
	r.end()
	tr, err := r.trace(packets)
	return tr, errors.Join(talkErr, captureErr, r.err, err)
}

// A recorder keeps what happens at the hosts.
type recorder struct {
	start int64 // times are as time.Time.UnixNano has them, as in a capture
	hosts []*host

	mu     sync.Mutex
	calls  []moment
	old    map[end]bool   // in TIME-WAIT since before this run, where the network is not private
	states map[end]string // as last seen
	looked int64          // when that was
	sights []sight
	open   []io.Closer
	err    error // why the kernel's table cannot be read
	ended  bool  // what happens now is not kept any more
}

// A moment is an event and its time.
type moment struct {
	at int64
	e  trace.Event
}

// A sight is a new state of an end, seen in the kernel's table.
type sight struct {
	after, at int64 // the reading before, and this one
	end
	from, to string
}

func now() int64 { return time.Now().UnixNano() }

func (r *recorder) record(at int64, e trace.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.calls = append(r.calls, moment{at, e})
	}
}

func (r *recorder) closeLater(c io.Closer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = append(r.open, c)
}

// end ends the recording. A goroutine of the talk that is still on its way home
// changes nothing any more.
func (r *recorder) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
}

func (r *recorder) closeAll() {
	for _, c := range r.open {
		c.Close()
	}
}
