package ws

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkNick accepts 1 to 20 visible characters of any script, without spaces.
func checkNick(nick string) error {
	if n := utf8.RuneCountInString(nick); n < 1 || n > 20 {
		return errors.New("a nickname has 1 to 20 characters")
	}
	hidden := func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' }
	if !utf8.ValidString(nick) || strings.ContainsFunc(nick, hidden) {
		return errors.New("a nickname has no spaces, control or invisible characters")
	}
	return nil
}
