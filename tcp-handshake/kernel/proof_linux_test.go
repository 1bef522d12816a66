package kernel_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/netlabtest"
	"example.com/netlessons/netlab/trace"
	"example.com/netlessons/tcp-handshake/kernel"
)

// The proof that the lab tells the truth: the same conversation, over the
// kernel's loopback and over the lab, is the same packet by packet, and state by
// state, but for the differences in this table.
var allowed = []struct {
	what   string
	why    string
	ignore func(*story)
}{
	{
		"times",
		"the kernel's time is real, and its wire takes none; the lab's is virtual, and its wire takes 10 ms",
		each(func(s *segment) { s.At = 0 }),
	},
	{
		"window sizes",
		"how much an end offers to take depends on its buffers, which each system chooses for itself (RFC 9293 section 3.8.6)",
		each(func(s *segment) { s.Window = 0 }),
	},
	{
		"options",
		"each system offers the options it knows, in its own order; timestamps (RFC 7323) hold its clock",
		each(func(s *segment) { s.Options = "" }),
	},
	{
		"passing states",
		"they last while a packet is under way, 10 ms in the lab; over loopback they are mostly over before anyone can look",
		func(s *story) {
			passing := []string{"SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "CLOSING", "LAST-ACK"}
			for end, states := range s.States {
				states = slices.DeleteFunc(states, func(state string) bool { return slices.Contains(passing, state) })
				s.States[end] = slices.Compact(states) // CLOSED, SYN-SENT, CLOSED: refused
			}
		},
	},
}

// A story is what is compared of a trace.
type story struct {
	Packets []segment
	States  map[string][]string // of the client's end, the server's end, and the listener
}

type segment struct {
	From     string
	Flags    string
	Seq, Ack uint32
	Length   int
	Again    bool
	Window   int
	Options  string
	At       time.Duration
}

func each(ignore func(*segment)) func(*story) {
	return func(s *story) {
		for i := range s.Packets {
			ignore(&s.Packets[i])
		}
	}
}

func TestTheLabTellsTheTruth(t *testing.T) {
	for _, tt := range talks {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			truth, told := overKernel(t, tt.talk), overLab(t, tt.talk)
			if diff := compare(truth, told, ""); diff != "" {
				for _, tr := range []*trace.Trace{truth, told} {
					require.NoError(t, diagram.Text(t.Output(), tr, diagram.TextOptions{}))
				}
				t.Errorf("the lab differs (-kernel +lab):\n%s", diff)
			}
		})
	}
}

// Were one of the allowed differences not there, it should not be allowed.
func TestEachAllowedDifferenceIsThere(t *testing.T) {
	t.Parallel()
	truth, told := overKernel(t, echo), overLab(t, echo)
	for _, difference := range allowed {
		require.NotEmpty(t, compare(truth, told, difference.what), "the kernel and the lab agree in %s", difference.what)
	}
}

// A proof that cannot fail proves nothing: each of these lies must be found.
// Packet 4 of the echo is data, and packet 5 its acknowledgement.
func TestTheProofFindsEachLie(t *testing.T) {
	t.Parallel()
	truth := overKernel(t, echo)
	for _, tt := range []struct {
		name string
		lie  func(*trace.Trace)
	}{
		{"another flag", func(tr *trace.Trace) { tr.Packets[3].Flags |= trace.FIN }},
		{"not even PSH", func(tr *trace.Trace) { tr.Packets[3].Flags ^= trace.PSH }},
		{"another sequence number", func(tr *trace.Trace) { tr.Packets[3].Seq++ }},
		{"another acknowledgement", func(tr *trace.Trace) { tr.Packets[4].Ack-- }},
		{"another length", func(tr *trace.Trace) { tr.Packets[3].Length-- }},
		{"sent again", func(tr *trace.Trace) { tr.Packets[3].Again = true }},
		{"by the other end", func(tr *trace.Trace) { tr.Packets[4].From = "client" }},
		{"no last acknowledgement", func(tr *trace.Trace) { tr.Packets = tr.Packets[:len(tr.Packets)-1] }},
		{"a packet too many", func(tr *trace.Trace) { tr.Packets = append(tr.Packets, tr.Packets[4]) }},
		{"packets in another order", func(tr *trace.Trace) {
			tr.Packets[4], tr.Packets[5] = tr.Packets[5], tr.Packets[4]
		}},
		{"no half-closed state", func(tr *trace.Trace) {
			tr.Events = slices.DeleteFunc(tr.Events, func(e trace.Event) bool { return e.To == "FIN-WAIT-2" })
		}},
		{"the wrong end waits", func(tr *trace.Trace) {
			for i := range tr.Events {
				if tr.Events[i].To == "TIME-WAIT" {
					tr.Events[i].Host = "server"
				}
			}
		}},
		{"the listener stays", func(tr *trace.Trace) {
			tr.Events = slices.DeleteFunc(tr.Events, func(e trace.Event) bool { return e.From == "LISTEN" })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			told := overLab(t, echo)
			require.Empty(t, compare(truth, told, ""))
			tt.lie(told)
			require.NotEmpty(t, compare(truth, told, ""))
		})
	}
}

// overLab returns what the lab makes of a conversation.
func overLab(t *testing.T, talk kernel.Talk) *trace.Trace {
	t.Helper()
	lab := netlab.New()
	client, server := lab.Host("client"), lab.Host("server")
	netlabtest.Run(t, lab, func(t *testing.T) {
		if err := talk(t.Context(), client, server); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // in the lab's time: what is under way arrives
	})
	return lab.Trace()
}

// compare returns how two traces differ, beyond what is allowed. The allowed
// difference called except is not.
func compare(truth, told *trace.Trace, except string) string {
	a, b := storyOf(truth), storyOf(told)
	for _, difference := range allowed {
		if difference.what != except {
			difference.ignore(a)
			difference.ignore(b)
		}
	}
	return cmp.Diff(a, b)
}

func storyOf(tr *trace.Trace) *story {
	s := &story{States: map[string][]string{"client": {"CLOSED"}, "server": {"CLOSED"}, "server's listener": {"CLOSED"}}}
	for _, p := range tr.Packets {
		s.Packets = append(s.Packets, segment{
			From: p.From, Flags: allFlags(p.Flags), Seq: p.Seq, Ack: p.Ack, Length: p.Length,
			Again: p.Again, Window: p.Window, Options: options(p.Bytes), At: sentAt(tr, p),
		})
	}
	for _, e := range tr.Events {
		if e.Kind != trace.State {
			continue
		}
		end := e.Host
		if !e.Remote.IsValid() {
			end += "'s listener"
		}
		s.States[end] = append(s.States[end], e.To)
	}
	return s
}

// allFlags names PSH and URG too.
func allFlags(f trace.Flags) string {
	names := []string{f.String()}
	if f.Has(trace.PSH) {
		names = append(names, "PSH")
	}
	if f.Has(trace.URG) {
		names = append(names, "URG")
	}
	return strings.Join(names, ", ")
}

// options returns those of the TCP header in an IPv4 packet.
func options(packet []byte) string {
	tcp := packet[int(packet[0]&0xf)*4:]
	return hex.EncodeToString(tcp[20 : int(tcp[12]>>4)*4])
}

func sentAt(tr *trace.Trace, p trace.Packet) time.Duration {
	i := slices.IndexFunc(tr.Events, func(e trace.Event) bool { return e.Kind == trace.Send && e.Packet == p.N })
	return tr.Events[i].At
}
