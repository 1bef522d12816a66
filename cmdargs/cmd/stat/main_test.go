package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/cmdargs/internal/cli/clitest"
)

func TestStatShowsTheOthersWhenOnePathIsBad(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("first", []byte("1"), 0o644))
	require.NoError(t, os.WriteFile("last", []byte("22"), 0o644))

	res := clitest.Do(t, run, "first", "missing", "last")
	require.Equal(t, 1, res.Status)
	require.Regexp(t, `(?s)^first\n.*Size +1 bytes.*\nlast\n.*Size +2 bytes`, res.Stdout)
	require.Regexp(t, `^\w+ missing: .*check the spelling.*\ncommand: 1 of 3 paths could not be described\n$`, res.Stderr)
}

func TestStatWantsAPath(t *testing.T) {
	res := clitest.Do(t, run)
	require.Equal(t, clitest.Result{Status: 2, Stderr: "command: no path given; usage: stat PATH ...\n"}, res)
}
