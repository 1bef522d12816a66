package main

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/tcp-handshake/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemoShowsEachCallAndTheStatesAfterIt(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: the states are those of Linux; other systems leave some out or spell them differently")
	}
	connect := []string{
		"server: Listen returned | - LISTEN",
		"client: Dial called | - LISTEN",
		"client: Dial returned | ESTABLISHED ESTABLISHED",
		"server: Accept returned | ESTABLISHED ESTABLISHED",
	}
	disconnect := []string{
		"server: listener closed | ESTABLISHED ESTABLISHED",
		"client: CloseWrite returned | FIN_WAIT2 CLOSE_WAIT",
		"server: Read returned, EOF | FIN_WAIT2 CLOSE_WAIT",
		`server: Write returned, "still here" | FIN_WAIT2 CLOSE_WAIT`,
		`client: Read returned, "still here" | FIN_WAIT2 CLOSE_WAIT`,
		"server: Close returned | TIME_WAIT -",
		"client: Read returned, EOF | TIME_WAIT -",
		"client: Close returned | TIME_WAIT -",
	}
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"handshake", append(connect[:4:4],
			`client: Write returned, "hello" | ESTABLISHED ESTABLISHED`,
			`server: Read returned, "hello" | ESTABLISHED ESTABLISHED`)},
		{"teardown", append(connect[:4:4], disconnect...)},
		{"states", append(connect[:4:4], disconnect...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.name)
			require.Equal(t, 0, res.Status, res.Stderr)
			if diff := cmp.Diff(tt.want, calls(res.Stdout)); diff != "" {
				t.Errorf("calls and states (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDemoFindsThePathsOfTheNotesInTheTable(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: other systems leave out what no process holds")
	}
	res := clitest.Do(t, run, "states")
	require.Equal(t, 0, res.Status, res.Stderr)
	for _, want := range []string{
		"CLOSED ─ SYN_SENT ─ [ESTABLISHED]\n",
		"[ESTABLISHED] ─ FIN_WAIT_1 ─ [FIN_WAIT_2] ─ [TIME_WAIT] ─ CLOSED\n",
		"CLOSED ─ [LISTEN] ─ SYN_RCVD ─ [ESTABLISHED]\n",
		"[ESTABLISHED] ─ [CLOSE_WAIT] ─ LAST_ACK ─ CLOSED\n",
	} {
		require.Contains(t, res.Stdout, want)
	}
}

func TestDemoSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		wantStderr string
	}{
		{"which demo is not said", nil, "say which demo; usage: demo handshake|teardown|states"},
		{"an unknown demo", []string{"window"}, `there is no demo "window"`},
		{"two demos", []string{"states", "teardown"}, `unexpected argument "teardown"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, 2, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}

func TestDemoTellsItsUsage(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"states", "-h"}} {
		res := clitest.Do(t, run, args...)
		require.Equal(t, 0, res.Status)
		require.Contains(t, res.Stdout, "usage: demo handshake|teardown|states")
	}
}

// calls returns the lines of the time line without their times, as "call | client server".
func calls(stdout string) []string {
	var lines []string
	for line := range strings.Lines(stdout) {
		_, rest, ok := strings.Cut(line, " ms  ")
		if !ok {
			continue
		}
		call, states := strings.TrimSpace(rest[:40]), strings.Fields(rest[40:])
		lines = append(lines, call+" | "+strings.Join(states, " "))
	}
	return lines
}
