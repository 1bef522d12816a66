package chatroom_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
)

// The first byte of a frame: whether it is the message's last, and its kind.
const (
	fin          = 0x80
	continuation = 0x0
	textFrame    = 0x1
	closeFrame   = 0x8
	ping         = 0x9
	pong         = 0xA
)

// frame is a frame as a client must send it: masked, here with zeros.
func frame(first byte, payload string) string {
	var b bytes.Buffer
	b.WriteByte(first)
	switch n := len(payload); {
	case n < 126:
		b.WriteByte(0x80 | byte(n))
	case n < 1<<16:
		b.WriteByte(0x80 | 126)
		binary.Write(&b, binary.BigEndian, uint16(n))
	default:
		b.WriteByte(0x80 | 127)
		binary.Write(&b, binary.BigEndian, uint64(n))
	}
	b.WriteString("\x00\x00\x00\x00" + payload)
	return b.String()
}

func TestEveryBadFrameGetsItsCloseCodeAndNoOtherClientNotices(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	ann := join(t, addr, "ann")
	const (
		hi        = `{"type":"message","text":"hi"}`
		protocolE = websocket.CloseProtocolError
		utf8E     = websocket.CloseInvalidFramePayloadData
		tooBig    = websocket.CloseMessageTooBig
	)
	for i, tt := range []struct {
		name, sent string
		wantCode   int
	}{
		{"reserved bit 1: compression that was not agreed on", frame(fin|0x40|textFrame, hi), protocolE},
		{"reserved bit 2", frame(fin|0x20|textFrame, hi), protocolE},
		{"reserved bit 3", frame(fin|0x10|textFrame, hi), protocolE},
		{"an unknown kind of data", frame(fin|0x3, hi), protocolE},
		{"an unknown kind of control frame", frame(fin|0xB, ""), protocolE},
		{"a ping in fragments", frame(ping, "a"), protocolE},
		{"a close frame in fragments", frame(closeFrame, "\x03\xe8"), protocolE},
		{"a ping that is too long", frame(fin|ping, strings.Repeat("x", 126)), protocolE},
		{"a continuation of nothing", frame(fin|continuation, hi), protocolE},
		{"a new message inside another", frame(textFrame, hi) + frame(fin|textFrame, hi), protocolE},
		{"a frame without a mask", "\x81\x02hi", protocolE},
		{"invalid UTF-8", frame(fin|textFrame, "\xff"), utf8E},
		{"invalid UTF-8 split over fragments", frame(textFrame, `{"type":"message","text":"`+"\xe4") + frame(continuation, "") + frame(fin|continuation, "\"}"), utf8E},
		{"an encoded half of a surrogate pair", frame(fin|textFrame, "\xed\xa0\x80"), utf8E},
		{"a character encoded too long", frame(fin|textFrame, "\xc0\xaf"), utf8E},
		{"a character beyond the last", frame(fin|textFrame, "\xf4\x90\x80\x80"), utf8E},
		{"a character that ends too soon", frame(fin|textFrame, "hi \xf0\x9f\x99"), utf8E},
		{"a message over the limit", frame(fin|textFrame, strings.Repeat("x", 4097)), tooBig},
		{"fragments that together are over the limit", frame(textFrame, strings.Repeat("x", 4000)) + frame(fin|continuation, strings.Repeat("x", 97)), tooBig},
		{"a length of 2^62", "\x81\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", tooBig},
		{"a length of 2^63", "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", tooBig},
		{"a binary message", frame(fin|0x2, hi), websocket.CloseUnsupportedData},
		{"a close code below 1000", frame(fin|closeFrame, "\x03\xe7"), protocolE},
		{"a close code that is never sent: 1005", frame(fin|closeFrame, "\x03\xed"), protocolE},
		{"a close code that is never sent: 1006", frame(fin|closeFrame, "\x03\xee"), protocolE},
		{"a close code that nobody has defined: 1016", frame(fin|closeFrame, "\x03\xf8"), protocolE},
		{"a close code of 5000", frame(fin|closeFrame, "\x13\x88"), protocolE},
		{"a close frame of one byte, which is half a code", frame(fin|closeFrame, "\x03"), protocolE},
		{"a reason that is invalid UTF-8", frame(fin|closeFrame, "\x03\xe8\xff"), protocolE},
		// And what is good, as the last of its kind:
		{"a close frame without a code", frame(fin|closeFrame, ""), websocket.CloseNormalClosure},
		{"a close code of an application", frame(fin|closeFrame, "\x0f\xa1"), 4001},
		{"the client's code is answered with the same", frame(fin|closeFrame, "\x03\xe9bye"), websocket.CloseGoingAway},
		{"a pong that nobody asked for", frame(fin|pong, "x") + frame(fin|closeFrame, "\x03\xe8"), websocket.CloseNormalClosure},
		{"a ping between fragments", frame(textFrame, `{"type":"who`) + frame(fin|ping, "x") + frame(fin|continuation, `"}`) + frame(fin|closeFrame, "\x03\xe8"), websocket.CloseNormalClosure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eve := dial(t, addr, fmt.Sprint("eve-", i))
			_, err := io.WriteString(eve.NetConn(), tt.sent+frame(fin|textFrame, `{"type":"message","text":"nobody hears this"}`))
			require.NoError(t, err)
			require.Equal(t, tt.wantCode, closeError(t, eve).Code)
			require.NoError(t, eve.Close())

			require.NoError(t, ann.Send("still here"))
			require.Equal(t, "ann: still here", heard(t, ann))
		})
	}
}

func TestAPingIsAnsweredBetweenTheFragmentsOfAMessage(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	conn := dial(t, addr, "ann")
	pongs := make(chan string, 1)
	conn.SetPongHandler(func(data string) error { pongs <- data; return nil })
	_, err := io.WriteString(conn.NetConn(), frame(textFrame, `{"type":"message",`)+frame(fin|ping, "are you there")+frame(continuation, "")+frame(fin|continuation, `"text":"hi"}`))
	require.NoError(t, err)
	shown(t, conn) // welcome
	require.Equal(t, "ann: hi", shown(t, conn))
	require.Equal(t, "are you there", <-pongs)
}

func TestWhatIsNoHTTPIsAnsweredAndCut(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	for _, tt := range []struct {
		name, sent, want string
	}{
		{"no HTTP", "hello\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		{"a version of WebSocket that is too old", "GET /ws?nick=a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		{"a key that is too short", "GET /ws?nick=a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		{"headers of 64 KB", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "HTTP/1.1 431 Request Header Fields Too Large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(timeout)))
			_, err = io.WriteString(conn, tt.sent)
			require.NoError(t, err)
			answer := make([]byte, len(tt.want))
			_, err = io.ReadFull(conn, answer)
			require.NoError(t, err)
			require.Equal(t, tt.want, string(answer))
		})
	}
}
