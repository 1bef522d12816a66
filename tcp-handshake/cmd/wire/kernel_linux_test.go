package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/tcp-handshake/internal/cli/clitest"
	"example.com/netlessons/tcp-handshake/kernel"
)

func TestTheKernelPlaysTheSceneToo(t *testing.T) {
	program := filepath.Join(t.TempDir(), "wire")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	pcap := filepath.Join(t.TempDir(), "a.pcapng")
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"handshake", []string{"Step 1, packet 1:", "Step 2, packet 2:", "Step 3, packet 3:"}},
		{"handshake -refuse", []string{"Instead of step 2, packet 2: the server's system answers RST.", "connection refused"}},
		{"teardown", []string{`Step 1, packet \d+: the client sends FIN`, `Step 4, packet \d+: the client sends the last ACK`}}, // the echo comes before the FIN or after it
	} {
		t.Run(tt.args, func(t *testing.T) {
			cmd := exec.Command(program, append(strings.Fields(tt.args), "-kernel", "-lang", "en", "-pcap", pcap)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if strings.Contains(stderr.String(), kernel.ErrForbidden.Error()) && os.Getenv("CI") == "" {
				t.Skip("skipped:", kernel.ErrForbidden)
			}
			require.NoError(t, err, "%s", &stderr)
			for _, want := range tt.want {
				require.Regexp(t, want, string(out))
			}
			require.FileExists(t, pcap)
		})
	}
}

func TestTheKernelPlaysOnlyWhatNeedsNoFaults(t *testing.T) {
	for _, args := range [][]string{{"window", "-kernel"}, {"teardown", "-kernel", "-variant", "linger"}, {"handshake", "-kernel", "-drop", "1"}} {
		res := clitest.Do(t, run, args...)
		require.Equal(t, 2, res.Status, "%q", args)
		require.Contains(t, res.Stderr, "-kernel plays handshake, handshake -refuse and teardown")
	}
}
