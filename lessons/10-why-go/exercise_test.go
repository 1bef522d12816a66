package exercise_test

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "example.com/netlessons/lessons/10-why-go"
	"example.com/netlessons/lessons/internal/check"
)

//go:embed exercise.go
var source string

func TestBatchReturnsTheAnswersInTheOrderOfTheCalls(t *testing.T) {
	c := check.Begin(t, source)
	r := batch(t, c, []string{"a 30ms", "b 10ms", "c 20ms"}, 3, time.Second, 0)
	if r.most == 0 {
		c.Fail("3 calls", "none", "Batch makes no call; is the TODO still there?")
	}
	r.mustEnd(c)
	if len(r.results) == 3 && !slices.Equal(r.answers(), []string{"A", "B", "C"}) {
		sorted := r.answers()
		slices.Sort(sorted)
		if slices.Equal(sorted, []string{"A", "B", "C"}) {
			c.Fail(`["A" "B" "C"]`, r.String(), "the results stand in the order in which the calls ended; the result of calls[i] belongs into results[i]")
		}
	}
	r.mustBe(c, "A", "B", "C")
	if !r.cancelled {
		c.Fail("the context of the calls has ended when Batch returns", "it has not", "the context of the batch is never cancelled, so its timer runs on: defer cancel() right behind context.WithTimeout")
	}

	r = batch(t, c, nil, 3, time.Second, 0)
	r.mustEnd(c)
	if len(r.results) != 0 {
		c.Fail("no results", r.String(), "a batch without calls has no results")
	}
}

func TestBatchTakesTheTimeOfItsSlowestCall(t *testing.T) {
	c := check.Begin(t, source)
	r := batch(t, c, ten("100ms"), 10, time.Minute, 0)
	r.mustEnd(c)
	r.mustBe(c, strings.Split("ABCDEFGHIJ", "")...)
	r.mustTake(c, 100*time.Millisecond, "the calls are made one after another, so their times add up: make each in a goroutine of its own")
}

func TestBatchKeepsTheLimit(t *testing.T) {
	check.Begin(t, source)
	for _, tt := range []struct {
		name  string
		calls []string
		limit int
	}{
		{"ten calls alike, three at a time", ten("100ms"), 3},
		{"one slow call among fast ones, two at a time", []string{"a 500ms", "b 100ms", "c 100ms", "d 100ms", "e 100ms", "f 100ms"}, 2},
		{"one at a time", []string{"a 100ms", "b 50ms", "c 100ms"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			r := batch(t, c, tt.calls, tt.limit, time.Minute, 0)
			if r.most > tt.limit {
				c.Fail(fmt.Sprintf("at most %d calls at the same time", tt.limit), fmt.Sprintf("%d\n%s", r.most, r.log()), "nothing holds the goroutines back: a call needs one of limit places, and waits while all are taken")
			}
			r.mustEnd(c)
			if slices.ContainsFunc(r.results, func(r Result) bool { return errors.Is(r.Err, context.DeadlineExceeded) }) {
				c.Fail(fmt.Sprintf("%d answers", len(tt.calls)), r.String(), "a call waits for a place that is never free again: give it back when the call has ended, with defer")
			}
			want := strings.Split("ABCDEFGHIJ", "")[:len(tt.calls)]
			r.mustBe(c, want...)
			if at, idle := r.idle(len(tt.calls), tt.limit); idle {
				c.Fail(fmt.Sprintf("%d calls run as long as some wait", tt.limit), fmt.Sprintf("fewer, from %v on\n%s", at, r.log()), "a place stays empty although calls wait: the next one begins as soon as one has ended, not when its whole group has")
			}
		})
	}
}

