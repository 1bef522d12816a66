package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemoShowsTwoClientsTalkingUntilTheServerStops(t *testing.T) {
	res := clitest.Do(t, run)
	require.Equal(t, 0, res.Status, res.Stderr)
	for _, want := range []string{
		"ann: hi, bob        ann: hi, bob\n",
		"gets 1007 * eve left          * eve left\n",
		"closed with 1001    closed with 1001\n",
		"Serve returned nil",
	} {
		require.Contains(t, res.Stdout, want)
	}
}
