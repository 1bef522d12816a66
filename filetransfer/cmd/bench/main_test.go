package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/filetransfer/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBenchLeavesOutWhatIsNotInstalledAndLeavesNothingBehind(t *testing.T) {
	program, err := exec.LookPath("go")
	require.NoError(t, err)
	t.Setenv("PATH", filepath.Dir(program))
	dir := t.TempDir()
	res := clitest.Do(t, run, "-mib", "1", "-files", "3", "-rounds", "1", "-dir", dir)
	require.Equal(t, 0, res.Status, res.Stderr)
	require.Regexp(t, `(?s)one file of 1 MiB.*send -notes \(raw\) .*send \(verified\) .*send -pin .*3 files of 4 KiB.*first byte`, res.Stdout)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestTheTableComparesMedians(t *testing.T) {
	ms := func(n ...int) (d []time.Duration) {
		for _, n := range n {
			d = append(d, time.Duration(n)*time.Millisecond)
		}
		return d
	}
	var out bytes.Buffer
	printTable(&out, []result{
		{name: "nc", took: ms(900, 1000, 5000), cpu: ms(500, 500, 500), rss: 7000},
		{name: "ours", took: ms(500, 100, 900), cpu: ms(0, 0, 0)},
	}, 1<<30)
	require.Equal(t, ""+
		"                             MB/s       ÷ nc   CPU s/GiB  MiB RSS\n"+
		"  nc                         1074       1.00        0.50        6\n"+
		"  ours                       2147       2.00           –        –\n", out.String())
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	res := clitest.Do(t, run, "-rounds", "0")
	require.Equal(t, 2, res.Status)
	require.Contains(t, res.Stderr, "the numbers must be at least 1; usage: bench")
	res = clitest.Do(t, run, "-dir", filepath.Join(t.TempDir(), "missing"))
	require.Equal(t, 1, res.Status)
	require.Contains(t, res.Stderr, "missing")
}