func TestBatchEndsWithItsTimeout(t *testing.T) {
	c := check.Begin(t, source)
	r := batch(t, c, []string{"a 100ms", "b 1h", "c 100ms"}, 3, time.Second, 0)
	r.mustEnd(c)
	r.mustTake(c, time.Second, "the slowest call makes the whole batch wait: give ctx the timeout with context.WithTimeout, and that ctx to each call")
	const late = "a call that is not done in time has an error, context.DeadlineExceeded; what was done before stays as it is"
	r.mustHave(c, late, "A", context.DeadlineExceeded, "C")

	r = batch(t, c, []string{"a 600ms", "b 600ms", "c 600ms", "d 600ms"}, 1, time.Second, 0)
	r.mustEnd(c)
	r.mustTake(c, time.Second, "each call has a timeout of its own, and they add up: the deadline is the batch's, so make its context once")
	// Which of them was the first is not said, so each may be the one that is answered.
	want := []any{context.DeadlineExceeded, context.DeadlineExceeded, context.DeadlineExceeded, context.DeadlineExceeded}
	if i := slices.IndexFunc(r.results, func(r Result) bool { return r.Answer != "" }); i >= 0 && i < len(want) {
		want[i] = []string{"A", "B", "C", "D"}[i]
	}
	r.mustHave(c, late, want...)
}

func TestBatchEndsWhenItsCallerGoesAway(t *testing.T) {
	c := check.Begin(t, source)
	r := batch(t, c, []string{"a 100ms", "b 1h", "c 1h"}, 3, time.Minute, 200*time.Millisecond)
	r.mustEnd(c)
	const gone = "the batch goes on although its caller is gone: its context is made from ctx, not from context.Background()"
	r.mustTake(c, 200*time.Millisecond, gone)
	r.mustHave(c, "what was not done when ctx ended has the error of ctx, context.Canceled", "A", context.Canceled, context.Canceled)
}

func TestACallThatFailsFailsAlone(t *testing.T) {
	check.Begin(t, source)
	for _, limit := range []int{1, 3} {
		t.Run(fmt.Sprint("limit ", limit), func(t *testing.T) {
			c := check.Begin(t, source)
			r := batch(t, c, []string{"a 100ms", "b 10ms fails", "c 100ms"}, limit, time.Minute, 0)
			r.mustEnd(c)
			r.mustHave(c, "one call that fails must not end the others: each has its own result", "A", errFails, "C")
		})
	}
}

func ten(time string) (calls []string) {
	for _, name := range strings.Split("abcdefghij", "") {
		calls = append(calls, name+" "+time)
	}
	return calls
}

// A run is one call of Batch, with what the services saw of it.
type run struct {
	returned  bool
	results   []Result
	took      time.Duration
	seen      int  // events when it returned; there are to be no later ones
	cancelled bool // whether the last call's context had ended when it returned

	mu      sync.Mutex
	start   time.Time
	running int
	most    int // calls at the same time
	events  []event
	last    context.Context
}

// An event is the beginning or the end of a call.
type event struct {
	at   time.Duration
	what string // as in "a begins"
	by   int    // 1 or -1
}

var errFails = errors.New("the service is out of order")

// windDown is how long a call takes to end once its context has.
const windDown = 10 * time.Millisecond

// batch calls Batch in virtual time, with calls like "a 100ms", which is
// answered by "A" after that time, or "b 10ms fails". After gone, if not 0, it
// cancels Batch's context.
func batch(t *testing.T, c *check.Check, calls []string, limit int, timeout, gone time.Duration) *run {
	t.Helper()
	what := fmt.Sprintf("calls Batch with %q, limit %d, timeout %v", calls, limit, timeout)
	if gone > 0 {
		what += fmt.Sprintf("; cancels its context after %v", gone)
	}
	c.Step("%s", what)
	c.IfItHangs("Batch goes round and round without waiting for anything")
	r := &run{}
	defer func() {
		p := recover()
		switch {
		case p == nil:
		case !r.returned:
			r.mustEnd(c)
		default: // by synctest
			c.Fail("all goroutines end", fmt.Sprint(p), "a goroutine of Batch waits for ever on a channel or a lock, after Batch has returned")
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if gone > 0 {
			time.AfterFunc(gone, cancel)
		}
		r.start = time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			results := Batch(ctx, slices.Clone(calls), limit, timeout, r.do)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.returned, r.results, r.took, r.seen = true, results, time.Since(r.start), len(r.events)
			r.cancelled = r.last == nil || r.last.Err() != nil
		}()
		select {
		case <-done:
		case <-time.After(2 * time.Hour):
		}
		time.Sleep(2 * time.Hour) // for calls that were not waited for
	})
	return r
}

