package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/cmdargs/internal/cli/clitest"
)

func TestArgsShowsTheElementsAndWhatFlagMakesOfThem(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStdout []string
		wantStderr string
	}{
		{"nothing given: each flag has its default", nil, 0,
			[]string{"os.Args has 1 elements", `-name "nobody"`, "-n    1", "-v    false", "rest  []"}, ""},
		{"flags end where the rest begins", []string{"-n", "2", "-v", "one", "-name", "x"}, 0,
			[]string{"os.Args has 7 elements", `[6] "x"`, `-name "nobody"`, "-n    2", "-v    true", `rest  ["one" "-name" "x"]`}, ""},
		{"a value that is none", []string{"-n", "two"}, 2,
			[]string{`[2] "two"`}, `invalid value "two" for flag -n: parse error; usage: args [-name NAME] [-n N] [-v] [ARG ...]`},
		{"-h is no mistake", []string{"-h"}, 0, []string{`[1] "-h"`, "usage: args [-name NAME] [-n N] [-v] [ARG ...]", "a flag that is there or not"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
			for _, want := range tt.wantStdout {
				require.Contains(t, res.Stdout, want)
			}
		})
	}
}
