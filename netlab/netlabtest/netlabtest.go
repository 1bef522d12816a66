// Package netlabtest runs ordinary concurrent programs over a lab in tests, in
// virtual time, with the same trace every time.
package netlabtest

import (
	"testing"
	"testing/synctest"

	"example.com/netlessons/netlab"
)

// Run runs f in a bubble of testing/synctest with the lab live in it: time.Now
// and [netlab.Lab.Now] agree, and time moves on only when the program has
// nothing left to do. Make the lab's hosts before, outside of the bubble. f
// returns when all its goroutines have ended; it must not call synctest.Wait,
// which the lab does all the time. Run closes the lab.
//
// Calls that goroutines make at the same moment go one by one: by the order of
// the hosts, then of the connections. Only connections that one host dials at
// one moment to one address go by chance; give each client its own host.
func Run(t *testing.T, lab *netlab.Lab, f func(t *testing.T)) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil { // a deadlock in the bubble, whose channels are now out of reach
			panic(r)
		}
		lab.Close()
	}()
	synctest.Test(t, func(t *testing.T) {
		stop := lab.Live(synctest.Wait)
		defer stop()
		f(t)
	})
}
