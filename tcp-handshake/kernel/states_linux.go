package kernel

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"example.com/netlessons/netlab/trace"
)

// patience is how long the kernel has to come to rest: more than the 200 ms
// after which it acknowledges at the latest. An end whose other end takes no
// more data never does.
const patience = 300 * time.Millisecond

// settle gives the kernel time to come to rest: until no end is in a passing
// state, and all that was received is acknowledged. It looks at the states all
// the while.
func (r *recorder) settle() {
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for until := now() + int64(patience); ; <-again.C {
		expired := now() >= until
		if atRest(r.look()) || expired {
			return
		}
	}
}

func atRest(table map[end]row) bool {
	for _, row := range table {
		if passing[row.state] || row.unsure > 0 {
			return false
		}
	}
	return true
}

// look reads the rows of the hosts in the kernel's table, and keeps what is new.
func (r *recorder) look() map[end]row {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	begun := now()
	table, err := readTable()
	if err != nil {
		r.err = err
		return nil
	}
	maps.DeleteFunc(table, func(e end, row row) bool {
		if row.state != "TIME-WAIT" {
			delete(r.old, e)
		}
		return r.hostOf(e) == nil || r.old[e]
	})
	for _, e := range slices.SortedFunc(maps.Keys(table), compareEnds) {
		r.see(e, table[e].state)
	}
	for _, e := range slices.SortedFunc(maps.Keys(r.states), compareEnds) {
		if _, ok := table[e]; !ok {
			r.see(e, closed)
		}
	}
	r.looked = begun
	return table
}

func (r *recorder) see(e end, state string) {
	was := cmp.Or(r.states[e], closed)
	if state == was {
		return
	}
	r.sights = append(r.sights, sight{after: r.looked, at: now(), end: e, from: was, to: state})
	r.states[e] = state
	if state == closed {
		delete(r.states, e)
	}
}

// hostOf returns the host of an end, or nil if it is none of this run.
func (r *recorder) hostOf(e end) *host {
	for _, h := range r.hosts {
		if h.addr == e.local.Addr() {
			return h
		}
	}
	return nil
}

func compareEnds(a, b end) int {
	return cmp.Or(a.local.Compare(b.local), a.remote.Compare(b.remote))
}

// causes tells which packets bring about a state: those with one of these flags.
// RFC 9293 section 3.3.2, figure 5.
var causes = map[string]struct{ received, sent trace.Flags }{
	"SYN-SENT":     {sent: trace.SYN},
	"SYN-RECEIVED": {received: trace.SYN},
	"ESTABLISHED":  {received: trace.ACK},
	"FIN-WAIT-1":   {sent: trace.FIN},
	"FIN-WAIT-2":   {received: trace.ACK},
	"CLOSE-WAIT":   {received: trace.FIN},
	"CLOSING":      {received: trace.FIN},
	"LAST-ACK":     {sent: trace.FIN},
	"TIME-WAIT":    {received: trace.FIN | trace.ACK},
	closed:         {received: trace.ACK | trace.RST, sent: trace.RST},
}

// since returns when the state that was seen has begun: with the last packet, or
// for a listener with the last call, that can have brought it about. A state
// that nothing explains began, for all that is known, when it was seen.
func (r *recorder) since(s sight, packets []trace.Packet, seen []captured) int64 {
	var last int64
	found := func(at int64) {
		if s.after < at && at <= s.at {
			last = max(last, at)
		}
	}
	cause := causes[s.to]
	for i, p := range packets {
		switch {
		case s.end == end{p.Dst, p.Src} && p.Flags&cause.received != 0:
			found(seen[i].delivered)
		case s.end == end{p.Src, p.Dst} && p.Flags&cause.sent != 0:
			found(seen[i].sent)
		}
	}
	for _, c := range r.calls {
		if s.end == (end{c.e.Local, c.e.Remote}) && !s.remote.IsValid() && c.e.Op != "Accept" {
			found(c.at)
		}
	}
	return cmp.Or(last, s.at)
}
