package wire

import (
	"fmt"
	"io"
	"strings"
)

// PlotSVG draws the samples as [Plot] does, as an SVG for light and dark pages:
// the kind of each line tells what it is, the colour only helps.
func PlotSVG(w io.Writer, samples []Sample, lang Language) error {
	const left, top, width, height = 70, 20, 640, 240
	most := 1
	for _, s := range samples {
		most = max(most, s.InFlight, s.Offered)
	}
	x := func(i int) int { return left + i*width/max(len(samples), 1) }
	y := func(bytes int) int { return top + height - min(bytes, most)*height/most }
	steps := func(of func(Sample) int) string { // a line that keeps its height until the next sample
		var path strings.Builder
		for i, s := range samples {
			verb := "L"
			if i == 0 {
				verb = "M"
			}
			fmt.Fprintf(&path, "%s%d %d H%d ", verb, x(i), y(of(s)), x(i+1))
		}
		return strings.TrimSpace(path.String())
	}
	inFlight := steps(func(s Sample) int { return s.InFlight })
	words := []string{"Bytes in flight and the windows that limit them", "bytes in flight", "window offered", "congestion window, where it is below", "packets, in their order"}
	if lang == Chinese {
		words = []string{"在途字节，以及限制它的窗口", "在途字节", "对端通告的窗口", "拥塞窗口（低于顶端时才画出）", "各个包，按先后顺序"}
	}

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 350" width="740" height="350" role="img">
<title>%s</title>
<style>
svg { background: #fff; color: #222; font: 13px ui-monospace, monospace }
text { fill: currentColor }
.axis { stroke: currentColor; stroke-opacity: .5 }
.area { fill: #2f81d0; fill-opacity: .35 }
.flight { stroke: #1f6cb8; fill: none }
.offered { stroke: #b3261e; fill: none; stroke-width: 2.5 }
.cwnd { stroke: currentColor; fill: none; stroke-width: 2; stroke-dasharray: 2 4 }
@media (prefers-color-scheme: dark) { svg { background: #111; color: #ddd } .offered { stroke: #ff8a80 } .flight { stroke: #7db8f0 } }
</style>
<path class="axis" d="M%d %d V%d H%d" fill="none"/>
`, words[0], left, top, top+height, left+width)
	for _, bytes := range []int{0, most / 2, most} {
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%d</text>\n", left-8, y(bytes)+4, bytes)
	}
	if len(samples) > 0 {
		fmt.Fprintf(&b, "<path class=\"area\" d=\"%s V%d H%d Z\"/>\n<path class=\"flight\" d=\"%s\"/>\n", inFlight, top+height, left, inFlight)
		fmt.Fprintf(&b, "<path class=\"cwnd\" d=\"%s\"/>\n", steps(func(s Sample) int { return s.Cwnd }))
		fmt.Fprintf(&b, "<path class=\"offered\" d=\"%s\"/>\n", steps(func(s Sample) int { return s.Offered }))
	}
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left+width, top+height+20, words[4])
	for i, class := range []string{"flight", "offered", "cwnd"} {
		ly := top + height + 38 + i*18
		fmt.Fprintf(&b, "<path class=\"%s\" d=\"M%d %d h40\"/><text x=\"%d\" y=\"%d\">%s</text>\n", class, left, ly, left+50, ly+4, words[i+1])
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}
