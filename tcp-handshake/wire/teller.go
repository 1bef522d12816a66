package wire

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"example.com/netlessons/netlab/trace"
)

// A Language is one in which a scene is told.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Tell says in a few plain sentences what t, a trace of this scene, shows, in
// the numbering of the notes.
func (s Scene) Tell(t *trace.Trace, p Params, lang Language) []string {
	tl := &teller{t: t, params: p, lang: lang}
	for _, e := range t.Events {
		switch e.Kind {
		case trace.Send:
			tl.packets = append(tl.packets, fate{Packet: &t.Packets[e.Packet-1], sent: e.At})
		case trace.Deliver:
			f := &tl.packets[e.Packet-1]
			f.arrived = append(f.arrived, e.At)
		case trace.Drop:
			tl.packets[e.Packet-1].lost = true
		}
	}
	s.tell(tl)
	return tl.lines
}

// A teller reads a trace and makes sentences of it.
type teller struct {
	t       *trace.Trace
	params  Params
	lang    Language
	packets []fate // by number, from 0
	lines   []string
}

// A fate is a packet and what became of it.
type fate struct {
	*trace.Packet
	sent    time.Duration
	arrived []time.Duration
	lost    bool
}

// say adds a sentence, in the one language or the other. Both are formats for a.
func (tl *teller) say(en, zh string, a ...any) {
	tl.lines = append(tl.lines, tl.pick(en, zh, a...))
}

func (tl *teller) pick(en, zh string, a ...any) string {
	if tl.lang == Chinese {
		return fmt.Sprintf(zh, a...)
	}
	return fmt.Sprintf(en, a...)
}

// host names a host.
func (tl *teller) host(name string) string {
	if tl.lang == Chinese {
		return map[string]string{"client": "客户端", "server": "服务器"}[name]
	}
	return name
}

// find returns the packets that match.
func (tl *teller) find(match func(fate) bool) []fate {
	var found []fate
	for _, f := range tl.packets {
		if match(f) {
			found = append(found, f)
		}
	}
	return found
}

// flags matches segments of a host with exactly these of SYN, FIN, RST and ACK.
func flags(host string, want trace.Flags) func(fate) bool {
	const counted = trace.SYN | trace.FIN | trace.RST | trace.ACK
	return func(f fate) bool { return f.From == host && f.Protocol == "tcp" && f.Flags&counted == want }
}

// first returns the packets up to the first that arrived, that one included: the
// tries of one step.
func first(all []fate) []fate {
	for i, f := range all {
		if len(f.arrived) > 0 {
			return all[:i+1]
		}
	}
	return all
}

// tries names the tries of one step, and which of them were lost.
func (tl *teller) tries(all []fate) string {
	var parts []string
	for i, f := range all {
		part := tl.pick("packet %d", "第 %d 个包", f.N)
		switch {
		case i == 0:
		case f.sent == all[i-1].sent: // not again, but by another packet too
			part = tl.pick("and with packet %d", "以及第 %d 个包", f.N)
		default:
			part = tl.pick("again as packet %d after %v", "%[2]v 后重发为第 %[1]d 个包", f.N, round(f.sent-all[i-1].sent))
		}
		if f.lost {
			part += tl.pick(" (lost)", "（丢失）")
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, tl.pick(", ", "，"))
}

// state returns when host went into a state for the first time.
func (tl *teller) state(host, state string) (time.Duration, bool) {
	for _, e := range tl.t.Events {
		if e.Kind == trace.State && e.Host == host && e.To == state && e.Remote.IsValid() {
			return e.At, true
		}
	}
	return 0, false
}

// returned returns the first return of a call at host.
func (tl *teller) returned(host, op string) (trace.Event, bool) {
	for _, e := range tl.t.Events {
		if e.Kind == trace.Return && e.Host == host && e.Op == op {
			return e, true
		}
	}
	return trace.Event{}, false
}

// round leaves out what a reader of milliseconds does not want to see.
func round(d time.Duration) span {
	if d > time.Millisecond {
		d = d.Round(time.Millisecond / 10)
	}
	return span(d)
}

// A span prints like a time.Duration, but counts no minutes: the diagram counts
// seconds, and 60.05s is easier to find there than 1m0.05s.
type span time.Duration

func (s span) String() string {
	d := time.Duration(s)
	if d < time.Minute {
		return d.String()
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
