package main

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/batchapi/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemoShowsBothTimesAndTheCopiedServer(t *testing.T) {
	res := clitest.Do(t, run)
	require.Equal(t, 0, res.Status, res.Stderr)
	for _, want := range []string{
		"batch of 50  serial", "batch of 50  parallel",
		"the same answers in the same order",
		"one file, ",
		`◄ [{"status":200,"body":"answer to /1"},{"status":200,"body":"answer to /2"}]`,
	} {
		require.Contains(t, res.Stdout, want)
	}
}

func TestDemoGivesNoAdviceWhenCtrlCEndsItsBuild(t *testing.T) {
	ctx, ctrlC := context.WithCancel(t.Context())
	ctrlC()
	_, err := build(ctx, t.TempDir(), io.Discard)
	require.Equal(t, context.Canceled, err)
}

func TestDemoFailsWhenItCannotBuildTheServer(t *testing.T) {
	for _, tt := range []struct {
		name       string
		spoil      func(t *testing.T)
		wantStderr string
	}{
		{"without the go tool", func(t *testing.T) { t.Setenv("PATH", t.TempDir()) }, "install Go, or add its folder to PATH"},
		{"without its source", func(t *testing.T) { t.Chdir(t.TempDir()) }, "start the demo in the folder of its source"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.spoil(t)
			res := clitest.Do(t, run, "-delay", "1ms")
			require.Equal(t, 1, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
