package chatroom_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/protocol"
)

const timeout = time.Minute // never reached unless something is broken

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEverybodySeesTheSameConversation(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	ann := join(t, addr, "ann")
	bob := join(t, addr, "bob")
	require.NoError(t, ann.Send("hi, bob"))
	require.Equal(t, []string{"* bob joined", "ann: hi, bob"}, lines(t, ann, 2))
	require.NoError(t, bob.Send("你好, ann <b>&</b>"))
	require.NoError(t, bob.Leave())

	if diff := cmp.Diff([]string{"bob: 你好, ann <b>&</b>", "* bob left"}, lines(t, ann, 2)); diff != "" {
		t.Errorf("ann saw (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ann: hi, bob", "bob: 你好, ann <b>&</b>"}, lines(t, bob, 2)); diff != "" {
		t.Errorf("bob saw (-want +got):\n%s", diff)
	}
	_, err := bob.Receive()
	require.Equal(t, io.EOF, err)
}

func TestMessagesAreJSONObjects(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	conn := dial(t, addr, "ann")
	require.Regexp(t, `^{"type":"welcome","room":"lobby","nick":"ann","session":"[A-Z2-7]{26}","last":[0-9]{16},"history":0,"people":\["ann"\],"count":1}$`, text(t, conn))
	const useless = `{"type":"error","code":"bad_message","text":"send {\"type\":\"message\",\"text\":\"...\"}"}`
	const hi = `{"type":"message","id":0,"time":0,"from":"ann","text":"hi"}`
	for _, tt := range []struct {
		name, sent, wantAnswer string // with 0 for the id and the time
	}{
		{"a message goes to all, the sender too", `{"type":"message","text":"hi"}`, hi},
		{"its ref comes back", `{"type":"message","text":"hi","ref":"7"}`, `{"type":"message","id":0,"time":0,"from":"ann","text":"hi","ref":"7"}`},
		{"nobody can speak under another name", `{"type":"message","text":"hi","from":"bob"}`, hi},
		{"nor at another time", `{"type":"message","text":"hi","id":1,"time":1}`, hi},
		{"markup is text", `{"type":"message","text":"<script>"}`, `{"type":"message","id":0,"time":0,"from":"ann","text":"\u003cscript\u003e"}`},
		{"half a surrogate pair becomes valid UTF-8", `{"type":"message","text":"\ud800"}`, `{"type":"message","id":0,"time":0,"from":"ann","text":"` + "\ufffd" + `"}`},
		{"a message without visible text is an error", `{"type":"message","text":" \n","ref":"8"}`, `{"type":"error","code":"empty","text":"say something","ref":"8"}`},
		{"a ref that is too long is an error", `{"type":"message","text":"hi","ref":"` + strings.Repeat("x", 33) + `"}`, `{"type":"error","code":"bad_message","text":"ref has at most 32 bytes"}`},
		{"a type that only the server sends is an error", `{"type":"leave","from":"bob"}`, useless},
		{"what is no JSON is an error", `hi`, useless},
		{"an empty frame is an error", ``, useless},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(tt.sent)))
			if diff := cmp.Diff(tt.wantAnswer, timeless(text(t, conn))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// timeless replaces what differs between any two runs.
func timeless(data string) string {
	return regexp.MustCompile(`"(id|time)":\d+`).ReplaceAllString(data, `"$1":0`)
}

func TestOneClientsFaultEndsOnlyItsOwnConnection(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, chatroom.DefaultConfig())
	ann := join(t, addr, "ann")
	longest := `{"type":"message","text":"` + strings.Repeat("x", 4096-28) + `"}`
	require.Len(t, longest, 4096)

	eves := 0
	for _, tt := range []struct {
		name     string
		kind     int
		sent     string
		wantCode int
	}{
		{"invalid UTF-8 is answered with 1007", websocket.TextMessage, "{\"type\":\"message\",\"text\":\"\xff\"}", websocket.CloseInvalidFramePayloadData},
		{"a message over the limit with 1009", websocket.TextMessage, longest + " ", websocket.CloseMessageTooBig},
		{"a message far over the limit, too, though most of it was never read", websocket.TextMessage, strings.Repeat("x", 1<<20), websocket.CloseMessageTooBig},
		{"a binary message with 1003", websocket.BinaryMessage, longest, websocket.CloseUnsupportedData},
		{"a frame of no known kind with 1002", 7, "", websocket.CloseProtocolError},
		{"a close frame with 1000", websocket.CloseMessage, "", websocket.CloseNormalClosure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eves++
			eve := dial(t, addr, fmt.Sprint("eve-", eves))
			if tt.kind == 7 { // the client library would not send it: final frame, opcode 7, masked, empty
				_, err := eve.NetConn().Write([]byte{0x87, 0x80, 0, 0, 0, 0})
				require.NoError(t, err)
			} else {
				require.NoError(t, eve.WriteMessage(tt.kind, []byte(tt.sent)))
			}
			eve.WriteMessage(websocket.TextMessage, []byte(`{"type":"message","text":"nobody hears this"}`))
			require.Equal(t, tt.wantCode, closeError(t, eve).Code)
			require.NoError(t, ann.Send("still here"))
			require.Equal(t, "ann: still here", heard(t, ann))
		})
	}

	bob := dial(t, addr, "bob")
	require.NoError(t, bob.WriteMessage(websocket.TextMessage, []byte(longest)))
	for !strings.Contains(text(t, bob), "xxx") { // a message of exactly the limit arrives
	}
	require.NoError(t, bob.Close())
	require.NoError(t, ann.Close())

	log := stop()
	require.Contains(t, log, `msg=disconnected nick=eve-1 `)
	require.Contains(t, log, `reason="utf8: text must be valid UTF-8"`)
	require.NotContains(t, log, "still here", "logs hold no message text")
}

