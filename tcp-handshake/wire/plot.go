package wire

import (
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/netlessons/netlab/trace"
)

// A Sample is what the client knew at one moment, in bytes.
type Sample struct {
	At       time.Duration
	InFlight int // sent and not acknowledged
	Offered  int // what the server was ready to take
	Cwnd     int // what the congestion control allowed
}

// Samples returns how the client's windows went, one sample for each packet
// that it sent or got once it was connected.
func Samples(t *trace.Trace) []Sample {
	var samples []Sample
	var now Sample
	var sent, acked uint32
	mss := 0
	for _, e := range t.Events {
		p := t.PacketOf(e)
		switch {
		case e.Kind == trace.Info && e.Host == "client":
			now.Cwnd = e.TCP.Cwnd
		case e.Kind == trace.Send && p.From == "client" && p.Length > 0:
			mss = max(mss, p.Length)
			sent = max(sent, p.Seq+uint32(p.Length))
		case e.Kind == trace.Deliver && p.To == "client" && p.Flags.Has(trace.ACK):
			acked = max(acked, p.Ack)
			now.Offered = p.Window
		default:
			continue
		}
		now.At, now.InFlight = e.At, max(0, int(sent)-int(max(acked, 1)))
		if e.Kind != trace.Info && sent > 0 {
			samples = append(samples, now)
		}
	}
	for i := range samples { // cwnd counts segments
		samples[i].Cwnd *= mss
	}
	return samples
}

// Plot draws the samples, one column each as they follow each other, in at
// most width columns and height rows. What cwnd is above the highest row is
// left out: it limits nothing then.
func Plot(w io.Writer, samples []Sample, width, height int, plain bool, lang Language) error {
	const margin = 8
	if len(samples) > width-margin {
		samples = samples[:width-margin]
	}
	top := 1
	for _, s := range samples {
		top = max(top, s.InFlight, s.Offered)
	}
	fill, line, dot, axis := "█", "─", "·", "│"
	if plain {
		fill, line, dot, axis = "#", "-", ".", "|"
	}
	row := func(bytes int) int { return (bytes*height + top - 1) / top }
	var b strings.Builder
	for y := height; y >= 0; y-- {
		fmt.Fprintf(&b, "%6d %s", top*y/height, axis)
		for _, s := range samples {
			switch {
			case y == row(s.Offered):
				b.WriteString(line)
			case y > 0 && y <= row(s.InFlight):
				b.WriteString(fill)
			case y == row(s.Cwnd):
				b.WriteString(dot)
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	legend := "%s bytes in flight   %s window offered   %s congestion window, where it is below\n"
	if lang == Chinese {
		legend = "%s 在途字节   %s 对端通告的窗口   %s 拥塞窗口（低于顶端时才画出）\n"
	}
	_, err := fmt.Fprintf(w, strings.Join(lines, "\n")+legend, fill, line, dot)
	return err
}
