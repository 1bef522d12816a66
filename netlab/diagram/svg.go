package diagram

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"example.com/netlessons/netlab/trace"
)

// Measures of the picture, in pixels unless it is scaled.
const (
	cellWidth   = 7.3 // of a character
	margin      = 16
	band        = 112 // the width of a state
	top         = 92  // the first step
	rowHeight   = 26
	packetRow   = 44  // with a packet that is sent and arrives in it
	labelHeight = 10  // more for a row with a label above an arrow
	markHeight  = 16  // more for each fault
	slope       = 18  // how far an arrow goes down in its row
	cut         = .55 // of its way is what a lost packet makes
	leastGap    = 320 // between life lines
	mostGap     = 700
	faultCells  = 32 // for the name of the fault that loses a packet
)

// SVG writes t as a sequence diagram in SVG. It needs no other file, font or
// script, is light or dark as its reader prefers, and says in words and dashes
// what it says in colours.
//
// Time goes down by the steps of [Text], not to scale. An arrow starts where its
// packet is sent and ends where it arrives, so that packets that cross are seen
// to cross.
func SVG(w io.Writer, t *trace.Trace) error {
	p := picture{sequence: sequenceOf(t)}
	p.layOut()
	p.draw()
	_, err := w.Write(p.out.Bytes())
	return err
}

// A picture is an SVG as it is written.
type picture struct {
	*sequence
	x             []float64 // of each host's life line
	y             []float64 // of each step
	gap           float64   // between life lines
	width, height float64
	out           bytes.Buffer
}

// layOut finds the place of each life line and step.
func (p *picture) layOut() {
	p.gap = leastGap
	p.height = top
	seconds, times := 0, p.seconds()
	for i, s := range p.steps {
		if p.silence(i) > 0 {
			p.height += rowHeight
		}
		words, height := length(s.text)+40, float64(rowHeight)
		switch s.kind {
		case note: // has all the width
			words = 0
		case sent:
			words = length(p.name(s)) + 50
			if s.lost {
				words = max(words, (length(fit(s.text, faultCells))+40)/(1-cut))
			}
			p.height += labelHeight
			if s.arrives || s.lost {
				height = packetRow - labelHeight
			}
			height += markHeight * float64(len(s.marks))
		}
		p.gap = min(max(p.gap, words), mostGap)
		p.y = append(p.y, p.height)
		p.height += height
		seconds = max(seconds, size(times(s.at)))
	}
	p.height += margin
	left := margin + float64(max(seconds, len("time/s")))*cellWidth + margin + band + 10
	for i := range p.hosts {
		p.x = append(p.x, left+float64(i)*p.gap)
	}
	p.width = left + float64(max(len(p.hosts)-1, 0))*p.gap + 10 + band + margin
}

