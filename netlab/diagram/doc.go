// Package diagram draws a trace as a sequence diagram: in text for a terminal,
// and in SVG for a page. Both show the packets with what became of them, each
// end's state as it changes, calls, timers and notes. They leave out what TCP
// knows (trace.Info), which is for a plot.
package diagram
