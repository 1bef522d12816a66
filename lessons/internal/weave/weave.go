// Package weave keeps what a README shows true: console output comes from a
// run, and the table of lessons from package course. A marker says what goes
// into the lines below it:
//
//	<!-- run: make lesson-1 -->      the code block below is what this prints on stdout
//	<!-- lessons: en -->             the table below is the lessons' (en or zh)
package weave

import (
	"fmt"
	"regexp"
	"strings"

	"example.com/netlessons/lessons/internal/course"
)

var marker = regexp.MustCompile(`^<!-- (run|lessons): (.*) -->$`)

// Weave returns text with fresh lines below each marker. run gives what a
// command prints. To find out whether a text has drifted, compare the masks of
// both (see [Mask]).
func Weave(text string, run func(command string) (string, error)) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	var out strings.Builder
	for i := 0; i < len(lines); {
		out.WriteString(lines[i])
		m := marker.FindStringSubmatch(strings.TrimSpace(lines[i]))
		i++
		if m == nil {
			continue
		}
		var fresh string
		var end int
		switch m[1] {
		case "lessons":
			fresh, end = course.Markdown(m[2] == "zh"), table(lines, i)
		case "run":
			printed, err := run(m[2])
			if err != nil {
				return "", fmt.Errorf("%s: %w", m[2], err)
			}
			fresh = "```console\n$ " + m[2] + "\n" + strings.TrimRight(printed, "\n") + "\n```\n"
			if end = block(lines, i); end < 0 {
				return "", fmt.Errorf("%s: no code block below the marker", m[2])
			}
		}
		out.WriteString(fresh)
		i = end
	}
	return out.String(), nil
}

// table returns the index after the table that begins at lines[i], if any does.
func table(lines []string, i int) int {
	for i < len(lines) && strings.HasPrefix(lines[i], "|") {
		i++
	}
	return i
}

// block returns the index after the code block that begins at lines[i], or -1.
func block(lines []string, i int) int {
	if i >= len(lines) || !strings.HasPrefix(lines[i], "```") {
		return -1
	}
	for i++; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) == "```" {
			return i + 1
		}
	}
	return -1
}

// masks replace what differs between any two runs of the same program.
var masks = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`-port \d+`), "-port PORT"},
	{regexp.MustCompile(`\d+(\.\d+)? ?(ns|µs|ms|s)\b`), "TIME"},
	{regexp.MustCompile(`\d+\.\d+ MB(/s)?`), "SIZE"},         // of a program, or a speed
	{regexp.MustCompile(`\d+ bytes +of the folder`), "SIZE"}, // the file system's affair
	{regexp.MustCompile(`"[^"\n]*/(go-build\d+/b001/exe|[0-9a-f]{64}-d)/`), `"GOBUILD/`},
	{regexp.MustCompile(`[█▏▎▍▌▋▊▉]+`), "BAR"},
	{regexp.MustCompile(` +`), " "},
}

// Mask hides in printed what differs between any two runs: ports, times and
// what is counted from them, and the spaces that they move.
func Mask(printed string) string {
	for _, m := range masks {
		printed = m.what.ReplaceAllString(printed, m.by)
	}
	return printed
}
