package chatroom_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/protocol"
)

func TestRoomsHearNothingOfEachOther(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	ann := joinAs(t, addr, chatroom.Join{Nick: "ann", Room: "tea"})
	other := joinAs(t, addr, chatroom.Join{Nick: "ann", Room: "coffee"}) // the nickname is free there
	require.NoError(t, other.Send("in coffee"))
	require.Equal(t, "ann: in coffee", heard(t, other))
	require.NoError(t, ann.Send("in tea"))
	require.Equal(t, []string{"ann: in tea"}, lines(t, ann, 1))
}

func TestWhoJoinsIsToldWhoIsHereAndWhatWasSaid(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	ann := join(t, addr, "ann")
	for i := range 120 {
		require.NoError(t, ann.Send(fmt.Sprint(i)))
		heard(t, ann)
	}
	bob := join(t, addr, "bob")
	require.Equal(t, []string{"ann", "bob"}, bob.Welcome.People)
	require.Equal(t, 2, bob.Welcome.Count)
	require.Equal(t, 100, *bob.Welcome.History)
	got := lines(t, bob, 100)
	require.Equal(t, []string{"ann: 20", "ann: 119"}, []string{got[0], got[99]})
	require.NoError(t, ann.Send("120"))
	require.Equal(t, "ann: 120", heard(t, bob))
}

func TestTheHistoryIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	ann := join(t, addr, "ann")
	long := strings.Repeat("x", 4000)
	for range 40 {
		require.NoError(t, ann.Send(long))
		heard(t, ann)
	}
	bob := join(t, addr, "bob")
	require.Equal(t, (64<<10)/len(fmt.Sprintf(`{"type":"message","id":%d,"time":1795373400123,"from":"ann","text":"%s"}`, bob.Welcome.Last, long)), *bob.Welcome.History)
}

func TestAClientThatComesBackMissesNothingAndHearsNothingTwice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		missed      int // messages while it was away
		wantResumed bool
		wantHistory int
	}{
		{"when nothing was said", 0, true, 0},
		{"when one thing was said", 1, true, 1},
		{"when as much was said as the room keeps", 100, true, 100},
		{"and is told when more was said than the room keeps", 101, false, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := chatroom.DefaultConfig()
			cfg.Room.MessagesPerSecond = 1000
			addr, _ := serve(t, cfg)
			bob := join(t, addr, "bob")
			ann := join(t, addr, "ann")
			require.NoError(t, bob.Send("before"))
			require.Equal(t, "bob: before", heard(t, bob))
			var last uint64
			for m := (protocol.Message{}); m.Type != protocol.Said; last = m.ID {
				var err error
				m, err = ann.Receive()
				require.NoError(t, err)
			}
			require.NoError(t, ann.Close())

			var want []string
			for i := range tt.missed {
				require.NoError(t, bob.Send(fmt.Sprint(i)))
				require.Equal(t, fmt.Sprint("bob: ", i), heard(t, bob))
				want = append(want, fmt.Sprint("bob: ", i))
			}
			ann = joinAs(t, addr, chatroom.Join{Nick: "ann", Session: ann.Welcome.Session, Since: last})
			require.Equal(t, tt.wantResumed, ann.Welcome.Resumed)
			require.Equal(t, tt.wantHistory, *ann.Welcome.History)
			if diff := cmp.Diff(want[max(0, len(want)-100):], lines(t, ann, tt.wantHistory)); diff != "" {
				t.Errorf("ann got (-want +got):\n%s", diff)
			}
			require.NoError(t, bob.Send("after"))
			require.Equal(t, "bob: after", heard(t, ann))
		})
	}
}

func TestAnIdThatTheRoomNeverGaveResumesNothing(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	ann := join(t, addr, "ann")
	require.NoError(t, ann.Send("hi"))
	heard(t, ann)
	for _, since := range []uint64{1, 1<<53 - 1} { // of a server before this one, or after
		bob := joinAs(t, addr, chatroom.Join{Nick: fmt.Sprint("bob-", since), Since: since})
		require.False(t, bob.Welcome.Resumed)
		require.Equal(t, []string{"ann: hi"}, lines(t, bob, 1))
	}
}

func TestAMessageSentTwiceWithOneRefIsSaidOnce(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	bob := join(t, addr, "bob")
	ann := join(t, addr, "ann")
	require.NoError(t, ann.SendRef("hi", "1"))
	require.Equal(t, "ann: hi", heard(t, ann))
	require.NoError(t, ann.Close()) // in doubt whether it was heard

	again := joinAs(t, addr, chatroom.Join{Nick: "ann", Session: ann.Welcome.Session, Since: ann.Welcome.Last})
	require.NoError(t, again.SendRef("hi", "1"))
	require.NoError(t, again.SendRef("more", "2"))
	require.Equal(t, "ann: hi", heard(t, bob))
	require.Equal(t, "ann: more", heard(t, bob))
	require.NoError(t, bob.SendRef("hi", "1")) // another session has refs of its own
	require.Equal(t, "bob: hi", heard(t, bob))
}

