package exercise

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// A Hint is one step of an exercise's ladder.
type Hint struct {
	After []string // the mistakes for which the ladder starts here
	Text  string   // Markdown
}

var (
	rung  = regexp.MustCompile(`(?m)^## (\d+)[ \t]*\r?\n`)
	after = regexp.MustCompile(`^\s*<!-- after: (.*?) -->[ \t]*\r?\n`)
)

// Hints returns the ladder in a language, "en" or "zh", from a nudge to nearly
// the answer.
func (e Exercise) Hints(lang string) ([]Hint, error) {
	name := e.File("testdata", "hints."+lang+".md")
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	text := string(source)
	var hints []Hint
	places := rung.FindAllStringSubmatchIndex(text, -1)
	for i, at := range places {
		if number := text[at[2]:at[3]]; number != fmt.Sprint(i+1) {
			return nil, fmt.Errorf("%s: heading %s stands where %d should", name, number, i+1)
		}
		end := len(text)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		body := text[at[1]:end]
		var h Hint
		if m := after.FindStringSubmatch(body); m != nil {
			h.After = strings.Fields(m[1])
			body = body[len(m[0]):]
		}
		h.Text = strings.TrimSpace(body)
		hints = append(hints, h)
	}
	return hints, nil
}

// NextHint returns the index of the hint that comes next; ok is false after
// the last. If the last check failed in a way that has had no hint yet, and
// some step is about it, then it is that step.
func (r Record) NextHint(hints []Hint) (i int, ok bool) {
	if r.Mistake != r.Hinted {
		i := slices.IndexFunc(hints, func(h Hint) bool { return slices.Contains(h.After, r.Mistake) })
		if i >= 0 {
			return i, true
		}
	}
	return r.Hints, r.Hints < len(hints)
}
