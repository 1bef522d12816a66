package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"example.com/netlessons/tcp-handshake/netstat"
)

// none stands for an end that is not in the system's table: CLOSED.
const none = "-"

// A timeline runs calls, and prints after each the states of both ends. After
// a failed call it does nothing more; err says what failed.
type timeline struct {
	ctx    context.Context
	out    io.Writer
	err    error
	seen   map[string]bool // the plain form of every state that was printed
	differ bool            // whether a state was printed that was not expected

	serverAddr netip.AddrPort // where the server listens
	clientAddr netip.AddrPort // the client's end, once Dial has returned

	elapsed time.Duration // in the program, without the time for looking
	resumed time.Time
}

func newTimeline(ctx context.Context, out io.Writer, title string) *timeline {
	fmt.Fprintf(out, "%s\n\n%9s  %-40s %-12s %s\n", title, "time", "call", "client", "server")
	return &timeline{ctx: ctx, out: out, seen: map[string]bool{}, resumed: time.Now()}
}

// do runs one call of one end, which changes the states to client and server.
func (t *timeline) do(call string, f func() error, client, server string) {
	if t.err != nil {
		return
	}
	if err := f(); err != nil {
		t.err = fmt.Errorf("%s: %w", call, err)
		return
	}
	t.say(call, client, server)
}

// say prints that something has happened, and the states of both ends when
// they have become client and server, or what they are instead. The system
// tells nobody when a state changes, so say looks again and again.
func (t *timeline) say(event, client, server string) {
	if t.err != nil {
		return
	}
	t.elapsed += time.Since(t.resumed)
	defer func() { t.resumed = time.Now() }()

	ctx, cancel := context.WithTimeout(t.ctx, patience())
	defer cancel()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	var gotClient, gotServer string
	for {
		gotClient, gotServer, t.err = t.look()
		if t.err != nil {
			return
		}
		if same(gotClient, client) && same(gotServer, server) {
			break
		}
		select {
		case <-again.C:
			continue
		case <-ctx.Done():
		}
		if t.err = t.ctx.Err(); t.err == nil && strict {
			t.err = fmt.Errorf("%s: the system reports %s and %s, want %s and %s", event, gotClient, gotServer, client, server)
		}
		t.differ = true
		break
	}
	t.seen[plain(gotClient)], t.seen[plain(gotServer)] = true, true
	ms := float64(t.elapsed.Microseconds()) / 1000
	fmt.Fprintf(t.out, "%6.2f ms  %-40s %-12s %s\n", ms, event, gotClient, gotServer)
}

// look returns the states of both ends. The server's is that of its end of the
// connection or, without one, of its listener.
func (t *timeline) look() (client, server string, err error) {
	rows, err := netstat.Table(t.ctx, t.serverAddr.Port())
	client, server = none, none
	for _, r := range rows {
		switch {
		case r.Local == t.clientAddr && r.Remote == t.serverAddr:
			client = r.State
		case r.Local == t.serverAddr && r.Remote == t.clientAddr:
			server = r.State
		case r.Local == t.serverAddr && r.State == "LISTEN" && server == none:
			server = r.State
		}
	}
	return client, server, err
}

// strict is whether the table shows each end at every moment. Linux does; the
// other systems leave out what no process holds, and spell some states
// differently.
const strict = runtime.GOOS == "linux"

// patience is how long say waits for the states that it was told.
func patience() time.Duration {
	if strict {
		return 5 * time.Second
	}
	return 200 * time.Millisecond
}

func same(a, b string) bool { return plain(a) == plain(b) }

// plain makes states comparable, whoever spells them: FIN_WAIT_2 is FIN_WAIT2 on Linux.
func plain(state string) string { return strings.ReplaceAll(state, "_", "") }

// addrPort returns a in a form that can be compared.
func addrPort(a net.Addr) netip.AddrPort { return a.(*net.TCPAddr).AddrPort() }
