package wire

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/trace"
)

// What both protocols carry, and the wire that they share.
const (
	messages    = 200
	messageSize = 100                  // bytes
	gap         = 5 * time.Millisecond // between two messages
	jitter      = 12 * time.Millisecond
	twice       = 0.02 // probability that a packet arrives once more

	// patience is what the reader of a connection has. TCP itself gives up when
	// nothing is answered, but never when the answer is that the window is closed.
	patience = time.Hour
)

// A Comparison is the same messages sent over the same wire by TCP and by UDP,
// at several rates of loss. Notes [tcp-udp].
type Comparison struct {
	Seed    uint64
	Latency time.Duration // of the wire; a packet takes up to jitter longer
	Pairs   []Pair        // by rate of loss, from 0 up
}

// A Pair is the two runs at one rate of loss.
type Pair struct {
	Loss     float64 // probability that a packet is lost
	TCP, UDP Run
}

// A Run is the messages sent once. Its times count from when the client's
// program begins, which with TCP is when it calls Dial.
type Run struct {
	Dialed   time.Duration // when Dial returned
	Messages []Message     // by number, from 0
	Packets  int           // that both ends put on the wire, lost ones included
	Bytes    int           // of those packets, with their IP headers
	Again    int           // packets with what had been sent before
	Lost     int           // packets that the wire lost
	Twice    int           // packets that the wire delivered twice
	Largest  int           // bytes of payload in the largest packet
	Err      string        // what kept the run from its end, or ""
	Trace    *trace.Trace  `json:"-"`
}

// A Message is what became of one message.
type Message struct {
	Sent   time.Duration // when the client's program wrote it
	Left   time.Duration // when all of it had been put on the wire once
	AtHost time.Duration // when all of it had reached the server's host
	Read   time.Duration // when the server's program got it
	Copies int           // how often it got it; 0 is never
	// Overtaken tells that the program had got a later message before this one.
	Overtaken bool
}

// Compare sends 200 messages of 100 bytes, one each 5 ms, by TCP and by UDP,
// over a wire that loses no packets, 1 %, 5 % and 20 % of them; with a Loss in
// p, none and that much. The wire also delays each packet by up to 12 ms, so
// that some overtake others, and delivers a few twice. One p always makes one
// Comparison.
//
// A connection that fails is no error: its run has Err, and what arrived.
func Compare(p Params) (Comparison, error) {
	if p.Variant != "" {
		return Comparison{}, fmt.Errorf("scene compare has no variant %q", p.Variant)
	}
	losses := []float64{0, 0.01, 0.05, 0.2}
	if p.Loss > 0 {
		losses = []float64{0, p.Loss}
	}
	p.Seed = cmp.Or(p.Seed, 1)
	p.Latency = cmp.Or(p.Latency, 10*time.Millisecond)
	p.MSL = cmp.Or(p.MSL, 30*time.Second)
	c := Comparison{Seed: p.Seed, Latency: p.Latency}
	for _, loss := range losses {
		p.Loss = loss
		c.Pairs = append(c.Pairs, Pair{Loss: loss, TCP: run(p, byTCP), UDP: run(p, byUDP)})
	}
	return c, nil
}

// run sends the messages over a wire of their own.
func run(p Params, send func(*stage, *Run) error) Run {
	st := crossing(p)
	defer st.lab.Close()
	r := Run{Messages: make([]Message, messages)}
	if err := send(st, &r); err != nil {
		r.Err = err.Error()
	}
	r.Trace = st.lab.Trace()
	r.count()
	return r
}

