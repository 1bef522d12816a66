package diagram

import (
	"slices"
	"strconv"
)

// A face is the form for two hosts:
//
//	time/s     client                            server
//	 0.030 FIN-WAIT-1 │─── 4 FIN+ACK seq=1 ack=1 ───┐ │
//	                  │ ┌─── 5 FIN+ACK seq=1 ack=1 ─┼─│ FIN-WAIT-1
//	 0.040            │ ╎                         4 └►│ CLOSING
//	          CLOSING │◄┘ 5                           │
//	       ‹────────›  ‹─›‹────────────────────────›‹─›
//	         states   lanes         labels         lanes
//
// A lane holds a packet on its way, the one nearest to the host being the
// oldest. When that arrives, the others move up.
type face struct {
	*page
	pole  [2]int   // where the hosts' life lines are
	zone  [2]int   // cells for the lanes of the packets to each host
	lanes [2][]int // the packets on their way to each host, the oldest first
	most  int      // lanes for each host
	form  form
}

// faceToFace writes the form for two hosts, if they are two and there is room.
func (p *page) faceToFace() bool {
	if len(p.hosts) != 2 {
		return false
	}
	f := face{page: p}
	var states [2]int // cells
	measure := func(side int, state string) {
		if state != "" {
			states[side] = max(states[side], min(size(state)+1, 14))
		}
	}
	for side, state := range p.first {
		measure(side, state)
	}
	for _, s := range p.steps {
		for side, state := range s.states {
			measure(side, state)
		}
	}
	f.pole = [2]int{p.margin + states[0], p.Width - 1 - states[1]}
	f.choose()
	if f.to(1)-f.to(0) < 30 {
		return false
	}

	f.header()
	for i, s := range p.steps {
		if d := p.silence(i); d > 0 {
			f.silence(later(d))
		}
		f.step(s)
	}
	return true
}

// choose finds the longest form of the labels that has room beside a lane for
// each packet under way; if those are many, beside a few lanes.
func (f *face) choose() {
	for _, f.most = range []int{8, 5, 3} {
		f.measureLanes()
		for f.form = full; f.form <= noAck; f.form++ {
			if f.fits() {
				return
			}
		}
	}
	f.form = noAck
}

// measureLanes finds out how many of the lanes are needed.
func (f *face) measureLanes() {
	f.zone = [2]int{}
	most := [2]int{}
	for _, s := range f.steps {
		f.advance(s)
		for side := range most {
			most[side] = max(most[side], len(f.lanes[side]))
		}
	}
	for side, n := range most {
		if n > 0 {
			f.zone[side] = n + 1
		}
	}
	f.lanes = [2][]int{}
}

// advance brings the lanes up to what they are after a step.
func (f *face) advance(s step) {
	switch {
	case s.kind == sent && s.later > 0 && len(f.lanes[s.peer]) < f.most:
		f.lanes[s.peer] = append(f.lanes[s.peer], s.packet.N)
	case s.kind == arrival && s.later == 0:
		if i := f.lane(s); i >= 0 {
			f.lanes[s.host] = slices.Delete(f.lanes[s.host], i, i+1)
		}
	}
}

// lane returns the number of the lane in which a packet arrives, or -1.
func (f *face) lane(s step) int {
	return slices.Index(f.lanes[s.host], s.packet.N)
}

// x returns the column that lies so many cells inwards from a host's line.
func (f *face) x(side, inwards int) int {
	if side == 0 {
		return f.pole[0] + inwards
	}
	return f.pole[1] - inwards
}

// to returns where labels end on a side.
func (f *face) to(side int) int { return f.x(side, 1+f.zone[side]) }

// room is the size of the longest label that leaves a blank and something of
// the arrow on either side of it.
func (f *face) room() int {
	n := f.to(1) - f.to(0) - 1
	for _, zone := range f.zone {
		if zone == 0 {
			n--
		}
	}
	return n
}

// fits tells whether every label has room.
func (f *face) fits() bool {
	for _, s := range f.steps {
		if s.kind == sent && size(f.text(s)) > f.room() {
			return false
		}
	}
	return true
}

func (f *face) text(s step) string {
	return strconv.Itoa(s.packet.N) + " " + f.label(s.packet, f.form)
}

func (f *face) header() {
	l := blank(f.Width)
	f.title(l)
	gap := (f.pole[1] - f.pole[0]) / 2
	left, right := fit(f.hosts[0], gap), fit(f.hosts[1], gap)
	l.put(max(f.margin, f.pole[0]-size(left)/2), left, bold)
	l.put(min(f.Width-size(right), f.pole[1]-size(right)/2), right, bold)
	f.write(l)
	if f.first[0]+f.first[1] != "" {
		l := f.line()
		f.state(l, 0, f.first[0])
		f.state(l, 1, f.first[1])
		f.write(l)
	}
}

// line returns a line with the life lines and lanes.
func (f *face) line() line {
	l := blank(f.Width)
	for side, lanes := range f.lanes {
		l.draw(f.pole[side], '│', faint)
		for i := range lanes {
			l.draw(f.x(side, 2+i), '╎', faint)
		}
	}
	return l
}

