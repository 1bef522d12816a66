package diagram

import (
	"bytes"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"example.com/netlessons/netlab/trace"
)

// TextOptions are the choices for [Text]. The zero value is good for a file.
type TextOptions struct {
	Width int  // of the longest line, in cells of a terminal; 0 is 80
	Plain bool // write nothing but ASCII
	Color bool // write ANSI escape sequences; see [WantsColor]
}

// Text writes t as a sequence diagram of lines no wider than opts.Width.
//
// Two hosts face each other, as in the figures of RFC 9293; more stand in a
// row, with the text beside it; and if that is too wide, each line names its
// hosts. A line bears the time at which it begins, unless that is the time of
// the line above. A packet that arrives before anything else happens takes one
// line. Any other leaves its sender in one line and arrives in another, and the
// way in between can be followed, so that packets that cross are seen to cross.
func Text(w io.Writer, t *trace.Trace, opts TextOptions) error {
	if opts.Width <= 0 {
		opts.Width = 80
	}
	p := page{sequence: sequenceOf(t), TextOptions: opts}
	p.seconds = p.sequence.seconds()
	for _, s := range p.steps {
		p.margin = max(p.margin, size(p.seconds(s.at))+1)
	}
	p.margin = max(p.margin, size("time/s")+1)
	if !p.faceToFace() {
		p.sideBySide()
	}
	_, err := w.Write(p.out.Bytes())
	return err
}

// WantsColor tells whether what is written to w should be coloured: w is a
// terminal, and NO_COLOR is not set (see no-color.org).
func WantsColor(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	return term.IsTerminal(int(f.Fd()))
}

// A page is a text diagram as it is written.
type page struct {
	*sequence
	TextOptions
	seconds func(time.Duration) string
	margin  int    // cells for the time
	shown   string // the time that was written last
	out     bytes.Buffer
}

func (p *page) write(l line) {
	p.out.WriteString(l.string(p.TextOptions))
	p.out.WriteByte('\n')
}

// clock writes the time of a step, unless the line above has it.
func (p *page) clock(l line, s step) {
	if now := p.seconds(s.at); now != p.shown {
		l.putLeft(p.margin-1, now, faint)
		p.shown = now
	}
}

// title heads the column of the times.
func (p *page) title(l line) { l.putLeft(p.margin-1, "time/s", faint) }

// dots stand around the text of a silence.
func (p *page) dots(text string) string {
	if p.Plain {
		return "... " + text + " ..."
	}
	return "… " + text + " …"
}

// styleOf is the colour of a step. It says nothing that the text does not.
func styleOf(s step) style {
	switch {
	case s.lost:
		return red
	case s.packet != nil && s.packet.Again:
		return yellow
	case s.kind == call:
		return blue
	case s.kind == timer:
		return purple
	}
	return plain
}
