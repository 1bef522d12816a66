// Package protocol has the messages between client and server as Go types.
// PROTOCOL.md describes them.
package protocol

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The types of a [Message].
const (
	Welcome  = "welcome"
	Said     = "message" // the only type that clients send
	Presence = "presence"
	Nick     = "nick"
	People   = "people"
	Rooms    = "rooms"
	Help     = "help"
	Status   = "status"
	Error    = "error"
)

// The codes of a message of type [Error], and how the reason of a close frame
// can begin.
const (
	NickTaken      = "nick_taken"
	BadNick        = "bad_nick"
	BadRoom        = "bad_room"
	BadSince       = "bad_since"
	TooManyRooms   = "too_many_rooms"
	BadMessage     = "bad_message"
	Empty          = "empty"
	UnknownCommand = "unknown_command"
	Unavailable    = "unavailable"

	Shutdown = "shutdown"
	Binary   = "binary"
	UTF8     = "utf8"
	TooSlow  = "too_slow"
	NoPong   = "no_pong"
	Internal = "internal"
	Moved    = "moved"
)

// The codes of a message of type [Status].
const (
	Detached = "detached"
	Attached = "attached"
)

// CloseMoved is the close code for a session that goes on in another connection.
const CloseMoved = 4000

// The limits that PROTOCOL.md names.
const (
	MaxNick   = 20   // characters
	MaxRoom   = 32   // characters
	MaxRef    = 32   // bytes
	MaxPeople = 1000 // in one message
	MaxRooms  = 100  // in one message
)

// Lobby is the room of those who name none.
const Lobby = "lobby"

// Message is one JSON object in one text frame. Which fields are set depends on
// its type.
type Message struct {
	Type     string    `json:"type"`
	ID       uint64    `json:"id,omitempty"`
	Time     int64     `json:"time,omitempty"` // milliseconds since 1970
	Room     string    `json:"room,omitempty"`
	From     string    `json:"from,omitempty"`
	Nick     string    `json:"nick,omitempty"`
	Code     string    `json:"code,omitempty"`
	Text     string    `json:"text,omitempty"`
	Ref      string    `json:"ref,omitempty"`
	Session  string    `json:"session,omitempty"`
	Last     uint64    `json:"last,omitempty"`
	History  *int      `json:"history,omitempty"` // set in Welcome, also to 0
	Resumed  bool      `json:"resumed,omitempty"`
	Joined   []string  `json:"joined,omitempty"`
	Left     []string  `json:"left,omitempty"`
	People   []string  `json:"people,omitempty"`
	Count    int       `json:"count,omitempty"`
	Rooms    []Room    `json:"rooms,omitempty"`
	Commands []Command `json:"commands,omitempty"`
	Server   string    `json:"server,omitempty"`
}

// Room is one room in a message of type [Rooms].
type Room struct {
	Room  string `json:"room"`
	Count int    `json:"count"`
}

// Command is one command in a message of type [Help].
type Command struct {
	Usage string `json:"usage"`
	Text  string `json:"text"`
}

// Encode cannot fail: every string becomes valid JSON in valid UTF-8.
func (m Message) Encode() []byte {
	data, _ := json.Marshal(m)
	return data
}

// CheckNick accepts 1 to 20 visible characters of any script, without spaces.
func CheckNick(nick string) error {
	if n := utf8.RuneCountInString(nick); n < 1 || n > MaxNick {
		return errors.New("a nickname has 1 to 20 characters")
	}
	hidden := func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }
	if !utf8.ValidString(nick) || strings.ContainsFunc(nick, hidden) {
		return errors.New("a nickname has no spaces, control or invisible characters")
	}
	return nil
}

// CheckRoom accepts 1 to 32 letters of any script in lower case, digits, - and _.
func CheckRoom(room string) error {
	if n := utf8.RuneCountInString(room); n < 1 || n > MaxRoom {
		return errors.New("a room's name has 1 to 32 characters")
	}
	other := func(r rune) bool {
		return r != '-' && r != '_' && !unicode.IsDigit(r) && (!unicode.IsLetter(r) || unicode.IsUpper(r))
	}
	if !utf8.ValidString(room) || strings.ContainsFunc(room, other) {
		return errors.New("a room's name has lower-case letters, digits, - and _ only")
	}
	return nil
}

// Reason is the text of a close frame: a code for the program, a text for the reader.
func Reason(code, text string) string { return code + ": " + text }

// ReasonCode returns the code of a text that [Reason] made, or "".
func ReasonCode(reason string) string {
	code, _, ok := strings.Cut(reason, ": ")
	if !ok {
		return ""
	}
	return code
}
