package protocol_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom/protocol"
)

func TestEveryExampleInTheDocumentIsAMessageAndEveryKindHasOne(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../PROTOCOL.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?ms)^```json( client)?\n(.*?)\n```$").FindAllSubmatch(text, -1)
	require.NotEmpty(t, examples)
	var kinds, codes []string
	for _, example := range examples {
		var m protocol.Message
		strict := json.NewDecoder(bytes.NewReader(example[2]))
		strict.DisallowUnknownFields()
		require.NoError(t, strict.Decode(&m), "%s", example[2])
		if diff := cmp.Diff(string(example[2]), string(m.Encode())); diff != "" {
			t.Errorf("the server would write it otherwise (-document +server):\n%s", diff)
		}
		if len(example[1]) > 0 {
			require.Equal(t, protocol.Said, m.Type, "clients send nothing else")
			continue
		}
		kinds, codes = append(kinds, m.Type), append(codes, m.Code)
	}
	for _, kind := range []string{
		protocol.Welcome, protocol.Said, protocol.Presence, protocol.Nick, protocol.People,
		protocol.Rooms, protocol.Help, protocol.Status, protocol.Error,
	} {
		require.Contains(t, kinds, kind)
		require.Contains(t, string(text), "### "+kind+"\n")
	}
	require.True(t, slices.Contains(codes, protocol.Attached) && slices.Contains(codes, protocol.Detached))
	for _, code := range []string{
		protocol.NickTaken, protocol.BadNick, protocol.BadRoom, protocol.BadSince, protocol.TooManyRooms,
		protocol.BadMessage, protocol.Empty, protocol.UnknownCommand, protocol.Unavailable,
		protocol.Shutdown, protocol.Binary, protocol.UTF8, protocol.TooSlow, protocol.NoPong, protocol.Internal, protocol.Moved,
	} {
		require.Contains(t, string(text), "`"+code+"`", "no table explains it")
	}
}

func TestARoomsNameCanStandInAnAddress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, room, wantErr string
	}{
		{"letters, digits, - and _", "tea-2_go", ""},
		{"any script", "茶馆", ""},
		{"32 characters", strings.Repeat("茶", 32), ""},
		{"not none", "", "1 to 32"},
		{"not 33", strings.Repeat("x", 33), "1 to 32"},
		{"no upper case: two rooms would look alike", "Tea", "lower-case"},
		{"no space", "tea room", "lower-case"},
		{"no dot, no slash", "../tea", "lower-case"},
		{"no wildcard", "*", "lower-case"},
		{"no mark that reverses text", "tea\u202e", "lower-case"},
		{"no invalid UTF-8", "\xff", "lower-case"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := protocol.CheckRoom(tt.room)
			if tt.wantErr == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.wantErr)
		})
	}
}

func TestAMessageOnATerminalIsOneHarmlessLine(t *testing.T) {
	t.Parallel()
	none := 0
	many := strings.Fields("a b c d e f g h i j k l")
	for _, tt := range []struct {
		name string
		m    protocol.Message
		want string
	}{
		{"what somebody says", protocol.Message{Type: protocol.Said, From: "ann", Text: "你好 👩‍💻"}, "ann: 你好 👩‍💻"},
		{"an escape sequence is not passed on", protocol.Message{Type: protocol.Said, From: "ann", Text: "\x1b[2J\u009b"}, "ann: \ufffd[2J\ufffd"},
		{"a line cannot be forged", protocol.Message{Type: protocol.Said, From: "ann", Text: "a\r\nbob: b"}, "ann: a\ufffd\ufffdbob: b"},
		{"a welcome", protocol.Message{Type: protocol.Welcome, Nick: "ann", Room: "tea", History: &none, People: []string{"ann", "bob"}, Count: 2}, "* you are ann in tea; here: ann, bob"},
		{"who came and left", protocol.Message{Type: protocol.Presence, Joined: []string{"ann", "bob"}, Left: []string{"zoe"}}, "* ann, bob joined; zoe left"},
		{"a crowd that came", protocol.Message{Type: protocol.Presence, Joined: many}, "* a, b, c, d, e, f, g, h, i, j and 2 more joined"},
		{"another nickname", protocol.Message{Type: protocol.Nick, From: "bob", Nick: "rob"}, "* bob is now rob"},
		{"who is here", protocol.Message{Type: protocol.People, People: []string{"ann"}, Count: 1}, "* here: ann"},
		{"the rooms", protocol.Message{Type: protocol.Rooms, Rooms: []protocol.Room{{Room: "tea", Count: 2}, {Room: "lobby", Count: 1}}}, "* rooms: tea (2), lobby (1)"},
		{"the commands", protocol.Message{Type: protocol.Help, Commands: []protocol.Command{{Usage: "/who", Text: "who is here"}}}, "* /who who is here"},
		{"the state of the servers", protocol.Message{Type: protocol.Status, Text: "the link is back"}, "* the link is back"},
		{"an error", protocol.Message{Type: protocol.Error, Text: "say something"}, "! say something"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.m.String()); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheReasonOfACloseFrameBeginsWithItsCode(t *testing.T) {
	t.Parallel()
	require.Equal(t, protocol.TooSlow, protocol.ReasonCode(protocol.Reason(protocol.TooSlow, "too many messages")))
	require.Empty(t, protocol.ReasonCode("bad opcode 7"))
}
