package talk_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cable"
	"example.com/netlessons/chatroom/protocol"
	"example.com/netlessons/chatroom/talk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestATalkThatLosesItsConnectionMissesNothing(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	wire := cable.New(t, addr)
	bob := join(t, addr, "bob")
	ann := begin(t, talk.Place{Addr: wire.Addr, Join: chatroom.Join{Nick: "ann"}, Asks: true})
	ann.sees("* you are ann in lobby; here: ann, bob")
	ann.lines <- "before"
	ann.sees("ann: before")

	wire.Pull()
	ann.sees("* connection lost: it was cut; trying again")
	for i := range 3 {
		say(t, bob, fmt.Sprintf("missed %d", i+1))
	}
	ann.lines <- "said meanwhile"
	ann.lines <- "/who"
	wire.PlugIn()
	ann.sees("bob: missed 1", "bob: missed 2", "bob: missed 3", "* back; messages missed and fetched: 3")
	ann.sees("ann: said meanwhile")
	ann.sees("* here: ann, bob")
	close(ann.lines)
	require.NoError(t, ann.end())
}

func TestEveryLineIsSaidOnceHoweverOftenTheConnectionIsCut(t *testing.T) {
	t.Parallel()
	const lines = 200
	addr, _ := serve(t, "127.0.0.1:0")
	wire := cable.New(t, addr)
	bob := join(t, addr, "bob")
	ann := begin(t, talk.Place{Addr: wire.Addr, Join: chatroom.Join{Nick: "ann"}})
	ann.ignore()
	go func() {
		for i := range lines {
			ann.lines <- fmt.Sprint(i)
		}
		close(ann.lines)
	}()
	var got, want []string
	for len(got) < lines {
		m, err := bob.Receive()
		require.NoError(t, err)
		if m.Type != protocol.Said {
			continue
		}
		want, got = append(want, fmt.Sprint(len(got))), append(got, m.Text)
		if len(got)%50 == 25 {
			wire.Pull()
			wire.PlugIn()
		}
	}
	require.NoError(t, ann.end())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bob heard (-want +got):\n%s", diff)
	}
}

func TestATalkOutlivesItsServerAndSaysThatMessagesMayBeMissing(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, "127.0.0.1:0")
	ann := begin(t, talk.Place{Addr: addr, Join: chatroom.Join{Nick: "ann"}})
	ann.sees("* you are ann in lobby; here: ann")
	ann.lines <- "before"
	ann.sees("ann: before")
	stop()
	ann.sees("* connection lost: the server is shutting down; trying again")
	serve(t, addr)
	ann.sees("* messages may be missing here: the server no longer has them", "* back; messages fetched: 0")
	ann.lines <- "after"
	ann.sees("ann: after")
	close(ann.lines)
	require.NoError(t, ann.end())
}

func TestATalkGoesToAnotherRoomAndStaysWhereThatLetsItNotIn(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	bob := join(t, addr, "bob")
	ann := begin(t, talk.Place{Addr: addr, Join: chatroom.Join{Nick: "ann"}})
	ann.sees("* you are ann in lobby; here: ann, bob")
	ann.lines <- "/join ../tea"
	ann.sees("! join " + addr + ": a room's name has lower-case letters, digits, - and _ only")
	ann.lines <- "still here"
	ann.sees("ann: still here")
	ann.lines <- "/join tea"
	ann.sees("* you are ann in tea; here: ann")
	for {
		m, err := bob.Receive()
		require.NoError(t, err)
		if slices.Equal(m.Left, []string{"ann"}) {
			break
		}
	}
	close(ann.lines)
	require.NoError(t, ann.end())
}

func TestATalkEndsThatNobodyLetsIn(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	join(t, addr, "ann")
	ann := begin(t, talk.Place{Addr: addr, Join: chatroom.Join{Nick: "ann"}, Asks: true})
	require.ErrorContains(t, ann.end(), "this nickname is taken, choose another")
}

func TestATalkEndsWithoutAServerIfNothingIsLeftToSay(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, "127.0.0.1:0")
	ann := begin(t, talk.Place{Addr: addr, Join: chatroom.Join{Nick: "ann"}})
	ann.sees("* you are ann in lobby; here: ann")
	stop()
	ann.sees("* connection lost: the server is shutting down; trying again")
	close(ann.lines)
	require.NoError(t, ann.end())
}

func TestCtrlCEndsATalkThatTriesToComeBack(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, "127.0.0.1:0")
	ann := begin(t, talk.Place{Addr: addr, Join: chatroom.Join{Nick: "ann"}})
	ann.sees("* you are ann in lobby; here: ann")
	stop()
	ann.sees("* connection lost: the server is shutting down; trying again")
	ann.lines <- "nobody hears this"
	ann.ctrlC()
	require.EqualError(t, ann.end(), "lines that were not said, or perhaps not: 1")
}

func TestATalkSaysWhenItMissedMoreThanTheServerKeeps(t *testing.T) {
	t.Parallel()
	cfg := chatroom.DefaultConfig()
	cfg.Room.HistoryMessages = 2
	addr, _ := serveConfig(t, "127.0.0.1:0", cfg)
	wire := cable.New(t, addr)
	bob := join(t, addr, "bob")
	ann := begin(t, talk.Place{Addr: wire.Addr, Join: chatroom.Join{Nick: "ann"}, Asks: true})
	ann.sees("* you are ann in lobby; here: ann, bob")
	wire.Pull()
	ann.sees("* connection lost: it was cut; trying again")
	for i := range 4 {
		say(t, bob, fmt.Sprintf("missed %d", i+1))
	}
	wire.PlugIn()
	ann.sees("* messages may be missing here: the server no longer has them", "bob: missed 3", "bob: missed 4", "* back; messages fetched: 2")
	close(ann.lines)
	require.NoError(t, ann.end())
}

