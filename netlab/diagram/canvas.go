package diagram

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// A style is the parameter of an ANSI escape sequence that begins it.
type style string

const (
	plain  style = ""
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	yellow style = "33"
	blue   style = "34"
	purple style = "35"
)

// ascii stands for the signs of the diagram where only ASCII is allowed. Each
// takes one cell.
var ascii = map[rune]rune{
	'│': '|', '╎': ':', '┊': ':', '─': '-', '┄': '.', '┼': '+',
	'┌': '+', '┐': '+', '└': '+', '┘': '+', '├': '+', '┤': '+', '┬': '+',
	'►': '>', '◄': '<', '→': '>', '✗': 'X', '↳': '^', '…': '~',
}

// A cell of a terminal holds one character, or nothing if a wide one is left of it.
type cell struct {
	text string
	style
}

// A line is a row of cells. What is put outside of it is lost.
type line []cell

func blank(cells int) line {
	l := make(line, cells)
	for i := range l {
		l[i].text = " "
	}
	return l
}

// put writes text from cell x on.
func (l line) put(x int, text string, st style) {
	for _, r := range text {
		n := cells(r)
		switch {
		case n == 0:
		case x < 0 || x+n > len(l):
		default:
			l[x] = cell{string(r), st}
			if n == 2 {
				l[x+1] = cell{"", st}
			}
		}
		x += n
	}
}

// putLeft writes text so that it ends before cell x.
func (l line) putLeft(x int, text string, st style) { l.put(x-size(text), text, st) }

// draw draws one sign; a horizontal line crosses what is in its way.
func (l line) draw(x int, sign rune, st style) {
	if x >= 0 && x < len(l) {
		if sign == '─' && (l[x].text == "│" || l[x].text == "╎") {
			sign = '┼'
		}
		l[x] = cell{string(sign), st}
	}
}

// string renders the line without the blanks at its end.
func (l line) string(o TextOptions) string {
	for len(l) > 0 && l[len(l)-1].text == " " {
		l = l[:len(l)-1]
	}
	var b strings.Builder
	now := plain
	for _, c := range l {
		if o.Color && c.style != now {
			b.WriteString("\x1b[0")
			if c.style != plain {
				b.WriteString(";" + string(c.style))
			}
			b.WriteString("m")
			now = c.style
		}
		if o.Plain {
			c.text = toASCII(c.text)
		}
		b.WriteString(c.text)
	}
	if now != plain {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}

// toASCII keeps the number of cells.
func toASCII(s string) string {
	var b strings.Builder
	for _, r := range s {
		if sign, ok := ascii[r]; ok {
			r = sign
		}
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Repeat("?", cells(r)))
		}
	}
	return b.String()
}

// cells returns how many cells a terminal gives to r: 2 for Chinese, 0 for
// what cannot be seen alone. Combining marks are left out.
func cells(r rune) int {
	switch {
	case !unicode.IsPrint(r), unicode.Is(unicode.M, r):
		return 0
	case r < 0x1100:
		return 1
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func size(s string) int {
	n := 0
	for _, r := range s {
		n += cells(r)
	}
	return n
}

// fit cuts s to a number of cells.
func fit(s string, limit int) string {
	if size(s) <= limit {
		return s
	}
	n := 0
	for i, r := range s {
		if n += cells(r); n > limit-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// wrap breaks s into lines of at most limit cells, between words where it can.
func wrap(s string, limit int) []string {
	lines := []string{""}
	used := 0
	for _, word := range strings.Fields(s) {
		n := size(word)
		if used > 0 && used+1+n > limit {
			lines, used = append(lines, ""), 0
		}
		if used > 0 {
			lines[len(lines)-1] += " "
			used++
		}
		for _, r := range word {
			if n := cells(r); used > 0 && used+n > limit {
				lines, used = append(lines, ""), 0
			}
			lines[len(lines)-1] += string(r)
			used += cells(r)
		}
	}
	return lines
}
