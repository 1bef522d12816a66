package natsbus_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/natsbus"
	"example.com/netlessons/chatroom/natsbus/embedded"
	"example.com/netlessons/chatroom/protocol"
)

const timeout = 20 * time.Second // never reached unless something is broken

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClientsOfTwoServersAreInOneRoom(t *testing.T) {
	t.Parallel()
	cluster := start(t)
	a, b := cluster.serve(t, "a"), cluster.serve(t, "b")
	ann := a.join(t, chatroom.Join{Nick: "ann"})
	require.Equal(t, "a", ann.Welcome.Server)
	bob := b.join(t, chatroom.Join{Nick: "bob"})
	require.Equal(t, []string{"ann", "bob"}, bob.Welcome.People)
	require.Equal(t, "* bob joined", line(t, ann))

	require.NoError(t, ann.Send("hi, bob"))
	require.NoError(t, bob.Send("/rooms"))
	require.ElementsMatch(t, []string{"ann: hi, bob", "* rooms: lobby (2)"}, []string{line(t, bob), line(t, bob)})
	require.NoError(t, bob.Send("hi, ann"))
	require.Equal(t, []string{"ann: hi, bob", "bob: hi, ann"}, []string{line(t, ann), line(t, ann)})

	_, err := chatroom.Dial(t.Context(), b.addr, chatroom.Join{Nick: "ann"})
	var refused chatroom.Refused
	require.ErrorAs(t, err, &refused)
	require.Equal(t, protocol.NickTaken, refused.Code)

	require.Equal(t, "bob: hi, ann", line(t, bob))
	require.NoError(t, bob.Send("/nick rob"))
	require.Equal(t, "* bob is now rob", line(t, bob))
	require.Equal(t, "* bob is now rob", line(t, ann))
	require.NoError(t, bob.Send("/who"))
	require.Equal(t, "* here: ann, rob", line(t, bob))
	require.NoError(t, ann.Send("/nick rob"))
	require.Equal(t, "! this nickname is taken, choose another", line(t, ann))
	again := a.join(t, chatroom.Join{Nick: "bob"}) // is free again
	require.Equal(t, []string{"ann", "bob", "rob"}, again.Welcome.People)
	require.Equal(t, 2, *again.Welcome.History)
	require.Equal(t, "* bob joined", line(t, ann))
	require.NoError(t, again.Leave())
	require.Equal(t, "* bob left", line(t, ann))
}

