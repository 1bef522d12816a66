package main

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/cmdargs/internal/cli/clitest"
)

func TestDemoDescribesAPathOfEachKind(t *testing.T) {
	res := clitest.Do(t, run)
	require.Equal(t, 0, res.Status, res.Stderr)
	paths := regexp.MustCompile(`(?m)^[a-z][^ :\n]*$`).FindAllString(res.Stdout, -1)
	if diff := cmp.Diff([]string{"folder/hello.txt", "folder", "empty", "link"}, paths); diff != "" {
		t.Errorf("described (-want +got):\n%s", diff)
	}
	require.Regexp(t, `(?m)^\w+ missing: `, res.Stdout)
	require.Regexp(t, `(?m)^\w+ broken-link: .*\n  it is a link to gone`, res.Stdout)
}
