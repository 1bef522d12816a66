package diagram

import (
	"strconv"
	"strings"
)

// A side is the form for any number of hosts. With no room for a column for
// each (or no host), every line names its hosts instead.
//
//	time/s a   b   c
//	 0.000 │   │   │   a: Dial called: c:80
//	       │───┼──►│   1 SYN seq=0 win=29184
//	       │   │   │   a: SYN-SENT, c: SYN-RECEIVED
type side struct {
	*page
	gap  int // cells from one life line to the next; 0 without them
	text int // where the text starts
}

// sideBySide writes the form for any number of hosts.
func (p *page) sideBySide() {
	const leastGap, goodGap, leastText, goodText = 4, 8, 36, 46
	f := side{page: p, text: min(p.margin, p.Width/2)}
	if n := len(p.hosts); n > 0 {
		f.gap = max(leastGap, min(goodGap, (p.Width-p.margin-goodText)/n))
		for _, h := range p.hosts {
			f.gap = max(f.gap, size(h)+1)
		}
		if p.Width-p.margin-f.gap*n < leastText {
			f.gap = 0
		}
		f.text += f.gap * n
	}

	l := blank(p.Width)
	f.title(l)
	for i, h := range p.hosts {
		if f.gap > 0 {
			l.put(f.pole(i), h, bold)
		}
	}
	p.write(l)
	for i, s := range p.steps {
		if d := p.silence(i); d > 0 {
			f.say(f.line('┊'), p.dots(later(d)), faint)
		}
		f.step(s)
	}
}

func (f *side) pole(host int) int { return f.margin + f.gap*host }

func (f *side) line(pole rune) line {
	l := blank(f.Width)
	for i := range f.hosts {
		if f.gap > 0 {
			l.draw(f.pole(i), pole, faint)
		}
	}
	return l
}

func (f *side) say(l line, text string, st style) {
	for _, part := range wrap(text, f.Width-f.text) {
		l.put(f.text, part, st)
		f.write(l)
		l = f.line('│')
	}
}

// step writes the lines of a step.
func (f *side) step(s step) {
	l, st := f.line('│'), styleOf(s)
	f.clock(l, s)
	text, below := s.text, s.marks
	if s.packet != nil {
		text = strconv.Itoa(s.packet.N)
		if f.gap > 0 {
			f.arrow(l, s, st)
		} else if s.kind == sent {
			text += " " + f.hosts[s.host] + "→" + f.hosts[s.peer]
		}
		switch {
		case s.kind == arrival:
			text += " arrives"
		case s.lost:
			text += " " + f.label(s.packet, full)
			below = append(below, "lost: "+s.text)
		default:
			text += " " + f.label(s.packet, full)
		}
	} else if s.host >= 0 && text != "" {
		text = f.hosts[s.host] + ": " + text
	}
	var states []string
	for host, h := range f.hosts {
		if state := s.states[host]; state != "" {
			states = append(states, h+": "+state)
		}
	}
	tail := strings.Join(states, ", ")
	if text != "" && tail != "" && len(below) == 0 && size(text)+2+size(tail) <= f.Width-f.text {
		l.put(f.text+size(text)+2, tail, bold)
		tail = ""
	}
	if text != "" {
		f.say(l, text, st)
		l = f.line('│')
	}
	for _, mark := range below {
		f.say(f.line('│'), "↳ "+mark, st)
	}
	if tail != "" {
		f.say(l, tail, bold)
	}
}

// arrow draws the way of a packet, or that part of it that is known to be in
// this step: dotted where it goes on in another.
func (f *side) arrow(l line, s step, st style) {
	from, to := f.pole(s.host), f.pole(s.peer)
	if s.kind == arrival {
		from, to = to, from
	}
	inwards := 1
	if from > to {
		inwards = -1
	}
	for x := from + inwards; x != to; x += inwards {
		l.draw(x, '─', st)
	}
	switch {
	case s.kind == arrival:
		l.draw(from+inwards, '┄', st)
	case s.lost:
		l.draw(to-2*inwards, '✗', st)
		l.draw(to-inwards, ' ', st)
		return
	case !s.arrives:
		l.draw(to-inwards, '┄', st)
		return
	}
	sign := '►'
	if inwards < 0 {
		sign = '◄'
	}
	l.draw(to-inwards, sign, st)
}
