package diagram

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"example.com/netlessons/netlab/trace"
)

// A sequence is a trace as both forms of the diagram draw it: step by step.
type sequence struct {
	hosts []string
	first []string // each host's state before its first change, or ""
	steps []step
	flows map[flow]string // a name for each connection
}

// A flow is a connection, or the datagrams between two sockets, seen from
// either end.
type flow struct {
	protocol string
	a, b     netip.AddrPort
}

type kind int

const (
	sent    kind = iota // host sends packet
	arrival             // packet arrives at host, in a later step than that of its sending
	call                // host's program does text
	timer               // host's stack does text
	note                // text, of no host
	change              // only the state of host, which is that of text
)

// A step is one row of a diagram. A packet that arrives before anything else
// happens is one step; else one for the sending and one for every arrival.
type step struct {
	kind   kind
	at     time.Duration
	end    time.Duration  // of the last thing in this step
	host   int            // a column; -1 for a note
	peer   int            // the column at the other end of the packet
	packet *trace.Packet  // sent and arrival
	text   string         // all others
	marks  []string       // what faults did to the packet, but for losing it
	states map[int]string // the new states, by column
	flow   flow           // what a call is about; the zero flow is any

	from    int  // arrival: the step of the sending
	arrives bool // sent: the packet also arrives in this step
	later   int  // sent and arrival: how often the packet arrives in later steps
	lost    bool // sent: text says by what
}

// explains tells whether a new state of a flow's end at host can be shown in s.
func (s step) explains(at time.Duration, host int, f flow) bool {
	return s.end == at && s.states[host] == "" && (s.flow == f || s.flow == flow{})
}

// silence returns how long nothing has happened before step i, if that is long.
func (s *sequence) silence(i int) time.Duration {
	if i == 0 {
		return 0
	}
	if d := s.steps[i].at - s.steps[i-1].end; d >= time.Second {
		return d
	}
	return 0
}

// seconds returns how to write the times of the steps, in seconds: with three
// decimals if they are exact, else with six.
func (s *sequence) seconds() func(time.Duration) string {
	decimals := 3
	for _, step := range s.steps {
		if step.at%time.Millisecond != 0 {
			decimals = 6
		}
	}
	return func(d time.Duration) string { return fmt.Sprintf("%.*f", decimals, d.Seconds()) }
}

// later says how long a silence is.
func later(d time.Duration) string {
	decimals := 2
	if d >= 10*time.Second {
		decimals = 1
	}
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.*f", decimals, d.Seconds()), "0"), ".") + " s later"
}

func flowOf(protocol string, a, b netip.AddrPort) flow {
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return flow{protocol, a, b}
}
