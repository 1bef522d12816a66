package wire

import (
	"strings"

	"golang.org/x/text/width"
)

// textWidth is how wide all text is, in cells of a terminal.
const textWidth = 80

// Fold breaks a text into lines of at most 80 cells, the first one after mark:
// at blanks, and between Chinese characters.
func Fold(mark, text string) string {
	var lines []string
	line, word := mark, ""
	runes := []rune(text)
	for i, r := range runes {
		word += string(r)
		if i < len(runes)-1 && !mayBreak(r, runes[i+1]) {
			continue
		}
		if Cells(line+strings.TrimRight(word, " ")) > textWidth {
			lines = append(lines, strings.TrimRight(line, " "))
			line = strings.Repeat(" ", len(mark))
		}
		line, word = line+word, ""
	}
	return strings.Join(append(lines, line), "\n")
}

// mayBreak tells whether a line may end between two characters: after a blank,
// and around a wide one, unless it belongs to what is before or after it.
func mayBreak(before, after rune) bool {
	if strings.ContainsRune("，。：；、）", after) || before == '（' {
		return false
	}
	return before == ' ' || Cells(string(before)) > 1 || Cells(string(after)) > 1
}

// Cells returns how wide s is in a terminal.
func Cells(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
