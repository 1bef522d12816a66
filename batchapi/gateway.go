package batchapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Nothing that a client or a service sends may grow without a limit.
const (
	MaxRequest = 64 << 10 // bytes of a request
	MaxCalls   = 100      // calls of a batch
	MaxAnswer  = 64 << 10 // bytes of the answer to one call
	MaxTimeout = 30 * time.Second
)

// Gateway answers batches. The fields stay as they are once it serves.
type Gateway struct {
	Services  Services
	Transport http.RoundTripper // see [NewTransport]
	Limit     int               // how many calls of one batch run at the same time
	Timeout   time.Duration     // for a whole batch, up to MaxTimeout
}

// Handler serves POST /batch and POST /batch/serial. Notes [why-go].
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux() // answers other paths with 404, other methods with 405
	mux.HandleFunc("POST /batch", g.batch)
	mux.HandleFunc("POST /batch/serial", g.batch)
	return mux
}

func (g *Gateway) batch(w http.ResponseWriter, r *http.Request) {
	// Step 1: read the whole batch, or refuse it.
	calls, status, err := read(w, r)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}

	// Step 2: give the batch one deadline. r.Context ends earlier if the client goes away.
	tooLate := fmt.Errorf("no answer within %v, the time for the whole batch; ask for less at once or start the gateway with a longer -timeout", g.Timeout)
	ctx, cancel := context.WithTimeoutCause(r.Context(), g.Timeout, tooLate)
	defer cancel()

	// Step 3: make the calls, and answer in their order.
	var answers []Answer
	if r.URL.Path == "/batch/serial" {
		answers = Serial(ctx, calls, g.Get)
	} else {
		answers = Parallel(ctx, calls, g.Limit, g.Get)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answers) // fails only if the client is gone: nobody to tell
}

// read returns the calls of a batch, or the status to refuse it with and why.
func read(w http.ResponseWriter, r *http.Request) (calls []Call, status int, err error) {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxRequest))
	decoder.DisallowUnknownFields() // a "url" or a "method" is an error, not a GET of something else
	if err = decoder.Decode(&calls); err == nil {
		switch _, err = decoder.Token(); err { // reads on to the end
		case io.EOF:
			err = nil
		case nil:
			err = errors.New("something follows the list")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the request is over %d bytes; split the batch", tooLarge.Limit)
	case err != nil:
		return nil, http.StatusBadRequest, fmt.Errorf(`want a JSON list like [{"service":"users","path":"/42"}]: %w`, err)
	case len(calls) == 0 || len(calls) > MaxCalls:
		return nil, http.StatusBadRequest, fmt.Errorf("a batch has 1 to %d calls, and this one %d; split it", MaxCalls, len(calls))
	}
	return calls, 0, nil
}
