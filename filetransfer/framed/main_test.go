package framed_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// A test that needs a process to kill starts this one again: see abort_test.go.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(child(role))
	}
	goleak.VerifyTestMain(m)
}
