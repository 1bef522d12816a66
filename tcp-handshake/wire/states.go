package wire

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"example.com/netlessons/netlab/trace"
)

var states = Scene{
	Name: "states", Notes: "states",
	play: func(st *stage) error {
		client, server, err := st.connect()
		if err != nil {
			return err
		}
		if err := inTurn(client, server); err != nil {
			return err
		}
		st.lab.Settle()
		st.lab.Advance(2*st.MSL + time.Minute)

		st.lab.Note("again: both close at once")
		client, server, err = st.connect()
		if err != nil {
			return err
		}
		client.Close()
		server.Close()
		st.lab.Settle()
		st.lab.Advance(2*st.MSL + time.Minute)
		return nil
	},
	tell: func(tl *teller) { tl.fourPaths() },
}

// paths are the notes' four paths, each walked by one of the hosts.
var paths = []struct {
	name, nameZH, host string
	states             []string
}{
	{"active open", "主动打开", "client", []string{"SYN-SENT", "ESTABLISHED"}},
	{"active close", "主动关闭", "client", []string{"FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED"}},
	{"passive open", "被动打开", "server", []string{"LISTEN", "SYN-RECEIVED", "ESTABLISHED"}},
	{"passive close", "被动关闭", "server", []string{"CLOSE-WAIT", "LAST-ACK", "CLOSED"}},
}

// fourPaths tells when the first connection went into each state.
func (tl *teller) fourPaths() {
	for i, path := range paths {
		var steps []string
		var after time.Duration
		for _, state := range path.states {
			if at, ok := tl.entered(path.host, state, after); ok {
				steps = append(steps, NotesName(state)+" "+round(at).String())
				after = at
			}
		}
		tl.say("Path %d, %s, the %[4]s: %[5]s.", "路径 %[1]d，%[3]s，%[4]s：%[5]s。",
			i+1, path.name, path.nameZH, tl.host(path.host), strings.Join(steps, " > "))
	}
	if at, ok := tl.entered("client", "CLOSING", 0); ok {
		tl.say("Beside the notes' paths, when both close at once: CLOSING %v.", "笔记四条路径之外，双方同时关闭时：CLOSING %v。", round(at))
	}
}

// entered returns when an end of host, or its listener, first went into a state
// at after or later.
func (tl *teller) entered(host, state string, after time.Duration) (time.Duration, bool) {
	for _, e := range tl.t.Events {
		if e.Kind == trace.State && e.Host == host && e.To == state && e.At >= after {
			return e.At, true
		}
	}
	return 0, false
}

// NotesName spells a state of RFC 9293 as the notes do.
func NotesName(state string) string {
	if state == "SYN-RECEIVED" {
		return "SYN_RCVD"
	}
	return strings.ReplaceAll(state, "-", "_")
}

// stateDiagram is RFC 9293 figure 5, as far as the notes go.
const stateDiagram = `
                              CLOSED
               passive open  /      \  active open: send SYN
                       LISTEN        SYN_SENT
   SYN: send SYN, ACK        \      /  SYN, ACK: send ACK
                      SYN_RCVD     /
               ACK of SYN    \    /
                            ESTABLISHED
      close: send FIN      /           \      FIN: send ACK
                 FIN_WAIT_1             CLOSE_WAIT
     ACK of FIN /          \ FIN: ACK        |  close: send FIN
        FIN_WAIT_2          CLOSING      LAST_ACK
      FIN: ACK  \          / ACK of FIN      |  ACK of FIN
                 TIME_WAIT                 CLOSED
                     |  2 MSL
                   CLOSED
`

var stateWord = regexp.MustCompile(`[ ][A-Z]{2,}[A-Z_0-9]*_?[A-Z0-9]*\b`)

// StateDiagram draws the states and marks, as [STATE], those that t went
// through.
func StateDiagram(t *trace.Trace) string {
	reached := map[string]bool{}
	for _, e := range t.Events {
		if e.Kind == trace.State {
			reached[NotesName(e.From)], reached[NotesName(e.To)] = true, true
		}
	}
	return stateWord.ReplaceAllStringFunc(stateDiagram, func(word string) string {
		name := strings.TrimSpace(word)
		if !reached[name] {
			return word
		}
		return fmt.Sprintf("[%s]", name)
	})
}
