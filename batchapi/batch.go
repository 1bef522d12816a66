package batchapi

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Call is one call of a batch: GET a path from a service.
type Call struct {
	Service string `json:"service"` // its name in the gateway's configuration
	Path    string `json:"path"`    // begins with "/" and may end with a "?query"
}

// Answer is what became of one call: a status and a body, or an error. A
// status of 500 is an answer too.
type Answer struct {
	Status int    `json:"status,omitempty"`
	Body   string `json:"body,omitempty"` // as text: JSON carries no other bytes
	Error  string `json:"error,omitempty"`
}

// Do makes one call. It returns soon after ctx has ended.
type Do func(ctx context.Context, call Call) (Answer, error)

// Serial makes the calls one after another. A batch takes the sum of their
// times. Notes [why-go]: this cannot be made faster at its root.
func Serial(ctx context.Context, calls []Call, do Do) []Answer {
	answers := make([]Answer, len(calls))
	for i, call := range calls {
		answers[i] = entry(ctx, call, do)
	}
	return answers
}

// Parallel makes the calls in goroutines, at most limit at the same time (less
// than 1 counts as 1). A batch within the limit takes the time of its slowest
// call. Answers come in the order of the calls, whichever ends first. Notes
// [why-go]: goroutines make it easy.
func Parallel(ctx context.Context, calls []Call, limit int, do Do) []Answer {
	answers := make([]Answer, len(calls))
	var g errgroup.Group // without its context, which the first error would end for all
	g.SetLimit(max(limit, 1))
	for i, call := range calls {
		g.Go(func() error { // waits while limit calls run
			answers[i] = entry(ctx, call, do) // each writes its own element: no lock
			return nil
		})
	}
	g.Wait()
	return answers
}

// entry makes one call and keeps its error in its own answer.
func entry(ctx context.Context, call Call, do Do) Answer {
	answer, err := do(ctx, call)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // says why the whole batch ended
	}
	if err != nil {
		return Answer{Error: err.Error()}
	}
	return answer
}
