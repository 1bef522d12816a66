// Package weave keeps what a README shows true: console output comes from a
// run, code from its file, and the table of lessons from package course. A
// marker says what goes into the lines below it:
//
//	<!-- run: make lesson-1 -->                  the code block below is what this prints on stdout
//	<!-- fails: make lesson-8 ARGS=missing -->   the same for a command that fails, with what it says on stderr
//	<!-- beside: SERVER | CLIENT -->             the same for two commands: a server that says "listening on", a client
//	                                             that runs meanwhile, and what both said once the server was stopped
//	<!-- code: udp-echo/server.go Step 3 -->     the code block below is this step: from its comment to the next
//	                                             step's, or to the end of what encloses it; also "Step 2 to 4"
//	<!-- code: udp-echo/client.go decl Ask -->   … is this declaration, with its comment; also "decl Room.Join"
//	<!-- lessons: en -->                         the table below is the lessons' (en or zh)
package weave

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"

	"example.com/netlessons/lessons/internal/course"
)

var marker = regexp.MustCompile(`^<!-- (run|fails|beside|code|lessons): (.*) -->$`)

// Sources are where the fresh lines come from.
type Sources struct {
	Run    func(command string, fails bool) (printed string, err error)
	Beside func(server, client string) (said, printed string, err error)
	File   func(path string) (text string, err error)
}

// Weave returns text with fresh lines below each marker. What differs from run
// to run stays as it was (see [Mask]), so that a text which has not drifted is
// returned unchanged.
func Weave(text string, from Sources) (string, error) {
	return replace(text, func(kind, what, was string) (string, error) {
		fresh, err := from.fresh(kind, what)
		if err != nil {
			return "", fmt.Errorf("%s: %w", what, err)
		}
		if Mask(was) == Mask(fresh) {
			fresh = was
		}
		return fresh, nil
	})
}

// Hollow returns text with nothing below its markers.
func Hollow(text string) (string, error) {
	return replace(text, func(kind, _, _ string) (string, error) {
		if kind == "lessons" {
			return "", nil
		}
		return "```\n```\n", nil
	})
}

// Sum is the fingerprint of all that was woven into text, to the last digit. It
// is kept when a text is woven, so that a figure typed by hand is found even
// where the [Mask] hides it.
func Sum(text string) (string, error) {
	sum := sha256.New()
	_, err := replace(text, func(_, _, was string) (string, error) {
		fmt.Fprint(sum, was)
		return was, nil
	})
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}

// replace replaces the lines below each marker, given its kind, what it says,
// and what they were.
func replace(text string, by func(kind, what, was string) (string, error)) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	var out strings.Builder
	for i := 0; i < len(lines); {
		out.WriteString(lines[i])
		m := marker.FindStringSubmatch(strings.TrimSpace(lines[i]))
		i++
		if m == nil {
			continue
		}
		end := table(lines, i)
		if m[1] != "lessons" {
			if end = block(lines, i); end < 0 {
				return "", fmt.Errorf("%s: no code block below the marker", m[2])
			}
		}
		fresh, err := by(m[1], m[2], strings.Join(lines[i:end], ""))
		if err != nil {
			return "", err
		}
		out.WriteString(fresh)
		i = end
	}
	return out.String(), nil
}

// fresh returns the lines that belong below a marker.
func (s Sources) fresh(kind, what string) (string, error) {
	switch kind {
	case "lessons":
		return course.Markdown(what == "zh"), nil
	case "code":
		file, region, _ := strings.Cut(what, " ")
		text, err := s.File(file)
		if err != nil {
			return "", err
		}
		line, code, err := Region(text, region)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("```go\n// %s:%d\n%s```\n", file, line, code), nil
	case "beside":
		server, client, _ := strings.Cut(what, " | ")
		said, printed, err := s.Beside(server, client)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("```console\n$ %s\n%s\n\n$ %s\n%s\n```\n", server, strings.TrimRight(said, "\n"), client, strings.TrimRight(printed, "\n")), nil
	default:
		printed, err := s.Run(what, kind == "fails")
		if err != nil {
			return "", err
		}
		return "```console\n$ " + what + "\n" + strings.TrimRight(printed, "\n") + "\n```\n", nil
	}
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
	{regexp.MustCompile(`\btime=\S+`), "time=TIME"},
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
