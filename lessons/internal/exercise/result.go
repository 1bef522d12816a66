package exercise

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A State is what became of a check.
type State string

// NotStarted to Passed are all states; only Passed is a success.
const (
	NotStarted     State = "not started"
	Missing        State = "missing" // there is no exercise.go
	DoesNotCompile State = "does not compile"
	Failed         State = "failed"
	Panicked       State = "panic"
	Raced          State = "data race"
	Hung           State = "hangs"
	Ended          State = "ended itself" // os.Exit, log.Fatal
	RanNothing     State = "ran no test"  // or skipped one
	Passed         State = "passed"
)

// A Result is what a check found.
type Result struct {
	State    State
	Tests    []Test    // those without subtests, in the order in which they began
	Problems []Problem // why it does not compile
	Panic    *Panic    // for Panicked and Raced
	Mistake  *Mistake  // what it looks like, if anything known
	Printed  string    // what the student's code printed, cut when long
}

// A Test is one test of a check.
type Test struct {
	Name    string
	Action  string // pass, fail, skip, or "" when it did not end
	Message string // what the check says about it
}

// A Problem is a compiler's message.
type Problem struct {
	File      string // its base name
	Line, Col int
	Text      string
}

func (p Problem) String() string {
	if p.File == "" {
		return p.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Col, p.Text)
}

// A Panic is what the runtime says about one.
type Panic struct {
	Text  string // for example "runtime error: index out of range [3] with length 3"
	Place string // the line of exercise.go it happened at, as exercise.go:LINE, or ""
	Trace string
}

// Count returns how many tests ran, and how many of them passed.
func (r Result) Count() (passed, all int) {
	for _, t := range r.Tests {
		if t.Action == "pass" {
			passed++
		}
	}
	return passed, len(r.Tests)
}

// Text is what the check says, without what the student's code printed.
func (r Result) Text() string {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintln(&b, p)
	}
	for _, t := range r.Tests {
		b.WriteString(t.Message)
	}
	if r.Panic != nil {
		b.WriteString(r.Panic.Trace)
	}
	return b.String()
}

// head is a writer that keeps the first bytes and forgets the rest: a check
// may print without end.
type head struct {
	bytes.Buffer
	left int // how many bytes it has forgotten
}

const headSize = 32 << 10

func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), headSize-h.Len())
	h.Buffer.Write(p[:n])
	h.left += len(p) - n
	return len(p), nil
}

func (h *head) String() string {
	if h.left == 0 {
		return h.Buffer.String()
	}
	return fmt.Sprintf("%s\n… and %d bytes more\n", h.Buffer.String(), h.left)
}

// output reads what go test -json writes.
type output struct {
	onBegin     func() // something begins, which has to end or to begin another
	line        []byte // the part of a line that has come
	problems    []Problem
	built       bool // or it could not be
	failedBuild bool
	tests       map[string]*test
	order       []*test
	rest        test // what belongs to no test
	noise       head // what is no JSON
	killed      bool
}

// A test collects one test's lines.
type test struct {
	name, action string
	parent       bool
	message      head  // what the check said
	said         bool  // it has said something
	last         head  // what it said before it ended the process
	trace        head  // from a panic or a race on
	dying        *head // the one of these two that takes all the rest
	printed      head  // by the student's code
}

func newOutput(onBegin func()) *output {
	return &output{onBegin: onBegin, tests: map[string]*test{}}
}

// Write takes the lines of go test -json, in pieces of any size.
func (o *output) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		o.line = append(o.line, line...)
		if !whole {
			return n, nil
		}
		o.event(o.line)
		o.line, p = o.line[:0], rest
	}
}

func (o *output) event(line []byte) {
	var e struct{ Action, Test, Output, FailedBuild string }
	if json.Unmarshal(line, &e) != nil {
		o.noise.Write(append(line, '\n'))
		return
	}
	switch e.Action {
	case "build-output":
		o.problem(e.Output)
	case "start":
		o.built = true
		o.onBegin()
	case "run":
		o.onBegin()
		o.begin(e.Test)
	case "output":
		t := &o.rest
		if e.Test != "" {
			t = o.begin(e.Test)
		}
		t.add(e.Output)
	case "pass", "fail", "skip":
		o.failedBuild = o.failedBuild || e.FailedBuild != ""
		if e.Test != "" {
			o.begin(e.Test).action = e.Action
		}
	}
}

func (o *output) begin(name string) *test {
	if t := o.tests[name]; t != nil {
		return t
	}
	t := &test{name: name}
	o.tests[name], o.order = t, append(o.order, t)
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		o.begin(name[:i]).parent = true
	}
	return t
}

var problemLine = regexp.MustCompile(`^(?:.*[/\\])?([^/\\:]+\.go):(\d+):(?:(\d+):)? (.*)`)

