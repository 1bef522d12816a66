// want: "the context of the batch is never cancelled, so its timer runs on"
// zh: "这一批的 context 一直没有取消，定时器还在走：在 context.WithTimeout 之后马上 defer cancel()"

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
	ctx, _ = context.WithTimeout(ctx, timeout)

	results := make([]Result, len(calls))
	running := make(chan struct{}, limit) // as many places as calls may run
	var wg sync.WaitGroup
	for i, call := range calls {
		select {
		case running <- struct{}{}: // waits while all places are taken
		case <-ctx.Done():
			results[i].Err = ctx.Err()
			continue
		}
		wg.Go(func() {
			defer func() { <-running }()
			answer, err := do(ctx, call)
			results[i] = Result{answer, err} // each writes its own element: no lock
		})
	}
	wg.Wait()
	return results
}
