package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemoShowsAClientThatMovesAndMissesNothing(t *testing.T) {
	res := clitest.Do(t, run)
	require.Equal(t, 0, res.Status, res.Stderr)
	for _, want := range []string{
		"ann joins on server a ",
		"bob joins on server b ",
		"ann: hi, bob            ann: hi, bob\n",
		"another ann on b: nick_taken",
		"closed with 1001        * ann left\n",
		"ann resumes on server b          2 messages missed:      * ann joined\n",
		"bob: where are you?     -\n",
		"ann: here I am          ann: here I am\n",
		"nothing lost, nothing twice\n",
	} {
		require.Contains(t, res.Stdout, want)
	}
	for line := range strings.Lines(res.Stdout) {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 81, "%q and its line break", line)
	}
}
