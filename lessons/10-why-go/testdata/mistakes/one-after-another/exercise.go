// want: "the calls are made one after another, so their times add up"
// zh: "调用是一个接一个做的，时间会累加：每个调用放进自己的 goroutine"

// Package exercise is lesson 10: many calls to other services as one batch, in
// parallel.
//
//	calls    a    b    c    d       limit 2
//	         ├──►      ╎    ╎
//	         ╎    ├──► ╎    ╎       the next begins as soon as one has ended
//	         ╎    ╎    ├──► ╎
//	         ╎    ╎    ╎    ├──►
//	results  A    B    C    D       in the order of the calls, whichever ends first
package exercise

import (
	"context"
	"time"
)

// Do makes one call. It returns soon after ctx has ended, with ctx.Err().
type Do func(ctx context.Context, call string) (answer string, err error)

// A Result is what became of one call: an answer or an error.
type Result struct {
	Answer string
	Err    error
}

// Batch makes all calls, at most limit of them at the same time, and returns
// their results in the order of the calls. A call that fails fails alone. The
// whole batch has timeout, and ends earlier if ctx does; a call that is not done
// by then has the error of its Do, or ctx's. When Batch returns, nothing that it
// has begun still runs. limit is at least 1. Notes [why-go].
func Batch(ctx context.Context, calls []string, limit int, timeout time.Duration, do Do) []Result {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	results := make([]Result, len(calls))
	for i, call := range calls {
		answer, err := do(ctx, call)
		results[i] = Result{answer, err}
	}
	return results
}
