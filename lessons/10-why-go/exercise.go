// Package exercise is lesson 10: many calls to other services as one batch, in
// parallel. Fill in what says TODO.
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
	"errors"
	"time"
)

// Do makes one call. It returns soon after ctx has ended, with ctx.Err().
type Do func(ctx context.Context, call string) (answer string, err error)

// A Result is what became of one call: an answer or an error.
type Result struct {
	Answer string
	Err    error
}

var errTODO = errors.New("TODO: still to be written")

// Batch makes all calls, at most limit of them at the same time, and returns
// their results in the order of the calls. A call that fails fails alone. The
// whole batch has timeout, and ends earlier if ctx does; a call that is not done
// by then has the error of its Do, or ctx's. When Batch returns, nothing that it
// has begun still runs. limit is at least 1. Notes [why-go].
func Batch(ctx context.Context, calls []string, limit int, timeout time.Duration, do Do) []Result {
	// TODO: make the calls one after another; put each result into its place.
	// TODO: give the batch its deadline.
	// TODO: make the calls in goroutines, and wait for all of them.
	// TODO: let at most limit of them run.
	return []Result{{Err: errTODO}}
}
