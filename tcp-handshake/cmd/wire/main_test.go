package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/netlab/trace"
	"example.com/netlessons/tcp-handshake/internal/cli/clitest"
	"example.com/netlessons/tcp-handshake/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEverySceneFitsTheTerminal(t *testing.T) {
	for _, scene := range wire.Scenes {
		for _, more := range [][]string{{"-lang", "en"}, {"-lang", "zh"}, {"-lang", "en", "-plain"}, {"-lang", "en", "-drop", "1,4", "-dup", "2", "-delay", "3=1s"}} {
			t.Run(scene.Name+" "+strings.Join(more, " "), func(t *testing.T) {
				res := clitest.Do(t, run, append([]string{scene.Name}, more...)...)
				require.Equal(t, 0, res.Status, res.Stderr)
				require.Contains(t, res.Stdout, "SYN seq=0")
				require.NotContains(t, res.Stdout, "\x1b", "no escape sequences in a pipe")
				for line := range strings.Lines(res.Stdout) {
					require.LessOrEqual(t, wire.Cells(strings.TrimSuffix(line, "\n")), 80, "%q", line)
				}
				if more[len(more)-1] == "-plain" {
					require.NotRegexp(t, `[^\x00-\x7f]`, res.Stdout)
				}
			})
		}
	}
}

func TestCompareIsPrintedInEachForm(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"English", []string{"-lang", "en"}, "messages delivered          200    200    200"},
		{"Chinese", []string{"-lang", "zh"}, "TCP"},
		{"ASCII", []string{"-lang", "en", "-plain"}, "messages delivered"},
		{"JSON", []string{"-json"}, `"Loss": 0.2`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, append([]string{"compare"}, tt.args...)...)
			require.Equal(t, 0, res.Status, res.Stderr)
			require.Contains(t, res.Stdout, tt.want)
			if tt.name == "ASCII" {
				require.NotRegexp(t, `[^\x00-\x7f]`, res.Stdout)
			}
			for line := range strings.Lines(res.Stdout) {
				require.True(t, tt.name == "JSON" || wire.Cells(strings.TrimSuffix(line, "\n")) <= 80, "%q", line)
			}
		})
	}
}

func TestWireDropsWhatItIsToldTo(t *testing.T) {
	res := clitest.Do(t, run, "teardown", "-drop", "9", "-msl", "1s", "-lang", "en")
	require.Equal(t, 0, res.Status, res.Stderr)
	require.Contains(t, res.Stdout, "lost: drop 9")
	require.Contains(t, res.Stdout, "Step 4, packet 9 (lost), again as packet 11")
	require.Contains(t, res.Stdout, "The client was in TIME-WAIT for 2.22s; 2 MSL are 2s")
}

func TestWireWritesFiles(t *testing.T) {
	dir := t.TempDir()
	svg, pcap := filepath.Join(dir, "a.svg"), filepath.Join(dir, "a.pcapng")
	res := clitest.Do(t, run, "handshake", "-refuse", "-svg", svg, "-pcap", pcap, "-json")
	require.Equal(t, 0, res.Status, res.Stderr)

	tr, err := trace.Read(strings.NewReader(res.Stdout))
	require.NoError(t, err)
	require.Len(t, tr.Packets, 2)

	text, err := os.ReadFile(svg)
	require.NoError(t, err)
	dec := xml.NewDecoder(bytes.NewReader(text))
	for err == nil {
		_, err = dec.Token()
	}
	require.ErrorIs(t, err, io.EOF)

	capture, err := os.ReadFile(pcap)
	require.NoError(t, err)
	require.Equal(t, []byte{0x0a, 0x0d, 0x0d, 0x0a}, capture[:4], "a pcapng file")
}

func TestWindowIsPlottedAsSVGToo(t *testing.T) {
	svg := filepath.Join(t.TempDir(), "w.svg")
	res := clitest.Do(t, run, "window", "-svg", svg, "-lang", "en")
	require.Equal(t, 0, res.Status, res.Stderr)
	plot, err := os.ReadFile(strings.TrimSuffix(svg, ".svg") + "-plot.svg")
	require.NoError(t, err)
	for _, want := range []string{`class="flight"`, `class="offered"`, `class="cwnd"`, "window offered", "prefers-color-scheme: dark"} {
		require.Contains(t, string(plot), want)
	}
	dec := xml.NewDecoder(bytes.NewReader(plot))
	for err == nil {
		_, err = dec.Token()
	}
	require.ErrorIs(t, err, io.EOF)
}

func TestStepWaitsForEnter(t *testing.T) {
	whole := clitest.Do(t, run, "handshake", "-lang", "en")
	var out bytes.Buffer
	in := strings.NewReader(strings.Repeat("\n", strings.Count(whole.Stdout, "\n")))
	require.NoError(t, run(t.Context(), []string{"handshake", "-lang", "en", "-step"}, in, &out, io.Discard))
	require.Equal(t, whole.Stdout, out.String())
}

func TestTheEnvironmentChoosesTheLanguage(t *testing.T) {
	for _, tt := range []struct{ name, all, lang, want string }{
		{"Chinese", "", "zh_CN.UTF-8", "第 1 步"},
		{"another language", "", "de_DE.UTF-8", "Step 1"},
		{"LC_ALL goes before LANG", "C", "zh_CN.UTF-8", "Step 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("LC_ALL", tt.all)
			t.Setenv("LC_MESSAGES", "")
			t.Setenv("LANG", tt.lang)
			require.Contains(t, clitest.Do(t, run, "handshake").Stdout, tt.want)
		})
	}
}

func TestWireSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"no scene", nil, 2, "say which scene; usage: wire handshake|teardown|window|states|compare"},
		{"an unknown scene", []string{"hello"}, 2, `there is no scene "hello"`},
		{"a variant of another scene", []string{"teardown", "-refuse"}, 2, `scene teardown has no variant "refuse"`},
		{"two scenes", []string{"states", "window"}, 2, `unexpected argument "window"`},
		{"no number", []string{"states", "-drop", "x"}, 2, "packets have numbers from 1, as in 3,4"},
		{"no delay", []string{"states", "-delay", "5"}, 2, "want packets and times, as in 5=300ms"},
		{"a buffer that is too small", []string{"window", "-rwnd", "1000"}, 2, "must be 4096 to 16777216"},
		{"a variant that compare has not", []string{"compare", "-refuse"}, 2, "refuse"},
		{"no probability", []string{"states", "-loss", "2"}, 2, "must be 0 to 0.9"},
		{"no language", []string{"states", "-lang", "fr"}, 2, "must be en or zh"},
		{"a file that cannot be written", []string{"states", "-svg", filepath.Join("no", "such", "folder.svg")}, 1, "check the name, and the folder you are in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
