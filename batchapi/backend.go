package batchapi

import (
	"fmt"
	"net/http"
	"time"
)

// Backend stands for a service that the gateway calls: it answers every path
// after a delay, which is the time that a database might need.
func Backend(delay time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(delay):
			fmt.Fprint(w, "answer to ", r.URL.Path)
		case <-r.Context().Done(): // nobody waits for the answer any more
		}
	})
}
