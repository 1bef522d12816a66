//go:build !js

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/netlab/pcapng"
	"example.com/netlessons/tcp-handshake/internal/cli/clitest"
	"example.com/netlessons/tcp-handshake/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// experiments are scenes with flags, as a page has them in its address.
var experiments = []struct {
	name, scene string
	flags       []string
}{
	{"a plain scene", "handshake", nil},
	{"packets lost, late and doubled", "teardown", []string{"-drop", "9", "-dup", "4", "-delay", "5=40ms,6=1s", "-msl", "2s"}},
	{"chance", "window", []string{"-loss", "0.1", "-seed", "5", "-rwnd", "5000"}},
	{"both protocols", "compare", []string{"-loss", "0.05", "-latency", "3ms"}},
}

func TestThePageGetsWhatTheCommandPrints(t *testing.T) {
	for _, tt := range experiments {
		t.Run(tt.name, func(t *testing.T) {
			r, err := play(tt.scene, tt.flags)
			require.NoError(t, err)
			got, err := r.form("json", wire.English)
			require.NoError(t, err)
			cmd := exec.Command("go", append([]string{"run", "../wire", tt.scene, "-json"}, tt.flags...)...)
			cmd.Stderr = os.Stderr
			want, err := cmd.Output()
			require.NoError(t, err)
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("trace (-command +page):\n%s", diff)
			}
		})
	}
}

func TestEachFormIsThere(t *testing.T) {
	for _, tt := range experiments {
		t.Run(tt.name, func(t *testing.T) {
			r, err := play(tt.scene, tt.flags)
			require.NoError(t, err)
			for _, name := range []string{"json", "trace", "text", "svg", "pcapng", "tell", "samples"} {
				for _, lang := range []wire.Language{wire.English, wire.Chinese} {
					text, err := r.form(name, lang)
					require.NoError(t, err)
					require.NotEmpty(t, text, name)
				}
			}
			_, err = r.form("png", wire.English)
			require.ErrorContains(t, err, `there is no form "png"`)
		})
	}
}

// A capture is what a reader of pcapng gets to see of a file.
type capture struct {
	Interfaces []string
	Packets    []captured
}

type captured struct {
	Interface int
	Nanos     int64
	Bytes     []byte
	Comments  []string
}

func readCapture(t *testing.T, file []byte) capture {
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{})
	require.NoError(t, err)
	var c capture
	for {
		data, info, opts, err := r.ReadPacketDataWithOptions()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		c.Packets = append(c.Packets, captured{info.InterfaceIndex, info.Timestamp.UnixNano(), data, opts.Comments})
	}
	for i := range r.NInterfaces() {
		face, err := r.Interface(i)
		require.NoError(t, err)
		c.Interfaces = append(c.Interfaces, face.Name+" "+face.Description+" "+face.LinkType.String())
	}
	return c
}

func TestTheCaptureIsThatOfNetlab(t *testing.T) {
	for _, tt := range experiments {
		t.Run(tt.name, func(t *testing.T) {
			r, err := play(tt.scene, tt.flags)
			require.NoError(t, err)
			var theirs, ours bytes.Buffer
			require.NoError(t, pcapng.Write(&theirs, r.trace))
			require.NoError(t, writePcapng(&ours, r.trace))
			want, got := readCapture(t, theirs.Bytes()), readCapture(t, ours.Bytes())
			require.NotEmpty(t, want.Packets)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("capture (-netlab +page):\n%s", diff)
			}
		})
	}
}

func TestTheLabSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name  string
		scene string
		flags []string
		want  string
	}{
		{"an unknown scene", "hello", nil, `there is no scene "hello"`},
		{"an unknown flag", "handshake", []string{"-x", "1"}, "-x 1: there is no such flag"},
		{"a flag without its value", "handshake", []string{"-drop"}, "want a flag and its value"},
		{"no flag", "handshake", []string{"drop", "1"}, "want a flag and its value"},
		{"no number", "handshake", []string{"-drop", "x"}, "-drop x: packets have numbers from 1"},
		{"no delay", "handshake", []string{"-delay", "5=-1s"}, "want packets and times"},
		{"no probability", "handshake", []string{"-loss", "NaN"}, "must be 0 to 0.9"},
		{"no duration", "handshake", []string{"-latency", "-5ms"}, "must be 0s to 1h"},
		{"too long a duration", "handshake", []string{"-msl", "2h"}, "must be 0s to 1h"},
		{"no seed", "handshake", []string{"-seed", "-1"}, "must be a whole number"},
		{"a buffer that is too small", "window", []string{"-rwnd", "1"}, "must be 4096 to"},
		{"a variant of another scene", "teardown", []string{"-variant", "refuse"}, "has no variant"},
		{"a variant that compare has not", "compare", []string{"-variant", "x"}, "has no variant"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := play(tt.scene, tt.flags)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestTheCommandRecordsAScene(t *testing.T) {
	res := clitest.Do(t, run, "-lang", "zh", "teardown", "-drop", "9")
	require.Equal(t, 0, res.Status, res.Stderr)
	var got recorded
	require.NoError(t, json.Unmarshal([]byte(res.Stdout), &got))
	require.Contains(t, got.Text, "lost: drop 9")
	require.Contains(t, got.SVG, "<svg")
	require.Contains(t, got.Tell[0], "第 1 步")

	require.Equal(t, 2, clitest.Do(t, run).Status)
	require.Equal(t, 2, clitest.Do(t, run, "nothing").Status)
}