func (f *face) silence(text string) {
	l := f.line()
	for _, x := range f.pole {
		l.draw(x, '┊', faint)
	}
	text = f.dots(text)
	l.put((f.pole[0]+f.pole[1]-size(text))/2, text, faint)
	f.write(l)
}

func (f *face) state(l line, side int, state string) {
	if side == 0 {
		l.putLeft(f.pole[0]-1, fit(state, f.pole[0]-f.margin), bold)
	} else {
		l.put(f.pole[1]+2, fit(state, f.Width-f.pole[1]-2), bold)
	}
}

// step writes the line or lines of a step.
func (f *face) step(s step) {
	l := f.line()
	f.clock(l, s)
	for side, state := range s.states {
		f.state(l, side, state)
	}
	var below []string
	switch s.kind {
	case sent:
		below = s.marks
		if !f.send(l, s) {
			below = append(below, "lost: "+s.text)
		}
		f.advance(s)
		f.write(l)
		for _, mark := range below {
			f.say(f.line(), s.host, "↳ "+mark, styleOf(s))
		}
	case arrival:
		f.arrive(l, s)
		f.advance(s)
		f.write(l)
	default:
		f.say(l, s.host, s.text, styleOf(s))
	}
}

// say writes text on a host's side, or in the middle; l is its first line.
func (f *face) say(l line, side int, text string, st style) {
	from, to := f.x(0, 2), f.x(1, 2)
	if n := len(f.lanes[0]); n > 0 {
		from = f.x(0, n+3)
	}
	if n := len(f.lanes[1]); n > 0 {
		to = f.x(1, n+3)
	}
	for _, part := range wrap(text, to-from+1) {
		switch side {
		case 0:
			l.put(from, part, st)
		case 1:
			l.putLeft(to+1, part, st)
		default:
			l.put(from+(to-from+1-size(part))/2, part, st)
		}
		f.write(l)
		l = f.line()
	}
}

// run draws a line from one column to another.
func (f *face) run(l line, from, to int, st style) {
	for x := min(from, to); x <= max(from, to); x++ {
		l.draw(x, '─', st)
	}
}

// send draws a packet that leaves. It returns false if the fault that loses
// the packet is still to be named.
func (f *face) send(l line, s step) (named bool) {
	st := styleOf(s)
	text := " " + fit(f.text(s), f.room()) + " "
	put := func(inwards int, text string) { // text at so many cells from the sender
		if s.host == 0 {
			l.put(f.x(0, inwards), text, st)
		} else {
			l.putLeft(f.x(1, inwards)+1, text, st)
		}
	}
	start := max(2, 1+f.zone[s.host]) // of the text
	end := start + size(text)
	named = true
	switch lanes := len(f.lanes[s.peer]); {
	case s.lost:
		stop := end + 1
		room := f.pole[1] - f.pole[0] - stop - 2 - f.zone[s.peer]
		named = size(s.text)+1 <= room
		if more := room - size(s.text) - 1; named {
			stop += max(0, min(more, room/3))
		}
		f.run(l, f.x(s.host, 1), f.x(s.host, stop), st)
		l.draw(f.x(s.host, stop), '✗', st)
		if named {
			put(stop+2, s.text)
		}
	case s.arrives:
		f.run(l, f.x(s.host, 1), f.x(s.peer, 1), st)
		if s.later > 0 && lanes < f.most {
			l.draw(f.x(s.peer, 2+lanes), '┬', st)
		}
		l.draw(f.x(s.peer, 1), head(s.peer), st)
	case s.later > 0 && lanes < f.most:
		f.run(l, f.x(s.host, 1), f.x(s.peer, 2+lanes), st)
		l.draw(f.x(s.peer, 2+lanes), []rune("┌┐")[s.peer], st)
	default: // no lane is free, or it never arrives
		f.run(l, f.x(s.host, 1), f.to(s.peer), st)
		for i := range 2 {
			l.draw(f.x(s.peer, 1+f.zone[s.peer]+i), '┄', st)
		}
	}
	put(start, text)
	return named
}

// arrive draws a packet that reaches its destination in a line of its own.
func (f *face) arrive(l line, s step) {
	st := styleOf(s)
	lane, zone := f.lane(s), len(f.lanes[s.host])
	start := 2 + lane
	if lane < 0 {
		start = zone + 4
		for i := range 2 {
			l.draw(f.x(s.host, start+1+i), '┄', st)
		}
		zone += 5
	}
	f.run(l, f.x(s.host, 1), f.x(s.host, start), st)
	switch {
	case lane >= 0 && s.later > 0:
		l.draw(f.x(s.host, start), []rune("┤├")[s.host], st)
	case lane >= 0:
		l.draw(f.x(s.host, start), []rune("┘└")[s.host], st)
	}
	l.draw(f.x(s.host, 1), head(s.host), st)
	number := strconv.Itoa(s.packet.N)
	if s.host == 0 {
		l.put(f.x(0, 3+zone), number, st)
	} else {
		l.putLeft(f.x(1, 2+zone), number, st)
	}
}

func head(side int) rune { return []rune("◄►")[side] }