func (o *output) problem(line string) {
	line = strings.TrimRight(line, "\r\n")
	m := problemLine.FindStringSubmatch(line)
	switch {
	case m != nil:
		p := Problem{File: m[1], Text: m[4]}
		p.Line, _ = strconv.Atoi(m[2])
		p.Col, _ = strconv.Atoi(m[3])
		o.problems = append(o.problems, p)
	case len(o.problems) > 0 && strings.HasPrefix(line, "\t"): // goes on
		o.problems[len(o.problems)-1].Text += "\n" + line
	default:
		o.noise.Write([]byte(line + "\n"))
	}
}

var (
	said = regexp.MustCompile(` {4}[\w.-]+_test\.go:\d+: `) // by a check, with t.Error and the like
	hung = regexp.MustCompile(`(?m)^Got: +it hangs in step `)
	ends = regexp.MustCompile(`^(FAIL|PASS|ok|exit status|signal:)\b`) // go test's own last lines
)

// add tells what the check says from what the student's code prints, and from
// a stack trace. go test writes a message's later lines with eight spaces.
func (t *test) add(line string) {
	const (
		hangs    = "What the check did:\n" // without the spaces: the process ends itself after it
		raceLine = "==================\n"
	)
	at := said.FindStringIndex(line)
	switch {
	case strings.HasPrefix(line, "=== "), strings.HasPrefix(strings.TrimLeft(line, " "), "--- "):
	case line == raceLine, line == t.name+"\n", t.name == "" && ends.MatchString(line):
	case t.dying != nil:
		t.dying.Write([]byte(line))
	case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "fatal error: "), strings.HasPrefix(line, "WARNING: DATA RACE"):
		t.dying = &t.trace
		t.trace.Write([]byte(line))
	case line == hangs:
		t.dying = &t.last
		t.last.Write([]byte(line))
	case at != nil:
		t.said = true
		t.printed.Write([]byte(line[:at[0]])) // without a line's end
		if rest := line[at[1]:]; rest != "\n" {
			t.message.Write([]byte(rest))
		}
	case t.said && strings.HasPrefix(line, "        "):
		t.message.Write([]byte(line[8:]))
	default:
		t.printed.Write([]byte(line))
	}
}

// result is what the output comes to. ok is whether go test succeeded.
func (o *output) result(mistakes []Mistake, ok bool) Result {
	r := Result{Problems: o.problems}
	var trace string
	var hangs, unstarted, skipped, failed bool
	for _, t := range append(o.order, &o.rest) {
		message := t.message.String() + t.last.String()
		if t != &o.rest && (!t.parent || message != "") {
			r.Tests = append(r.Tests, Test{t.name, t.action, message})
			failed = failed || t.action == "fail" && message != ""
			skipped = skipped || t.action == "skip"
		}
		unstarted = unstarted || strings.HasPrefix(message, "not started: ")
		hangs = hangs || hung.MatchString(t.last.String())
		trace += t.trace.String()
		r.Printed += t.printed.String()
	}
	exits := strings.HasPrefix(trace, "panic: unexpected call to os.Exit")
	switch {
	case !o.built, o.failedBuild:
		r.State = DoesNotCompile
		if len(r.Problems) == 0 {
			r.Problems = []Problem{{Text: strings.TrimSpace(o.noise.String())}}
		}
	case o.killed, hangs, strings.HasPrefix(trace, "panic: test timed out"):
		r.State = Hung
	case ok && unstarted:
		r.State = NotStarted
	case ok && (len(r.Tests) == 0 || skipped):
		r.State = RanNothing
	case ok:
		r.State = Passed
	case exits:
		r.State = Ended
	case trace != "":
		r.Panic = newPanic(trace)
		r.State = Panicked
		if raced.MatchString(trace) {
			r.State = Raced
		}
	case failed:
		r.State = Failed
	default:
		r.State = Ended
	}
	if r.State != Passed {
		r.Mistake = looksLike(r.Text(), mistakes)
	}
	return r
}

// looksLike returns the mistake whose sentence comes first in text.
func looksLike(text string, mistakes []Mistake) *Mistake {
	first := len(text)
	var found *Mistake
	for _, m := range mistakes {
		if i := strings.Index(text, m.Want); i >= 0 && i < first {
			first, found = i, &m
		}
	}
	return found
}

var (
	raced     = regexp.MustCompile(`^(WARNING: DATA RACE|fatal error: concurrent map)`)
	inStudent = regexp.MustCompile(`[/\\](exercise\.go:\d+)`)
	repanic   = regexp.MustCompile(` \[recovered.*$`)
)

// newPanic reads a stack trace.
func newPanic(trace string) *Panic {
	p := &Panic{Trace: trace}
	line, _, _ := strings.Cut(trace, "\n")
	_, text, _ := strings.Cut(line, ": ")
	p.Text = repanic.ReplaceAllString(text, "")
	if m := inStudent.FindStringSubmatch(trace); m != nil {
		p.Place = m[1]
	}
	return p
}
