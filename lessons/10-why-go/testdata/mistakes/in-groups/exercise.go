// want: "a place stays empty although calls wait: the next one begins as soon as one has ended"
// zh: "有调用在等，位置却空着：一个结束，下一个就该开始，而不是等整组结束"

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
	"sync"
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
	for first := 0; first < len(calls); first += limit {
		var wg sync.WaitGroup
		for i := first; i < min(first+limit, len(calls)); i++ {
			wg.Go(func() {
				answer, err := do(ctx, calls[i])
				results[i] = Result{answer, err}
			})
		}
		wg.Wait()
	}
	return results
}
