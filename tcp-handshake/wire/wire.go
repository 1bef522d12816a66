// Package wire plays the scenes of lessons 1 to 5 on a lab's wire: real TCP
// stacks, every packet visible, and each one can be lost. A scene is a function
// from its parameters to a trace; what is told about it is read from the trace,
// so that it stays true whatever was lost.
package wire

import (
	"fmt"
	"net"
	"slices"
	"time"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/trace"
)

// Params are how a scene is played.
type Params struct {
	Variant string                // one of the scene's, or "" for the plain one
	Seed    uint64                // 0 is 1
	Latency time.Duration         // one way; 0 is 10 ms
	MSL     time.Duration         // 0 is 30 s
	Window  int                   // bytes of each buffer; 0 leaves it to the scene
	Loss    float64               // probability that a packet is lost
	Drop    []int                 // packets to lose, by their numbers in the diagram
	Dup     []int                 // packets that arrive twice
	Delay   map[int]time.Duration // packets that arrive later
}

// A Scene is one of the things to see.
type Scene struct {
	Name     string
	Notes    string   // the section of the notes
	Variants []string // beside the plain one
	window   int      // bytes of the server's receive buffer; 0 is the lab's default
	play     func(*stage) error
	tell     func(*teller)
}

// Scenes are all scenes, in the order of the lessons.
var Scenes = []Scene{handshake, teardown, window, states}

// Find returns the scene with that name.
func Find(name string) (Scene, bool) {
	i := slices.IndexFunc(Scenes, func(s Scene) bool { return s.Name == name })
	if i < 0 {
		return Scene{}, false
	}
	return Scenes[i], true
}

// Play plays the scene and returns what happened. Calls that fail, because too
// much was lost, are in the trace; they end the scene without being an error.
func (s Scene) Play(p Params) (*trace.Trace, error) {
	if p.Variant != "" && !slices.Contains(s.Variants, p.Variant) {
		return nil, fmt.Errorf("scene %s has no variant %q; it has %q", s.Name, p.Variant, s.Variants)
	}
	if p.Window == 0 {
		p.Window = s.window
	}
	st := newStage(p)
	defer st.lab.Close()
	if err := s.play(st); err != nil {
		st.lab.Note("the scene ends here: %v", err)
	}
	st.lab.Settle()
	return st.lab.Trace(), nil
}

// A stage is a lab with a client and a server.
type stage struct {
	Params
	lab            *netlab.Lab
	client, server *netlab.Host
	ln             net.Listener
}

func newStage(p Params) *stage {
	if p.Seed == 0 {
		p.Seed = 1
	}
	if p.Latency == 0 {
		p.Latency = 10 * time.Millisecond
	}
	if p.MSL == 0 {
		p.MSL = 30 * time.Second
	}
	opts := []netlab.Option{netlab.Seed(p.Seed), netlab.Latency(p.Latency), netlab.MSL(p.MSL), netlab.RACK(false)}
	if p.Window > 0 {
		opts = append(opts, netlab.Buffers(p.Window, p.Window))
	}
	if p.Variant == "backlog" {
		opts = append(opts, netlab.Backlog(1))
	}
	lab := netlab.New(opts...)
	st := &stage{Params: p, lab: lab, client: lab.Host("client"), server: lab.Host("server")}
	for _, n := range p.Drop {
		lab.Fault(fmt.Sprintf("drop %d", n), netlab.Number(n), netlab.Drop)
	}
	for _, n := range p.Dup {
		lab.Fault(fmt.Sprintf("dup %d", n), netlab.Number(n), netlab.Duplicate(p.Latency))
	}
	for n, d := range p.Delay { // each picks its own packet: their order does not matter
		lab.Fault(fmt.Sprintf("delay %d", n), netlab.Number(n), netlab.Delay(d))
	}
	if p.Loss > 0 {
		lab.Fault("loss", lab.Chance(p.Loss), netlab.Drop)
	}
	return st
}

// connect goes through the handshake.
func (st *stage) connect() (client, server *netlab.Conn, err error) {
	if st.ln == nil {
		if st.ln, err = st.server.Listen("tcp", ":80"); err != nil {
			return nil, nil, err
		}
	}
	c, err := st.client.Dial("tcp", "server:80")
	if err != nil {
		return nil, nil, err
	}
	s, err := st.ln.Accept()
	if err != nil {
		return nil, nil, err
	}
	return c.(*netlab.Conn), s.(*netlab.Conn), nil
}