func TestNicknames(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	join(t, addr, "ann")
	const hidden = "a nickname has no spaces, control or invisible characters"
	for _, tt := range []struct {
		name, nick, wantErr string
	}{
		{"may be in any script", "安妮-ñ🙂", ""},
		{"may have 20 characters", strings.Repeat("字", 20), ""},
		{"may differ in case only", "Ann", ""},
		{"may not be taken", "ann", "this nickname is taken, choose another"},
		{"may not be empty", "", "a nickname has 1 to 20 characters"},
		{"may not have 21 characters", strings.Repeat("字", 21), "a nickname has 1 to 20 characters"},
		{"may not hold a space", "ann b", hidden},
		{"may not hold a line break", "ann\nbob: hi", hidden},
		{"may not hold an escape sequence", "\x1b[2Jann", hidden},
		{"may not hold a mark that reverses text", "ann\u202e", hidden},
		{"may not be invalid UTF-8", "\xff", hidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: tt.nick})
			if tt.wantErr == "" {
				require.NoError(t, err)
				require.NoError(t, conn.Close())
				return
			}
			want := chatroom.Refused{Type: protocol.Error, Code: protocol.BadNick, Text: tt.wantErr}
			if tt.nick == "ann" {
				want.Code = protocol.NickTaken
			}
			var refused chatroom.Refused
			require.ErrorAs(t, err, &refused)
			if diff := cmp.Diff(want, refused); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAClientIsNotTouchedByAnotherThatWantedItsNickname(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	ann := join(t, addr, "ann")
	thief := dial(t, addr, "ann")
	require.Equal(t, websocket.ClosePolicyViolation, closeError(t, thief).Code)
	_, err := thief.NetConn().Read(make([]byte, 1))
	require.Equal(t, io.EOF, err) // the server is done with it
	require.NoError(t, ann.Send("still here"))
	require.Equal(t, []string{"ann: still here"}, lines(t, ann, 1))
}

func TestANicknameIsFreeAgainOnceItsClientIsGone(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	ann := join(t, addr, "ann")
	bob := join(t, addr, "bob")
	require.Equal(t, []string{"* bob joined"}, lines(t, ann, 1))
	require.NoError(t, bob.Close()) // hangs up without a close frame
	require.Equal(t, []string{"* bob left"}, lines(t, ann, 1))
	join(t, addr, "bob")
	require.Equal(t, []string{"* bob joined"}, lines(t, ann, 1))
}

func TestPagesOfOtherSites(t *testing.T) {
	t.Parallel()
	cfg := chatroom.DefaultConfig()
	cfg.Room.Origins = []string{"https://chat.example.com"}
	addr, _ := serve(t, cfg)
	for _, tt := range []struct {
		name, origin string
		wantStatus   int
	}{
		{"the server's own page connects", "http://" + addr, http.StatusSwitchingProtocols},
		{"a site in the configuration connects", "https://chat.example.com", http.StatusSwitchingProtocols},
		{"any other site is refused", "https://evil.example.com", http.StatusForbidden},
		{"a site with the same beginning is refused", "https://chat.example.com.evil.example", http.StatusForbidden},
		{"a page from nowhere is refused", "null", http.StatusForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, answer, err := websocket.DefaultDialer.Dial("ws://"+addr+"/ws?nick=ann", http.Header{"Origin": {tt.origin}})
			require.Equal(t, tt.wantStatus, answer.StatusCode)
			if err == nil {
				require.NoError(t, conn.WriteMessage(websocket.CloseMessage, nil))
				closeError(t, conn) // the nickname is free for the next one
				conn.Close()
			}
		})
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tt := range []struct {
		name, method, path string
		wantStatus         int
		wantType           string
		wantBody           string
	}{
		{"the page is at /", "GET", "/", 200, "text/html; charset=utf-8", "<h1"},
		{"with its style", "GET", "/style.css", 200, "text/css; charset=utf-8", "prefers-color-scheme: dark"},
		{"and its script", "GET", "/chat.js", 200, "text/javascript; charset=utf-8", "textContent"},
		{"nothing else is there", "GET", "/page/", 404, "text/plain; charset=utf-8", "404 page not found"},
		{"nor the room at a path that only ends in /ws", "GET", "/room/ws", 404, "text/plain; charset=utf-8", "404 page not found"},
		{"nor outside the page's folder", "GET", "/../server.go", 404, "text/plain; charset=utf-8", "404 page not found"},
		{"nothing can be posted", "POST", "/", 405, "text/plain; charset=utf-8", "Method Not Allowed"},
		{"/ws without an upgrade is a bad request", "GET", "/ws?nick=ann", 400, "text/plain; charset=utf-8", "Bad Request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ask, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+addr+tt.path, nil)
			require.NoError(t, err)
			answer, err := client.Do(ask)
			require.NoError(t, err)
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.Equal(t, tt.wantStatus, answer.StatusCode)
			require.Equal(t, tt.wantType, answer.Header.Get("Content-Type"))
			require.Contains(t, string(body), tt.wantBody)
			if tt.wantStatus == 200 {
				require.Contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'self'")
			}
		})
	}
}