func TestNothingIsLostOrDoubledWhenAServerIsStoppedAndItsClientMoves(t *testing.T) {
	t.Parallel()
	cluster := start(t)
	a, b := cluster.serve(t, "a"), cluster.serve(t, "b")
	ann := a.join(t, chatroom.Join{Nick: "ann"})
	bob := b.join(t, chatroom.Join{Nick: "bob"})

	const messages = 90 // fewer than the history keeps
	moved := make(chan struct{})
	said := make(chan error, 1)
	go func() { // bob talks all the time
		for i := range messages {
			if i == 60 {
				<-moved
			}
			if err := bob.Send(fmt.Sprint(i)); err != nil {
				said <- err
				return
			}
			for { // one after another
				m, err := bob.Receive()
				if err != nil {
					said <- err
					return
				}
				if m.Type == protocol.Said {
					break
				}
			}
		}
		said <- nil
	}()
	var got []string
	join := chatroom.Join{Nick: "ann", Session: ann.Welcome.Session, Since: ann.Welcome.Last}
	for len(got) < messages {
		m, err := ann.Receive()
		switch {
		case err != nil: // its server is gone: on to the next one
			require.True(t, websocket.IsCloseError(err, websocket.CloseGoingAway), "%v", err)
			ann = b.join(t, join)
			require.True(t, ann.Welcome.Resumed)
			close(moved)
		case m.Type == protocol.Said:
			got = append(got, m.String())
			join.Since = m.ID
			if len(got) == 30 {
				go a.stop()
			}
		}
	}
	require.NoError(t, <-said)
	var want []string
	for i := range messages {
		want = append(want, fmt.Sprint("bob: ", i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ann got (-want +got):\n%s", diff)
	}
}

func TestClientsAreToldWhenNATSStopsAndNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	cluster := start(t)
	a, b := cluster.serve(t, "a"), cluster.serve(t, "b")
	ann := a.join(t, chatroom.Join{Nick: "ann"})
	bob := b.join(t, chatroom.Join{Nick: "bob"})
	zoe := b.join(t, chatroom.Join{Nick: "zoe"})
	require.NoError(t, ann.SendRef("before", "1"))
	require.Equal(t, "ann: before", said(t, bob))

	cluster.nats.Stop()
	require.Equal(t, protocol.Detached, status(t, ann))
	require.Equal(t, protocol.Detached, status(t, bob))
	require.NoError(t, ann.SendRef("now?", "2"))
	m := next(t, ann, protocol.Error)
	require.Equal(t, []string{protocol.Unavailable, "2"}, []string{m.Code, m.Ref})
	require.NoError(t, zoe.Leave()) // cannot be told yet
	for err := error(nil); err == nil; {
		_, err = zoe.Receive()
	}
	require.NoError(t, ann.Send("/who")) // what the server knows by itself, it says
	require.Equal(t, []string{"ann", "bob", "zoe"}, next(t, ann, protocol.People).People)

	require.NoError(t, cluster.nats.Start())
	require.Equal(t, protocol.Attached, status(t, ann))
	require.Equal(t, protocol.Attached, status(t, bob))
	require.NoError(t, ann.SendRef("now?", "2"))
	require.NoError(t, ann.SendRef("now?", "2")) // in doubt
	require.NoError(t, ann.SendRef("after", "3"))
	for _, conn := range []*chatroom.Conn{ann, bob} {
		var got []string
		for len(got) == 0 || got[len(got)-1] != "ann: after" {
			got = append(got, said(t, conn))
		}
		if diff := cmp.Diff([]string{"ann: now?", "ann: after"}, got[len(got)-2:]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		require.LessOrEqual(t, len(got), 3) // ann's own "before"
	}
	again := a.join(t, chatroom.Join{Nick: "zoe"}) // her nickname is free
	require.Equal(t, 3, *again.Welcome.History)
}

func TestAMessageOfAnOutageReachesWhoCouldNotHearIt(t *testing.T) {
	t.Parallel()
	cluster := start(t)
	b := cluster.serve(t, "b")
	bob := b.join(t, chatroom.Join{Nick: "bob"})
	a := cluster.serve(t, "a")
	ann := a.join(t, chatroom.Join{Nick: "ann"})
	require.Equal(t, "* ann joined", line(t, bob))

	b.cut() // b alone has lost its link
	require.Equal(t, protocol.Detached, status(t, bob))
	require.NoError(t, ann.Send("can you hear me?"))
	require.Equal(t, "ann: can you hear me?", said(t, ann))
	require.NoError(t, ann.Send("/nick Ann"))
	require.Equal(t, "* ann is now Ann", line(t, ann))
	b.heal()
	require.ElementsMatch(t, []string{"* ann is now Ann", "ann: can you hear me?"}, []string{line(t, bob), line(t, bob)})
	require.Equal(t, "* the link to the other servers is back", line(t, bob))
}

func TestASessionMovesToAnotherServer(t *testing.T) {
	t.Parallel()
	cluster := start(t)
	a, b := cluster.serve(t, "a"), cluster.serve(t, "b")
	ann := a.join(t, chatroom.Join{Nick: "ann"})
	again := b.join(t, chatroom.Join{Nick: "ann", Session: ann.Welcome.Session})
	var err error
	for err == nil {
		_, err = ann.Receive()
	}
	require.True(t, websocket.IsCloseError(err, protocol.CloseMoved), "%v", err)
	require.NoError(t, again.Send("here I am"))
	require.Equal(t, "ann: here I am", said(t, again))
	require.Equal(t, []string{"ann"}, a.join(t, chatroom.Join{Nick: "bob", Room: "lobby"}).Welcome.People[:1])
}

func TestTheNicknamesOfAServerThatDiedAreFreed(t *testing.T) {
	t.Parallel()
	cluster := start(t)
	cluster.alive = 500 * time.Millisecond
	a, b := cluster.serve(t, "a"), cluster.serve(t, "b")
	a.join(t, chatroom.Join{Nick: "ann"})
	bob := b.join(t, chatroom.Join{Nick: "bob"})
	require.Equal(t, []string{"ann", "bob"}, bob.Welcome.People)
	a.cut() // as if its machine lost its power
	require.Equal(t, "* ann left", line(t, bob))
	b.join(t, chatroom.Join{Nick: "ann"})
}

func TestAServerWithoutNATSSaysWhatToDo(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	_, err = natsbus.Connect(t.Context(), natsbus.Config{Servers: []string{"nats://" + ln.Addr().String()}})
	require.ErrorContains(t, err, "start nats-server -js first")
}

// BenchmarkSecondHop measures from sending to hearing, on the same server
// without NATS and on another one with it.
func BenchmarkSecondHop(b *testing.B) {
	cluster := start(b)
	one, two := cluster.serve(b, "a"), cluster.serve(b, "b")
	alone := serveAlone(b)
	for _, tt := range []struct {
		name             string
		speaker, hearers *chatServer
	}{{"one-server", alone, alone}, {"two-servers", one, two}} {
		b.Run(tt.name, func(b *testing.B) {
			ann, bob := tt.speaker.join(b, chatroom.Join{Nick: "ann", Room: tt.name}), tt.hearers.join(b, chatroom.Join{Nick: "bob", Room: tt.name})
			samples := make([]time.Duration, 0, b.N)
			for b.Loop() {
				began := time.Now()
				require.NoError(b, ann.Send("x"))
				said(b, bob)
				samples = append(samples, time.Since(began))
				said(b, ann)
			}
			reportP99(b, samples)
			require.NoError(b, ann.Close())
			require.NoError(b, bob.Close())
		})
	}
}

// cluster is a NATS server, and chat servers that share their rooms over it.
type cluster struct {
	nats  *embedded.Server
	alive time.Duration
}

func start(t testing.TB) *cluster {
	t.Helper()
	server, err := embedded.Start(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(server.Stop)
	return &cluster{nats: server}
}

type chatServer struct {
	addr string
	stop func()
	link *link
}

func (s *chatServer) cut()  { s.link.set(false) }
func (s *chatServer) heal() { s.link.set(true) }

func (c *cluster) serve(t testing.TB, name string) *chatServer {
	t.Helper()
	l := &link{server: c.nats, up: true}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	bus, err := natsbus.Connect(t.Context(), natsbus.Config{Alive: c.alive, Log: log, Options: []nats.Option{nats.InProcessServer(l)}})
	require.NoError(t, err)
	cfg := chatroom.DefaultConfig()
	cfg.Room.Name, cfg.Room.Bus, cfg.Room.MessagesPerSecond = name, bus, 1<<20
	s := serve(t, cfg, bus.Close)
	s.link = l
	return s
}

func serveAlone(t testing.TB) *chatServer {
	cfg := chatroom.DefaultConfig()
	cfg.Room.MessagesPerSecond = 1 << 20
	return serve(t, cfg, func() {})
}

func serve(t testing.TB, cfg chatroom.Config, end func()) *chatServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := chatroom.Serve(ctx, ln, cfg, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("Serve: %v", err)
		}
		end()
	}()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return &chatServer{addr: ln.Addr().String(), stop: stop}
}