// do is the Do of all tests.
func (r *run) do(ctx context.Context, call string) (string, error) {
	words := strings.Fields(call)
	r.note(ctx, words[0]+" begins", 1)
	defer r.note(ctx, words[0]+" ends", -1)
	d, err := time.ParseDuration(words[1])
	if err != nil {
		return "", err
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		time.Sleep(windDown)
		return "", ctx.Err()
	}
	if len(words) > 2 {
		return "", errFails
	}
	return strings.ToUpper(words[0]), nil
}

func (r *run) note(ctx context.Context, what string, by int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running += by
	r.most = max(r.most, r.running)
	r.last = ctx
	r.events = append(r.events, event{time.Since(r.start), what, by})
}

// idle finds a time from which on fewer than limit calls ran although some had
// not begun.
func (r *run) idle(calls, limit int) (at time.Duration, found bool) {
	running, begun := 0, 0
	for i, e := range r.events {
		running += e.by
		begun += max(e.by, 0)
		last := i == len(r.events)-1 || r.events[i+1].at > e.at // of this moment
		if last && running < limit && begun < calls {
			return e.at, true
		}
	}
	return 0, false
}

func (r *run) log() string {
	lines := []string{"What the services saw:"}
	for _, e := range r.events {
		lines = append(lines, fmt.Sprintf("  %7.3fs  %s", e.at.Seconds(), e.what))
	}
	return strings.Join(lines, "\n")
}

func (r *run) answers() (all []string) {
	for _, r := range r.results {
		all = append(all, r.Answer)
	}
	return all
}

func (r *run) String() string {
	var all []string
	for _, r := range r.results {
		if r.Err != nil {
			all = append(all, fmt.Sprintf("error(%v)", r.Err))
		} else {
			all = append(all, fmt.Sprintf("%q", r.Answer))
		}
	}
	return fmt.Sprint(all)
}

// mustEnd ends the test if Batch did not return, or before its calls.
func (r *run) mustEnd(c *check.Check) {
	if !r.returned {
		c.Fail("Batch returns", "it has not, two hours later\n"+r.log(), "Batch waits for something that never comes: a place that is not given back, or a goroutine that does not tell that it is done")
	}
	if r.seen < len(r.events) {
		cause := "Batch does not wait for its goroutines: sync.WaitGroup, with Wait before the return"
		if r.took > 0 {
			cause = "the calls still run when Batch returns because its time is over: it waits for them all the same, and they end soon"
		}
		c.Fail("nothing happens any more when Batch has returned", fmt.Sprintf("it returned after %v\n%s", r.took, r.log()), cause)
	}
}

// mustTake ends the test if Batch took another time than d, but for what its
// calls need to end.
func (r *run) mustTake(c *check.Check, d time.Duration, cause string) {
	if r.took < d || r.took > d+10*windDown {
		c.Fail(fmt.Sprintf("Batch takes %v", d), fmt.Sprintf("%v\n%s", r.took, r.log()), cause)
	}
}

// mustBe ends the test unless these are the answers.
func (r *run) mustBe(c *check.Check, want ...string) {
	all := make([]any, len(want))
	for i := range want {
		all[i] = want[i]
	}
	r.mustHave(c, "each call has its own result, in its own place, and is made once", all...)
}

// mustHave ends the test unless these are the answers and errors.
func (r *run) mustHave(c *check.Check, cause string, want ...any) {
	if len(r.results) != len(want) {
		c.Fail(fmt.Sprintf("%d results", len(want)), fmt.Sprintf("%d: %v", len(r.results), r), "each call has one result, also one that failed or was not made: let results have the length of calls from the beginning")
	}
	for i, want := range want {
		got := r.results[i]
		err, failed := want.(error)
		if failed && errors.Is(got.Err, err) || !failed && got.Err == nil && got.Answer == want {
			continue
		}
		switch {
		case failed && got.Err == nil && err == errFails:
			cause = "the error of a call is lost: it belongs into the call's result"
		case failed && got == Result{}:
			cause = "a call that was not made has neither an answer nor an error: nobody can tell that it is missing"
		}
		c.Fail(fmt.Sprintf("result %d is %v", i, want), fmt.Sprintf("%v\n%s", r, r.log()), cause)
	}
}