func TestWhenTheServerStopsEveryClientIsTold(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, chatroom.DefaultConfig())
	var clients []*chatroom.Conn
	for i := range 50 {
		clients = append(clients, join(t, addr, fmt.Sprint("client-", i)))
	}
	go stop()

	var wg sync.WaitGroup
	for i, conn := range clients {
		wg.Go(func() {
			var err error
			for err == nil {
				var m protocol.Message
				if m, err = conn.Receive(); m.Left != nil {
					t.Errorf("client %d saw %q: nobody left before the server stopped", i, m)
				}
			}
			if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
				t.Errorf("client %d: %v, want the close frame 1001", i, err)
			}
		})
	}
	wg.Wait()
	stop() // fails the test unless Serve returned nil
	_, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: "late"})
	require.Error(t, err)
}

func TestServeEndsWithAnErrorWhenItsListenerBreaks(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	err = chatroom.Serve(t.Context(), ln, chatroom.DefaultConfig(), slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestDialSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	other := plainServer(t)
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		addr    string
		wantErr string
	}{
		{"an HTTP server without a chatroom", t.Context(), other, "the server answered 404 Not Found"},
		{"an address without a port", t.Context(), "127.0.0.1:http:1", "too many colons"},
		{"a context that has ended", ended, addr, "canceled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := chatroom.Dial(tt.ctx, tt.addr, chatroom.Join{Nick: "ann"})
			require.ErrorContains(t, err, tt.wantErr)
		})
	}
}

// serve runs a server for the test. stop ends it and returns what it logged.
func serve(t *testing.T, cfg chatroom.Config) (addr string, stop func() string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return ln.Addr().String(), serveOn(t, ln, cfg)
}

func serveOn(t *testing.T, ln net.Listener, cfg chatroom.Config) (stop func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var log bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- chatroom.Serve(ctx, ln, cfg, slog.New(slog.NewTextHandler(&log, nil))) }()
	stop = sync.OnceValue(func() string {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		return log.String()
	})
	t.Cleanup(func() { stop() })
	return stop
}

// plainServer knows no path.
func plainServer(t *testing.T) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: http.NotFoundHandler()}
	done := make(chan error)
	go func() { done <- server.Serve(ln) }()
	t.Cleanup(func() { server.Close(); <-done })
	return ln.Addr().String()
}

// join gives the test a client in the room, with a deadline for all that it waits for.
func join(t *testing.T, addr, nick string) *chatroom.Conn {
	t.Helper()
	return joinAs(t, addr, chatroom.Join{Nick: nick})
}

func joinAs(t *testing.T, addr string, join chatroom.Join) *chatroom.Conn {
	t.Helper()
	conn, err := chatroom.Dial(t.Context(), addr, join)
	require.NoError(t, err)
	timer := time.AfterFunc(timeout, func() { conn.Close() })
	t.Cleanup(func() { timer.Stop(); conn.Close() })
	return conn
}

// lines returns the next n messages as a terminal would show them.
func lines(t *testing.T, conn *chatroom.Conn, n int) (got []string) {
	t.Helper()
	for range n {
		m, err := conn.Receive()
		require.NoError(t, err, "after %q", got)
		got = append(got, m.String())
	}
	return got
}

// heard returns the next message that is not only about who came and left.
func heard(t *testing.T, conn *chatroom.Conn) string {
	t.Helper()
	for {
		m, err := conn.Receive()
		require.NoError(t, err)
		if m.Type != protocol.Presence {
			return m.String()
		}
	}
}

// dial gives the test a bare WebSocket, for what a decent client does not send.
func dial(t *testing.T, addr, nick string) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+addr+"/ws?nick="+url.QueryEscape(nick), nil)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(timeout)))
	t.Cleanup(func() { conn.Close() })
	return conn
}

func text(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	kind, data, err := conn.ReadMessage()
	require.NoError(t, err)
	require.Equal(t, websocket.TextMessage, kind)
	return string(data)
}

// shown returns the next message as a terminal would show it.
func shown(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	var m protocol.Message
	require.NoError(t, json.Unmarshal([]byte(text(t, conn)), &m))
	return m.String()
}

// closeError reads up to the close frame.
func closeError(t *testing.T, conn *websocket.Conn) (closed *websocket.CloseError) {
	t.Helper()
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			require.ErrorAs(t, err, &closed)
			return closed
		}
	}
}
