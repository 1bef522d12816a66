package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/udp-echo/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemoShowsOneSocketAnsweringManyClients(t *testing.T) {
	res := clitest.Do(t, run, "-clients", "20")
	require.Equal(t, 0, res.Status, res.Stderr)
	for _, want := range []string{`client A got "A1"`, `client C got "C2"`, "then 20 clients: each got its own answer"} {
		require.Contains(t, res.Stdout, want)
	}
}
