package ws

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The types of a [Message].
const (
	Said  = "message" // From said Text
	Join  = "join"    // From joined
	Leave = "leave"   // From left
	Error = "error"   // the server did not do what this client asked for; Text says why
)

// Message is one JSON object in one text frame.
type Message struct {
	Type string `json:"type"`
	From string `json:"from,omitempty"`
	Text string `json:"text,omitempty"`
}

// encode cannot fail: every string becomes valid JSON in valid UTF-8.
func (m Message) encode() []byte {
	data, _ := json.Marshal(m)
	return data
}

// String is m as one line for a terminal. Control characters, with which a
// text could clear the screen or forge lines, are replaced.
func (m Message) String() string {
	var line string
	switch m.Type {
	case Said:
		line = m.From + ": " + m.Text
	case Join:
		line = "* " + m.From + " joined"
	case Leave:
		line = "* " + m.From + " left"
	default:
		line = "! " + m.Text
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, line)
}
