package kernel

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"example.com/netlessons/netlab/trace"
)

// trace brings packets, states and calls into one order: that of their times.
func (r *recorder) trace(seen []captured) (*trace.Trace, error) {
	t := &trace.Trace{Version: trace.Version}
	for _, h := range r.hosts {
		t.Hosts = append(t.Hosts, trace.Host{Name: h.name, Addrs: []netip.Addr{h.addr}})
	}
	slices.SortStableFunc(seen, func(a, b captured) int { return cmp.Compare(a.sent, b.sent) })
	var all []moment
	d := decoder{}
	for i, c := range seen {
		p, err := d.decode(c.ip)
		if err != nil {
			return t, err
		}
		p.N, p.From, p.To = i+1, r.name(p.Src), r.name(p.Dst)
		t.Packets = append(t.Packets, p)
		all = append(all, moment{c.sent, trace.Event{Kind: trace.Send, Host: p.From, Packet: p.N}})
		if c.delivered != 0 {
			all = append(all, moment{c.delivered, trace.Event{Kind: trace.Deliver, Host: p.To, Packet: p.N}})
		}
	}
	all = append(all, r.calls...)
	for _, s := range r.sights { // after what may have brought them about
		all = append(all, moment{r.since(s, t.Packets, seen), trace.Event{
			Kind: trace.State, Host: r.hostOf(s.end).name, Local: s.local, Remote: s.remote, From: s.from, To: s.to,
		}})
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	for _, m := range all {
		m.e.At = time.Duration(max(m.at-r.start, 0))
		t.Events = append(t.Events, m.e)
	}
	return t, nil
}

func (r *recorder) name(a netip.AddrPort) string { return r.hostOf(end{local: a}).name }