// crossing is a stage for TCP as it is in use, RACK included. The client has so
// large a send buffer that its program is never held up.
//
// What befalls a packet comes from the seed and the packet's number alone: so
// packet 7 is as late in each run, and what is lost at 1 % is lost at 5 % too.
// What differs between two runs is due to the loss or to the protocol.
func crossing(p Params) *stage {
	opts := []netlab.Option{netlab.Seed(p.Seed), netlab.Latency(p.Latency), netlab.MSL(p.MSL)}
	if p.Window > 0 {
		opts = append(opts, netlab.Buffers(1<<20, p.Window))
	}
	lab := netlab.New(opts...)
	luck := func(pkt *trace.Packet) (late time.Duration, again, lost bool) {
		rng := rand.New(rand.NewPCG(p.Seed, uint64(pkt.N)))
		late = time.Duration(rng.Int64N(int64(jitter)+1)) + p.Delay[pkt.N]
		again = rng.Float64() < twice || slices.Contains(p.Dup, pkt.N)
		lost = rng.Float64() < p.Loss || slices.Contains(p.Drop, pkt.N)
		return late, again, lost
	}
	lab.Fault("jitter", netlab.Any, func(f *netlab.Flight) {
		late, _, _ := luck(&f.Packet)
		netlab.Delay(late)(f)
	})
	lab.Fault("twice", func(p *trace.Packet) bool { _, again, _ := luck(p); return again }, netlab.Duplicate(gap))
	lab.Fault("loss", func(p *trace.Packet) bool { _, _, lost := luck(p); return lost }, netlab.Drop)
	return &stage{Params: p, lab: lab, client: lab.Host("client"), server: lab.Host("server")}
}

// byTCP sends the messages over one connection, and closes it. It is a stream
// of bytes, in which the reader finds the messages by their size.
func byTCP(st *stage, r *Run) error {
	ln, err := st.server.Listen("tcp", ":80")
	if err != nil {
		return err
	}
	client, err := st.client.Dial("tcp", "server:80")
	if err != nil {
		return err
	}
	sent := r.schedule(st, client, client.(*netlab.Conn).CloseWrite)
	server, err := ln.Accept()
	if err != nil {
		return cmp.Or(*sent, err)
	}
	server.SetReadDeadline(st.lab.Now().Add(patience))
	buf := make([]byte, messageSize)
	for range messages {
		if _, err = io.ReadFull(server, buf); err != nil {
			break
		}
		r.got(buf, st.lab.Elapsed())
	}
	err = cmp.Or(*sent, err, server.Close(), client.Close())
	st.lab.Advance(2*st.MSL + time.Minute) // the teardown is traffic too
	return err
}

// byUDP sends each message as a datagram.
func byUDP(st *stage, r *Run) error {
	server, err := st.server.ListenPacket("udp", ":80")
	if err != nil {
		return err
	}
	client, err := st.client.Dial("udp", "server:80") // sends nothing
	if err != nil {
		return err
	}
	sent := r.schedule(st, client, func() error { return nil })
	for buf := make([]byte, messageSize); ; {
		if _, _, err = server.ReadFrom(buf); err != nil {
			break
		}
		r.got(buf, st.lab.Elapsed())
	}
	// Nobody tells a reader of datagrams that there will be no more. A real one
	// has a deadline; here it is enough that nothing is under way.
	if errors.Is(err, netlab.ErrStuck) {
		err = nil
	}
	return cmp.Or(*sent, err, server.Close(), client.Close())
}

// schedule has the messages written to w from now on, each at its time, while
// the script reads; then it calls end. The first error ends it, and is where the
// result points to.
func (r *Run) schedule(st *stage, w io.Writer, end func() error) *error {
	r.Dialed = st.lab.Elapsed()
	var err error
	for i := range r.Messages {
		st.lab.After(time.Duration(i)*gap, func() {
			if err != nil {
				return
			}
			buf := make([]byte, messageSize)
			binary.BigEndian.PutUint32(buf, uint32(i))
			r.Messages[i].Sent = st.lab.Elapsed()
			if _, err = w.Write(buf); err == nil && i == len(r.Messages)-1 {
				err = end()
			}
		})
	}
	return &err
}

// got is the server's program with one more message.
func (r *Run) got(message []byte, now time.Duration) {
	n := int(binary.BigEndian.Uint32(message))
	m := &r.Messages[n]
	m.Copies++
	if m.Copies > 1 {
		return
	}
	m.Read = now
	m.Overtaken = slices.ContainsFunc(r.Messages[n+1:], func(later Message) bool { return later.Copies > 0 })
}