func TestASessionTakesItsNicknameOver(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	bob := join(t, addr, "bob")
	ann := join(t, addr, "ann")
	require.Equal(t, []string{"* ann joined"}, lines(t, bob, 1))

	again := joinAs(t, addr, chatroom.Join{Nick: "ann", Session: ann.Welcome.Session}) // the network has not noticed yet
	var closed *websocket.CloseError
	_, err := ann.Receive()
	require.ErrorAs(t, err, &closed)
	require.Equal(t, protocol.CloseMoved, closed.Code)
	require.Equal(t, protocol.Moved, protocol.ReasonCode(closed.Text))
	require.NoError(t, again.Send("here I am"))
	require.Equal(t, []string{"ann: here I am"}, lines(t, bob, 1), "nobody joined or left")
}

func TestCommands(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	joinAs(t, addr, chatroom.Join{Nick: "zoe", Room: "tea"})
	bob := join(t, addr, "bob")
	ann := join(t, addr, "ann")
	for _, tt := range []struct {
		name, text, want string
	}{
		{"/who lists who is in the room", "/who", `{"type":"people","people":["ann","bob"],"count":2}`},
		{"/rooms lists the rooms, the fullest first", "/rooms", `{"type":"rooms","rooms":[{"room":"lobby","count":2},{"room":"tea","count":1}]}`},
		{"/help lists the commands", "/help ", `{"type":"help","commands":[{"usage":"/nick NAME","text":"take another nickname"},{"usage":"/who","text":"who is in this room"},{"usage":"/rooms","text":"which rooms there are"},{"usage":"/help","text":"this list"}]}`},
		{"/nick takes another nickname", "/nick 安妮", `{"type":"nick","from":"ann","nick":"安妮"}`},
		{"what is said from then on is said under it", "hi", `{"type":"message","id":0,"time":0,"from":"安妮","text":"hi"}`},
		{"/nick of a taken nickname is an error", "/nick bob", `{"type":"error","code":"nick_taken","text":"this nickname is taken, choose another"}`},
		{"even of one's own", "/nick 安妮", `{"type":"error","code":"nick_taken","text":"this nickname is taken, choose another"}`},
		{"/nick of a bad one too", "/nick a b", `{"type":"error","code":"bad_nick","text":"a nickname has no spaces, control or invisible characters"}`},
		{"and without any", "/nick", `{"type":"error","code":"bad_nick","text":"a nickname has 1 to 20 characters"}`},
		{"there is no other command", "/quit", `{"type":"error","code":"unknown_command","text":"there is no such command; /help lists them"}`},
		{"a doubled slash begins a text", "//home/ann", `{"type":"message","id":0,"time":0,"from":"安妮","text":"/home/ann"}`},
		{"a slash inside is nothing special", "and/or", `{"type":"message","id":0,"time":0,"from":"安妮","text":"and/or"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, ann.Send(tt.text))
			m, err := ann.Receive()
			require.NoError(t, err)
			if diff := cmp.Diff(tt.want, timeless(string(m.Encode()))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
	require.Equal(t, []string{"* ann joined", "* ann is now 安妮", "安妮: hi", "安妮: /home/ann", "安妮: and/or"}, lines(t, bob, 5))
	join(t, addr, "ann") // the nickname is free again
	require.Equal(t, []string{"* ann joined"}, lines(t, bob, 1))
	require.NoError(t, ann.Leave())
	require.Equal(t, []string{"* 安妮 left"}, lines(t, bob, 1))
}

func TestARoomThatDoesNotTakeAClientSaysWhy(t *testing.T) {
	t.Parallel()
	cfg := chatroom.DefaultConfig()
	cfg.Room.Rooms = 1
	addr, _ := serve(t, cfg)
	join(t, addr, "ann")
	for _, tt := range []struct {
		name, query, wantCode, wantText string
	}{
		{"a nickname that is taken", "nick=ann", protocol.NickTaken, "this nickname is taken, choose another"},
		{"no nickname", "", protocol.BadNick, "a nickname has 1 to 20 characters"},
		{"a bad name for a room", "nick=bob&room=A", protocol.BadRoom, "a room's name has lower-case letters, digits, - and _ only"},
		{"an id that is none", "nick=bob&since=x", protocol.BadSince, "since is the id of a message"},
		{"an id below 0", "nick=bob&since=-1", protocol.BadSince, "since is the id of a message"},
		{"one room too many", "nick=bob&room=tea", protocol.TooManyRooms, "there are too many rooms, join one of them"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+addr+"/ws?"+tt.query, nil)
			require.NoError(t, err)
			defer conn.Close()
			require.Equal(t, string(protocol.Message{Type: protocol.Error, Code: tt.wantCode, Text: tt.wantText}.Encode()), text(t, conn))
			want := &websocket.CloseError{Code: websocket.ClosePolicyViolation, Text: tt.wantCode + ": " + tt.wantText}
			if diff := cmp.Diff(want, closeError(t, conn)); diff != "" {
				t.Errorf("close frame (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnEmptyRoomMakesSpaceForANewOne(t *testing.T) {
	t.Parallel()
	cfg := chatroom.DefaultConfig()
	cfg.Room.Rooms = 1
	addr, _ := serve(t, cfg)
	ann := joinAs(t, addr, chatroom.Join{Nick: "ann", Room: "tea"})
	require.NoError(t, ann.Leave())
	for err := error(nil); err == nil; {
		_, err = ann.Receive()
	}
	joinAs(t, addr, chatroom.Join{Nick: "ann", Room: "coffee"})
}

func TestAHundredJoinsAreAFewNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, _ := serveInMemory(t, chatroom.DefaultConfig())
		ann := room.dial(t, "ann")
		shown(t, ann) // welcome
		time.Sleep(time.Second)
		var clients []*websocket.Conn
		for i := range 100 {
			bob := room.dial(t, fmt.Sprint("bob-", i))
			synctest.Wait()
			clients = append(clients, bob)
			go func() { // reads until the server ends it
				for {
					if _, _, err := bob.ReadMessage(); err != nil {
						return
					}
				}
			}()
		}
		require.Equal(t, "* bob-0 joined", shown(t, ann), "the first at once")
		require.Equal(t, "* bob-1, bob-10, bob-11, bob-12, bob-13, bob-14, bob-15, bob-16, bob-17, bob-18 and 89 more joined", shown(t, ann))
		for i, conn := range clients[:50] { // 25 leave and come back
			require.NoError(t, conn.Close())
			synctest.Wait()
			if i%2 == 0 {
				again := room.dial(t, fmt.Sprint("bob-", i))
				go again.ReadMessage()
			}
		}
		require.Equal(t, "* bob-1, bob-11, bob-13, bob-15, bob-17, bob-19, bob-21, bob-23, bob-25, bob-27 and 15 more left", shown(t, ann))
	})
}

func TestWhoJoinsBetweenTwoNoticesIsToldOnlyWhatCameAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, _ := serveInMemory(t, chatroom.DefaultConfig())
		ann := room.dial(t, "ann")
		require.Equal(t, "* you are ann in lobby; here: ann", shown(t, ann))
		bob := room.dial(t, "bob") // within the tenth of a second
		require.Equal(t, "* you are bob in lobby; here: ann, bob", shown(t, bob))
		zoe := room.dial(t, "zoe")
		require.Equal(t, "* you are zoe in lobby; here: ann, bob, zoe", shown(t, zoe))
		require.NoError(t, bob.Close())
		synctest.Wait()
		require.Equal(t, "* zoe joined", shown(t, ann), "bob came and left in between")
		require.Equal(t, "* bob left", shown(t, zoe), "whom it had seen")
	})
}

func TestConnectionsAreLimited(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		inAll, perAddress int
		wantStatus        int
	}{
		{"in all", 2, 10, http.StatusServiceUnavailable},
		{"and from one address", 10, 2, http.StatusTooManyRequests},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := chatroom.DefaultConfig()
			cfg.Room.Connections, cfg.Room.ConnectionsPerAddress = tt.inAll, tt.perAddress
			addr, _ := serve(t, cfg)
			ann := dial(t, addr, "ann")
			join(t, addr, "bob")
			_, answer, err := websocket.DefaultDialer.Dial("ws://"+addr+"/ws?nick=zoe", nil)
			require.ErrorIs(t, err, websocket.ErrBadHandshake)
			require.Equal(t, tt.wantStatus, answer.StatusCode)
			require.Equal(t, "10", answer.Header.Get("Retry-After"))

			require.NoError(t, ann.WriteMessage(websocket.CloseMessage, nil))
			closeError(t, ann)
			_, err = ann.NetConn().Read(make([]byte, 1))
			require.Equal(t, io.EOF, err) // the server is done with it
			join(t, addr, "zoe")
		})
	}
}
