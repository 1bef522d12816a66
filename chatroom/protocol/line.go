package protocol

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// String is m as one line for a terminal. Control characters, with which a
// text could clear the screen or forge lines, are replaced.
func (m Message) String() string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, m.line())
}

func (m Message) line() string {
	switch m.Type {
	case Welcome:
		return fmt.Sprintf("* you are %s in %s; here: %s", m.Nick, m.Room, names(m.People, m.Count))
	case Said:
		return m.From + ": " + m.Text
	case Presence:
		var parts []string
		if len(m.Joined) > 0 {
			parts = append(parts, names(m.Joined, len(m.Joined))+" joined")
		}
		if len(m.Left) > 0 {
			parts = append(parts, names(m.Left, len(m.Left))+" left")
		}
		return "* " + strings.Join(parts, "; ")
	case Nick:
		return "* " + m.From + " is now " + m.Nick
	case People:
		return "* here: " + names(m.People, m.Count)
	case Rooms:
		var rooms []string
		for _, room := range m.Rooms {
			rooms = append(rooms, fmt.Sprintf("%s (%d)", room.Room, room.Count))
		}
		return "* rooms: " + strings.Join(rooms, ", ")
	case Help:
		var commands []string
		for _, c := range m.Commands {
			commands = append(commands, c.Usage+" "+c.Text)
		}
		return "* " + strings.Join(commands, " · ")
	case Status:
		return "* " + m.Text
	default:
		return "! " + m.Text
	}
}

// names joins list, and says how many more of count it leaves out.
func names(list []string, count int) string {
	const longest = 10
	shown := list[:min(len(list), longest)]
	if more := count - len(shown); more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), more)
	}
	return strings.Join(shown, ", ")
}