// count reads from the trace what the wire has carried, and when each message
// had left the client and was at the server's host, whether or not the program
// could have it yet.
func (r *Run) count() {
	var left, arrived stream
	times := map[int]int{}
	for _, e := range r.Trace.Events {
		p := r.Trace.PacketOf(e)
		switch e.Kind {
		case trace.Send:
			r.Packets++
			r.Bytes += len(p.Bytes)
			r.Largest = max(r.Largest, p.Length)
			if p.Again {
				r.Again++
			}
			left.mark(p, e.At)
		case trace.Drop:
			r.Lost++
		case trace.Deliver:
			if times[p.N]++; times[p.N] == 2 {
				r.Twice++
			}
			arrived.mark(p, e.At)
		}
	}
	for i := range r.Messages {
		m := &r.Messages[i]
		m.Left, m.AtHost = left.all(i), arrived.all(i)
		if r.Dialed == 0 { // a datagram waits for no other
			m.Left, m.AtHost = m.Sent, m.Read
		}
	}
}

// A stream is when something first happened to each byte of the connection.
type stream [messages * messageSize]time.Duration

// mark is for the bytes in p, if it is of the client's stream.
func (s *stream) mark(p *trace.Packet, now time.Duration) {
	if p.Protocol != "tcp" || p.From != "client" {
		return
	}
	for i := range p.Length {
		if at := &s[int(p.Seq)-1+i]; *at == 0 { // number 0 is the SYN
			*at = now
		}
	}
}

// all returns when it had happened to all bytes of a message, 0 if it had not.
func (s *stream) all(message int) time.Duration {
	bytes := s[message*messageSize:][:messageSize]
	if slices.Contains(bytes, 0) {
		return 0
	}
	return slices.Max(bytes)
}

// all returns d of each message that was delivered, by number.
func (r Run) all(d func(Message) time.Duration) []time.Duration {
	var ds []time.Duration
	for _, m := range r.Messages {
		if m.Copies > 0 {
			ds = append(ds, d(m))
		}
	}
	return ds
}

// Late is how long after it was sent the program got m.
func (m Message) Late() time.Duration { return m.Read - m.Sent }

// HeldBack is how long m was in the sender before it went onto the wire.
func (m Message) HeldBack() time.Duration { return m.Left - m.Sent }

// Waited is how long m had been at the host when the program got it.
func (m Message) Waited() time.Duration { return m.Read - m.AtHost }

func (m Message) read() time.Duration { return m.Read }

// Delivered returns how many messages arrived, however often.
func (r Run) Delivered() int { return len(r.all(Message.Late)) }

// InOrder returns how many of them were not overtaken.
func (r Run) InOrder() int {
	return r.Delivered() - countIf(r.Messages, func(m Message) bool { return m.Overtaken })
}

// Duplicates returns how many the program got more than once.
func (r Run) Duplicates() int {
	return countIf(r.Messages, func(m Message) bool { return m.Copies > 1 })
}

// First returns when the program got its first message, 0 if it got none.
func (r Run) First() time.Duration {
	if r.Delivered() == 0 {
		return 0
	}
	return slices.Min(r.all(Message.read))
}

// Last returns when the program got its last message.
func (r Run) Last() time.Duration { return slices.Max(append(r.all(Message.read), 0)) }

// Latest returns how late the latest message was.
func (r Run) Latest() time.Duration { return slices.Max(append(r.all(Message.Late), 0)) }

// Median returns how late half of the delivered messages were at most.
func (r Run) Median() time.Duration {
	late := r.all(Message.Late)
	if len(late) == 0 {
		return 0
	}
	slices.Sort(late)
	return late[(len(late)-1)/2]
}

// InTime returns how many messages were late by no more than d.
func (r Run) InTime(d time.Duration) int {
	return countIf(r.Messages, func(m Message) bool { return m.Copies > 0 && m.Late() <= d })
}

// HeldBack returns how many messages had to wait in the sender, for the windows
// allowed no more on the wire, and how long the unluckiest did.
func (r Run) HeldBack() (n int, longest time.Duration) { return r.over0(Message.HeldBack) }

// Waited returns how many messages were at the host and had to wait for earlier
// ones, which is head-of-line blocking, and how long the unluckiest did.
func (r Run) Waited() (n int, longest time.Duration) { return r.over0(Message.Waited) }

func (r Run) over0(wait func(Message) time.Duration) (n int, longest time.Duration) {
	for _, d := range r.all(wait) {
		if d > 0 {
			n++
			longest = max(longest, d)
		}
	}
	return n, longest
}

func countIf(ms []Message, is func(Message) bool) int {
	n := 0
	for _, m := range ms {
		if is(m) {
			n++
		}
	}
	return n
}
