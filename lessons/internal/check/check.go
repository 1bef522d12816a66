// Package check is what the exercises' checks share: a test tells what it
// does step by step, and when it fails, what it expected, what came, and the
// likely cause in one sentence. A hang is cut and named by its step.
package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Limit is how long all tests of one exercise may take together.
const Limit = 4 * time.Second

// A Check is one test of an exercise.
type Check struct {
	t *testing.T

	mu    sync.Mutex
	steps []string
	hang  string // what it means when the present step does not end
}

// Begin begins a test of the exercise whose source is given. It skips the test
// while the source is as shipped, see testdata/start/exercise.go. All tests
// together have four seconds; then the process ends, and says which step was
// under way. go test -timeout 0 waits for ever, as a debugger needs. The tests
// of an exercise do not run in parallel, and call Begin before t.Chdir.
func Begin(t *testing.T, source string) *Check {
	t.Helper()
	if start, err := os.ReadFile("testdata/start/exercise.go"); err != nil {
		t.Fatalf("the shipped exercise is needed: %v", err)
	} else if Same(source, string(start)) {
		t.Skip("not started: exercise.go is as it was shipped; open it and look for TODO")
	}
	c := &Check{t: t, hang: "a loop that does not end, or a call that waits for what never comes"}
	if _, ok := t.Deadline(); ok {
		watch(t, c)
	}
	return c
}

// Same reports whether two sources are the same, however their lines end.
func Same(a, b string) bool {
	return strings.ReplaceAll(a, "\r\n", "\n") == strings.ReplaceAll(b, "\r\n", "\n")
}

// Step says what the check does next, in the present tense: "sends \"hello\"".
func (c *Check) Step(format string, a ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = append(c.steps, fmt.Sprintf(format, a...))
}

// IfItHangs says what it means when a step from here on does not end.
func (c *Check) IfItHangs(cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hang = cause
}

// Equal ends the test if got is not want, with the likely cause.
func (c *Check) Equal(want, got any, cause string) {
	c.t.Helper()
	if !cmp.Equal(want, got) {
		c.Fail(show(want), show(got), cause)
	}
}

// NoError ends the test if err is not nil, with the likely cause.
func (c *Check) NoError(err error, cause string) {
	c.t.Helper()
	if err != nil {
		c.Fail("no error", err.Error(), cause)
	}
}

// ErrorIs ends the test if err is not target, with the likely cause.
func (c *Check) ErrorIs(err, target error, cause string) {
	c.t.Helper()
	if !errors.Is(err, target) {
		c.Fail("the error "+target.Error(), fmt.Sprint(err), cause)
	}
}

// Fail ends the test: what was expected, what came instead, and the likely
// cause. Like [testing.T.Fatal] it belongs to the test's own goroutine.
func (c *Check) Fail(want, got, cause string) {
	c.t.Helper()
	var b bytes.Buffer
	c.tell(&b)
	fmt.Fprintf(&b, "Expected: %s\nGot:      %s\nLikely cause: %s", want, got, cause)
	c.t.Fatal("\n" + b.String())
}

// Must ends the test if err is not nil, when it is the check's own affair and
// not the student's.
func (c *Check) Must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("the check itself could not go on: %v", err)
	}
}

// tell writes the steps so far.
func (c *Check) tell(w io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintln(w, "What the check did:")
	for i, s := range c.steps {
		fmt.Fprintf(w, "  %d. %s\n", i+1, s)
	}
}

// show prints a value for people: bytes and strings as text, cut when long.
func show(v any) string {
	switch v := v.(type) {
	case []byte:
		return show(string(v))
	case string:
		if len(v) > 60 {
			return fmt.Sprintf("%q … (%d bytes)", v[:60], len(v))
		}
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprintf("%+v", v)
}

// The watchdog cuts what hangs. It counts for all tests together, and anew when
// go test -count runs them again.
var watchdog struct {
	sync.Mutex
	running *Check
	timer   *time.Timer
	begun   map[string]bool // tests, by their names
}

// watch makes c the test that is named when time is up.
func watch(t *testing.T, c *Check) {
	w := &watchdog
	w.Lock()
	defer w.Unlock()
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(Limit, bark)
		w.begun = map[string]bool{}
	case w.begun[t.Name()]:
		w.timer.Reset(Limit)
		clear(w.begun)
	}
	w.begun[t.Name()] = true
	w.running = c
	t.Cleanup(func() {
		w.Lock()
		defer w.Unlock()
		w.running = nil
	})
}

// bark ends the process if a test is running.
func bark() {
	watchdog.Lock()
	defer watchdog.Unlock()
	if c := watchdog.running; c != nil {
		os.Stdout.WriteString(hung(c))
		os.Exit(1)
	}
}

// hung says which step did not end.
func hung(c *Check) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n%s\n", c.t.Name())
	c.tell(&b)
	c.mu.Lock()
	defer c.mu.Unlock()
	last := "nothing yet"
	if len(c.steps) > 0 {
		last = c.steps[len(c.steps)-1]
	}
	fmt.Fprintf(&b, "Expected: the check ends within %v\nGot:      it hangs in step %d: %s\n", Limit, len(c.steps), last)
	b.WriteString("Likely cause: " + c.hang + "\n")
	return b.String()
}