func TestWhatTheHistoryRepeatsIsNotTold(t *testing.T) {
	t.Parallel()
	histories := make(chan int, 2)
	histories <- 1
	histories <- 2
	addr := play(t, func(conn *websocket.Conn) {
		n := <-histories
		send(conn, protocol.Message{Type: protocol.Welcome, Nick: "ann", Room: "tea", History: &n, People: []string{"ann"}, Count: 1})
		for i := range n {
			send(conn, protocol.Message{Type: protocol.Said, ID: uint64(i + 1), From: "bob", Text: fmt.Sprint(i + 1)})
		}
		if n == 2 {
			conn.ReadMessage() // the goodbye
		}
	})
	ann := begin(t, talk.Place{Addr: addr, Join: chatroom.Join{Nick: "ann"}})
	ann.sees("* back; messages fetched: 1")
	require.Equal(t, []string{"bob: 1", "bob: 2"}, ann.said)
	close(ann.lines)
	require.NoError(t, ann.end())
}

// What the server cannot pass on is said again, with the same ref, when the
// other servers are back.
func TestWhatTheServerCouldNotPassOnIsSaidAgain(t *testing.T) {
	t.Parallel()
	refs := make(chan string, 2)
	addr := play(t, func(conn *websocket.Conn) {
		none := 0
		send(conn, protocol.Message{Type: protocol.Welcome, Nick: "ann", Room: "tea", History: &none, People: []string{"ann"}, Count: 1})
		for n := uint64(1); ; n++ {
			var m protocol.Message
			if conn.ReadJSON(&m) != nil {
				return
			}
			refs <- m.Ref
			if n == 1 {
				send(conn, protocol.Message{Type: protocol.Error, Code: protocol.Unavailable, Text: "not sent", Ref: m.Ref})
				send(conn, protocol.Message{Type: protocol.Status, Code: protocol.Attached, Text: "the link is back"})
				continue
			}
			send(conn, protocol.Message{Type: protocol.Said, ID: n, From: "ann", Text: m.Text, Ref: m.Ref})
		}
	})
	ann := begin(t, talk.Place{Addr: addr, Join: chatroom.Join{Nick: "ann"}})
	ann.sees("* you are ann in tea; here: ann")
	ann.lines <- "hello"
	ann.sees("! not sent", "* the link is back", "ann: hello")
	require.Equal(t, <-refs, <-refs)
	close(ann.lines)
	require.NoError(t, ann.end())
}

// play is a server that behaves as the test says.
func play(t *testing.T, behave func(*websocket.Conn)) (addr string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		behave(conn)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func send(conn *websocket.Conn, m protocol.Message) {
	conn.WriteMessage(websocket.TextMessage, m.Encode())
}

// talker is a talk under way.
type talker struct {
	t     *testing.T
	lines chan string
	ctrlC func()
	told  chan string
	said  []string // by anybody, of what was seen
	done  chan error
}

func begin(t *testing.T, place talk.Place) *talker {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ann := &talker{t: t, lines: make(chan string), ctrlC: cancel, told: make(chan string, 1000), done: make(chan error, 1)}
	go func() {
		ann.done <- talk.Run(ctx, place, ann.lines, func(e talk.Event) { ann.told <- e.String() })
		close(ann.told)
	}()
	return ann
}

// sees expects lines, in this order, with others in between.
func (ann *talker) sees(lines ...string) {
	ann.t.Helper()
	var seen []string
	late := time.After(10 * time.Second)
	for len(lines) > 0 {
		select {
		case line := <-ann.told:
			seen = append(seen, line)
			if !strings.HasPrefix(line, "* ") {
				ann.said = append(ann.said, line)
			}
			if line == lines[0] {
				lines = lines[1:]
			}
		case <-late:
			ann.t.Fatalf("never seen: %q; seen: %q", lines[0], seen)
		}
	}
}

func (ann *talker) ignore() {
	go func() {
		for range ann.told {
		}
	}()
}

func (ann *talker) end() error {
	ann.t.Helper()
	select {
	case err := <-ann.done:
		return err
	case <-time.After(10 * time.Second):
		ann.t.Fatal("the talk does not end")
		return nil
	}
}

func serve(t *testing.T, addr string) (at string, stop func()) {
	t.Helper()
	cfg := chatroom.DefaultConfig()
	cfg.Room.MessagesPerSecond = 1000
	return serveConfig(t, addr, cfg)
}

func serveConfig(t *testing.T, addr string, cfg chatroom.Config) (at string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chatroom.Serve(ctx, ln, cfg, slog.New(slog.DiscardHandler)) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

func join(t *testing.T, addr, nick string) *chatroom.Conn {
	t.Helper()
	conn, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: nick})
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// say returns when everybody in the room has been told.
func say(t *testing.T, conn *chatroom.Conn, text string) {
	t.Helper()
	require.NoError(t, conn.Send(text))
	for {
		m, err := conn.Receive()
		require.NoError(t, err)
		if m.Text == text {
			return
		}
	}
}
