package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	tcphandshake "example.com/netlessons/tcp-handshake"
	"example.com/netlessons/tcp-handshake/netstat"
)

// A pair is a listener, and the two ends of one connection to it.
type pair struct {
	*timeline
	ln             net.Listener
	client, server *net.TCPConn
}

func (p *pair) close() {
	if p.ln != nil {
		p.ln.Close()
	}
	for _, conn := range []*net.TCPConn{p.client, p.server} {
		if conn != nil {
			conn.Close()
		}
	}
}

// connect goes through the three-way handshake.
func (p *pair) connect() {
	p.do("server: Listen returned", func() (err error) {
		p.ln, err = net.Listen("tcp", "127.0.0.1:0")
		if err == nil {
			p.serverAddr = addrPort(p.ln.Addr())
		}
		return err
	}, none, "LISTEN")
	p.say("client: Dial called", none, "LISTEN")
	p.do("client: Dial returned", func() (err error) {
		p.client, err = tcphandshake.Dial(p.ctx, p.ln.Addr().String())
		if err == nil {
			p.clientAddr = addrPort(p.client.LocalAddr())
		}
		return err
	}, "ESTABLISHED", "ESTABLISHED")
	p.do("server: Accept returned", func() error {
		conn, err := p.ln.Accept()
		if err == nil {
			p.server = conn.(*net.TCPConn)
		}
		return err
	}, "ESTABLISHED", "ESTABLISHED")
}

// send writes text at one end; receive reads it at the other.
func (p *pair) send(who string, conn *net.TCPConn, text, client, server string) {
	p.do(fmt.Sprintf("%s: Write returned, %q", who, text), func() error {
		_, err := io.WriteString(conn, text)
		return err
	}, client, server)
}

func (p *pair) receive(who string, conn *net.TCPConn, text, client, server string) {
	p.do(fmt.Sprintf("%s: Read returned, %q", who, text), func() error {
		buf := make([]byte, len(text))
		_, err := io.ReadFull(conn, buf)
		if err == nil && string(buf) != text {
			return fmt.Errorf("got %q", buf)
		}
		return err
	}, client, server)
}

// receiveEOF sees that the other end has sent its FIN.
func (p *pair) receiveEOF(who string, conn *net.TCPConn, client, server string) {
	p.do(who+": Read returned, EOF", func() error {
		switch n, err := conn.Read(make([]byte, 1)); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		default:
			return fmt.Errorf("got %d bytes", n)
		}
	}, client, server)
}

// disconnect goes through the four-way teardown, with the half-closed time in use.
func (p *pair) disconnect() {
	p.do("server: listener closed", func() error { return p.ln.Close() }, "ESTABLISHED", "ESTABLISHED")
	p.do("client: CloseWrite returned", func() error { return p.client.CloseWrite() }, "FIN_WAIT_2", "CLOSE_WAIT")
	p.receiveEOF("server", p.server, "FIN_WAIT_2", "CLOSE_WAIT")
	p.send("server", p.server, "still here", "FIN_WAIT_2", "CLOSE_WAIT")
	p.receive("client", p.client, "still here", "FIN_WAIT_2", "CLOSE_WAIT")
	p.do("server: Close returned", func() error { return p.server.Close() }, "TIME_WAIT", none)
	p.receiveEOF("client", p.client, "TIME_WAIT", none)
	p.do("client: Close returned", func() error { return p.client.Close() }, "TIME_WAIT", none)
}

func handshake(ctx context.Context, out io.Writer) error {
	p := &pair{timeline: newTimeline(ctx, out, "The three-way handshake, and both ends' states as the system reports them")}
	defer p.close()
	p.connect()
	p.send("client", p.client, "hello", "ESTABLISHED", "ESTABLISHED")
	p.receive("server", p.server, "hello", "ESTABLISHED", "ESTABLISHED")
	return p.explain(`
Dial sent SYN (step 1), the server's system answered SYN and ACK (step 2), and
Dial returned when it had sent the last ACK (step 3). By then the server's end
was ESTABLISHED too, and nobody had called Accept: the system goes through the
handshake by itself, and Accept only hands out a connection that is complete.
The notes say that Accept and Dial return when the handshake is complete; not
that either makes it so.
`)
}

func teardown(ctx context.Context, out io.Writer) error {
	p := &pair{timeline: newTimeline(ctx, out, "The four-way teardown, and both ends' states as the system reports them")}
	defer p.close()
	p.connect()
	p.disconnect()
	return p.explain(`
CloseWrite sent FIN (step 1), and the server's system answered ACK (step 2): the
connection was half closed. The server had seen EOF, and could still send;
the client could still receive. Then the server's Close sent its FIN (step 3),
and the client's system answered the last ACK (step 4). The server's end is gone
(-). The client's waits in TIME_WAIT for 2 MSL, although its program has closed
it: if that last ACK is lost, the FIN comes again and must be answered again.
`)
}

func states(ctx context.Context, out io.Writer) error {
	p := &pair{timeline: newTimeline(ctx, out, "The states of one connection, as the system reports them")}
	defer p.close()
	p.connect()
	p.disconnect()
	if p.err != nil {
		return p.err
	}

	fmt.Fprintf(out, "\nThe four paths of the notes; [STATE] was in the system's table just now:\n\n")
	for _, path := range [][2]string{
		{"1 active open", "CLOSED SYN_SENT ESTABLISHED"},
		{"2 active close", "ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSED"},
		{"3 passive open", "CLOSED LISTEN SYN_RCVD ESTABLISHED"},
		{"4 passive close", "ESTABLISHED CLOSE_WAIT LAST_ACK CLOSED"},
	} {
		steps := strings.Fields(path[1])
		for i, state := range steps {
			if p.seen[plain(state)] {
				steps[i] = "[" + state + "]"
			}
		}
		fmt.Fprintf(out, "%-16s%s\n", path[0], strings.Join(steps, " ─ "))
	}

	rows, err := netstat.Table(ctx, p.serverAddr.Port())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nWhat `netstat -port %d` shows now that both programs have closed:\n\n", p.serverAddr.Port())
	for _, r := range rows {
		if r.Local == p.clientAddr || r.Remote == p.clientAddr {
			fmt.Fprintf(out, "  %-16s %-16s %s\n", r.Local, r.Remote, r.State)
		}
	}
	return p.explain(`
CLOSED is not being in the table at all. The other states without brackets last
only as long as one packet is under way, which on one machine is too short to
be seen in a table.
`)
}

// explain prints what the lines above mean, if all of them came.
func (t *timeline) explain(text string) error {
	if t.err != nil {
		return t.err
	}
	if t.differ {
		text = "\nThis system's table leaves out ends that no process holds; on Linux it shows\nthem all, and what follows is told from there.\n" + text
	}
	_, err := io.WriteString(t.out, text)
	return err
}