// draw writes the lines first, so that the text stays legible upon them.
func (p *picture) draw() {
	packets, lost := 0, 0
	for _, s := range p.steps {
		if s.kind == sent {
			packets++
		}
		if s.lost {
			lost++
		}
	}
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="netlab" role="img" viewBox="0 0 %s %s" width="%[1]s" height="%[2]s">`, num(p.width), num(p.height))
	p.printf("<title>Sequence diagram: %s</title>", escape(strings.Join(p.hosts, ", ")))
	p.printf("<desc>Time goes down. Packets sent: %d, of which were lost: %d.</desc>", packets, lost)
	p.printf("<style>%s</style>", css)
	p.printf(`<rect class="ground" width="100%%" height="100%%"/>`)
	for i := range p.hosts {
		p.life(i)
	}
	for i, s := range p.steps {
		p.arrow(i, s)
	}
	for i := range p.hosts {
		p.states(i)
	}
	p.text(margin, 30, "start", "time", "time/s")
	for i, h := range p.hosts {
		p.text(p.x[i], 30, "middle", "host", fit(h, int(p.gap/9)))
	}
	shown, times := "", p.seconds()
	for i, s := range p.steps {
		if now := times(s.at); now != shown {
			p.text(margin, p.y[i]+4, "start", "time", now)
			shown = now
		}
		if d := p.silence(i); d > 0 {
			p.text(p.middle(), p.y[i]-p.above(i)+4, "middle", "time", "… "+later(d)+" …")
		}
		p.words(i, s)
	}
	p.printf("</svg>\n")
}

// above returns how far the row of a silence lies above step i.
func (p *picture) above(i int) float64 {
	if p.steps[i].kind == sent {
		return rowHeight + labelHeight
	}
	return rowHeight
}

func (p *picture) middle() float64 {
	if len(p.x) == 0 {
		return p.width / 2
	}
	return (p.x[0] + p.x[len(p.x)-1]) / 2
}

func (p *picture) name(s step) string {
	return strconv.Itoa(s.packet.N) + " " + p.label(s.packet, full)
}

// life draws a host's life line, dotted where there is silence.
func (p *picture) life(host int) {
	from := 42.0
	to := func(y float64, class string) {
		p.line(p.x[host], from, p.x[host], y, class)
		from = y
	}
	for i := range p.steps {
		if p.silence(i) > 0 {
			y := p.y[i] - p.above(i)
			to(y-rowHeight/2, "life")
			to(y+rowHeight/2, "life silent")
		}
	}
	to(p.height-margin, "life")
}

// states draws what states a host goes through: beside the outer life lines as
// bands, as long as they last; else, also where a host has many connections and
// a state of one does not end that of another, as the moments of the change.
func (p *picture) states(host int) {
	outer := host == 0 || host == len(p.hosts)-1
	lasting := outer && len(p.flows) <= 1
	var names []string
	var ys, xs []float64
	put := func(state string, y float64, right bool) {
		x := p.x[host] - 10 - band
		if right {
			x = p.x[host] + 10
		}
		names, ys, xs = append(names, state), append(ys, y), append(xs, x)
	}
	right := host > 0
	if p.first[host] != "" && lasting {
		put(p.first[host], top-rowHeight-4, right)
	}
	for i, s := range p.steps {
		state, y := s.states[host], p.y[i]
		if state == "" {
			continue
		}
		if s.kind == sent && s.host != host {
			y += slope
		}
		if !outer { // out of the way of the arrow
			right = s.packet != nil && (s.host == host) == (s.peer < host)
			if s.packet != nil && s.host != host {
				right = s.host < host
			}
		}
		put(state, y, right)
	}
	for i, name := range names {
		end := ys[i] + 10
		if lasting {
			end = p.height - margin
			if i+1 < len(ys) {
				end = ys[i+1] - 12
			}
		}
		class := "state"
		if name == "CLOSED" {
			class = "state closed"
		}
		p.printf(`<rect class="%s" x="%s" y="%s" width="%d" height="%s" rx="4"/>`, class, num(xs[i]), num(ys[i]-10), band, num(end-ys[i]+10))
		p.text(xs[i]+band/2, ys[i]+4, "middle", "name", fit(name, 14))
	}
}

// arrow draws the way of a packet in the step in which it ends.
func (p *picture) arrow(i int, s step) {
	if s.packet == nil {
		return
	}
	x1, y1, x2, y2 := p.x[s.host], p.y[i], p.x[s.peer], p.y[i]+slope
	class := classOf(s)
	switch {
	case s.kind == arrival:
		x1, y1, x2, y2 = p.x[s.peer], p.y[s.from], p.x[s.host], p.y[i]
	case s.arrives:
	case s.lost, s.later == 0: // else it is drawn where it arrives
		x2, y2 = x1+cut*(x2-x1), y1+cut*slope
	default:
		return
	}
	p.line(x1, y1, x2, y2, "packet"+class)
	if s.arrives || s.kind == arrival {
		p.printf(`<path class="head%s" transform="translate(%s %s) rotate(%s)" d="M0 0-10-4V4z"/>`, class, num(x2), num(y2), num(angle(x2-x1, y2-y1)))
	}
}

// words writes the text of a step.
func (p *picture) words(i int, s step) {
	y := p.y[i]
	right := s.host >= 0 && (s.host == 0 || s.host < len(p.hosts)-1) // of the life line
	if s.packet != nil {
		right = s.peer > s.host
	}
	x, anchor, out := 0.0, "start", 1.0
	if s.host >= 0 {
		x = p.x[s.host]
	}
	if !right {
		anchor, out = "end", -1
	}
	text := fit(s.text, int(p.gap/cellWidth)-6)
	switch s.kind {
	case sent:
		if s.arrives || s.lost {
			p.printf(`<g transform="rotate(%s %s %s)">`, num(out*angle(math.Abs(p.x[s.peer]-x), slope)), num(x), num(y))
		}
		p.over(x+out*14, y-5, anchor, "label"+classOf(s), p.name(s))
		if s.arrives || s.lost {
			p.printf("</g>")
			y += 4
		}
		if s.lost {
			end := x + cut*(p.x[s.peer]-x)
			p.printf(`<path class="cross" d="M%s %sm-5-5 10 10m0-10-10 10"/>`, num(end), num(p.y[i]+cut*slope))
			p.over(end+out*12, y+cut*slope+8, anchor, "label lost", fit(s.text, faultCells))
		}
		for k, mark := range s.marks {
			p.over(x+out*14, y+14+float64(k)*markHeight, anchor, "mark", fit("↳ "+mark, int(p.gap/cellWidth)-4))
		}
	case call:
		p.printf(`<circle class="call" cx="%s" cy="%s" r="4"/>`, num(x), num(y))
		p.over(x+out*12, y+4, anchor, "said", text)
	case timer:
		p.printf(`<path class="timer" d="M%s %sm-6 0 6-6 6 6-6 6z"/>`, num(x), num(y))
		p.over(x+out*12, y+4, anchor, "said", text)
	case change:
		p.over(x+out*12, y+4, anchor, "said", text)
	case note:
		p.over(p.middle(), y+4, "middle", "note", fit(s.text, int(p.width/cellWidth)-4))
	}
}

func (p *picture) printf(format string, a ...any) {
	fmt.Fprintf(&p.out, format, a...)
	p.out.WriteByte('\n')
}

func (p *picture) line(x1, y1, x2, y2 float64, class string) {
	p.printf(`<path class="%s" d="M%s %sL%s %s"/>`, class, num(x1), num(y1), num(x2), num(y2))
}

// text writes text.
func (p *picture) text(x, y float64, anchor, class, text string) {
	p.printf(`<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`, class, num(x), num(y), anchor, escape(text))
}

// over writes text on a ground of its own, so that no line runs through it.
func (p *picture) over(x, y float64, anchor, class, text string) {
	if text == "" {
		return
	}
	left := map[string]float64{"start": 0, "middle": .5, "end": 1}[anchor] * length(text)
	p.printf(`<rect class="ground" x="%s" y="%s" width="%s" height="14"/>`, num(x-left-2), num(y-11), num(length(text)+4))
	p.text(x, y, anchor, class, text)
}

// classOf is how a packet looks.
func classOf(s step) string {
	switch {
	case s.lost:
		return " lost"
	case s.packet.Again:
		return " again"
	}
	return ""
}

// length is that of a text.
func length(s string) float64 { return float64(size(s)) * cellWidth }

func angle(x, y float64) float64 { return math.Atan2(y, x) * 180 / math.Pi }

func num(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// escape makes s text of an XML document.
func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder never fails
	return b.String()
}

// css is the look. What is colour only here is a word or a dash pattern too.
const css = `
.netlab text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328}
.netlab path,.netlab circle,.netlab rect{fill:none;stroke-width:1.5px}
.netlab .ground{fill:#fff}
.netlab .life{stroke:#8c959f}
.netlab .silent{stroke-dasharray:1 4}
.netlab .packet,.netlab .timer,.netlab .cross{stroke:#1f2328}
.netlab .head{fill:#1f2328}
.netlab .packet.again{stroke:#9a6700;stroke-dasharray:8 4}
.netlab .packet.lost,.netlab .cross{stroke:#cf222e}
.netlab .packet.lost{stroke-dasharray:2 4}
.netlab .cross{stroke-width:2.5px}
.netlab .head.again,.netlab text.again{fill:#9a6700}
.netlab text.lost{fill:#cf222e}
.netlab .call{fill:#0969da}
.netlab .timer{fill:#fff}
.netlab .state{fill:#ddf4ff;stroke:#54aeff}
.netlab .closed{fill:none;stroke-dasharray:3 3}
.netlab .name{font-weight:600}
.netlab .host{font-size:15px;font-weight:600}
.netlab .time{fill:#656d76}
.netlab .note,.netlab .mark{font-style:italic}
@media (prefers-color-scheme:dark){
.netlab text{fill:#e6edf3}
.netlab .ground{fill:#0d1117}
.netlab .life{stroke:#6e7681}
.netlab .packet,.netlab .timer{stroke:#e6edf3}
.netlab .head{fill:#e6edf3}
.netlab .packet.again{stroke:#d29922}
.netlab .packet.lost,.netlab .cross{stroke:#ff7b72}
.netlab .head.again,.netlab text.again{fill:#d29922}
.netlab text.lost{fill:#ff7b72}
.netlab .call{fill:#58a6ff}
.netlab .timer{fill:#0d1117}
.netlab .state{fill:#10243e;stroke:#1f6feb}
.netlab .closed{fill:none}
.netlab .time{fill:#8d96a0}
}
`
