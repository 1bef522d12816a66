package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/framed"
	"example.com/netlessons/filetransfer/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSendByTheNotesSendsEveryFileThatItCan(t *testing.T) {
	dir, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer dir.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- filetransfer.Serve(ctx, ln, dir, slog.New(slog.DiscardHandler)) }()

	here := t.TempDir()
	a, folder, missing, b := filepath.Join(here, "a.txt"), here, filepath.Join(here, "missing.txt"), filepath.Join(here, "b.txt")
	require.NoError(t, os.WriteFile(a, []byte("A"), 0o666))
	require.NoError(t, os.WriteFile(b, []byte("Bb"), 0o666))

	res := clitest.Do(t, run, "-notes", "-addr", ln.Addr().String(), a, folder, missing, b)
	require.Equal(t, 1, res.Status)
	require.Equal(t, a+": 1 bytes sent\n"+b+": 2 bytes sent\n", res.Stdout)
	require.Contains(t, res.Stderr, folder+": not a regular file")
	require.Regexp(t, `command: .*missing.txt: .*; check the name, and the folder you are in\n`, res.Stderr)
	require.FileExists(t, filepath.Join(dir.Name(), "b.txt"))

	res = clitest.Do(t, run, "-notes", "-addr", ln.Addr().String(), b)
	require.Equal(t, clitest.Result{Stdout: b + ": 2 bytes sent\n"}, res)

	cancel()
	require.NoError(t, <-done)
}

func TestSendTellsWhatBecameOfEachFile(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	a, folder, missing := filepath.Join(here, "a.txt"), filepath.Join(here, "d"), filepath.Join(here, "missing.txt")
	require.NoError(t, os.WriteFile(a, []byte("A"), 0o666))
	require.NoError(t, os.MkdirAll(folder, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "b.txt"), []byte("Bb"), 0o666))
	addr := receive(t, there)

	res := clitest.Do(t, run, "-addr", addr, a, folder, missing)
	require.Equal(t, 1, res.Status)
	require.Contains(t, res.Stdout, a+": 1 bytes sent\n")
	require.Contains(t, res.Stdout, filepath.Join(folder, "b.txt")+": 2 bytes sent\n")
	require.Regexp(t, `\n2 files, 3 bytes confirmed in [0-9.]+ s, .*/s\n$`, res.Stdout)
	require.Regexp(t, `missing.txt: .*; check the name, and the folder you are in\n`, res.Stderr)

	require.Equal(t, clitest.Result{Stdout: a + ": already there\n"}, clitest.Do(t, run, "-addr", addr, a))
	require.NoError(t, os.WriteFile(a, []byte("new"), 0o666))
	require.Equal(t, clitest.Result{Stdout: a + ": 3 bytes sent, saved as \"a (1).txt\"\n"}, clitest.Do(t, run, "-addr", addr, a))
	require.NoError(t, os.WriteFile(a, []byte("newer"), 0o666))
	require.Equal(t, clitest.Result{}, clitest.Do(t, run, "-q", "-addr", addr, a))
	require.FileExists(t, filepath.Join(there, "a (2).txt"))
}

func TestSendTellsPrograms(t *testing.T) {
	here := t.TempDir()
	a, missing := filepath.Join(here, "a.txt"), filepath.Join(here, "missing.txt")
	require.NoError(t, os.WriteFile(a, []byte("A"), 0o666))
	res := clitest.Do(t, run, "-json", "-addr", receive(t, t.TempDir()), a, missing)
	require.Equal(t, 1, res.Status)
	events := map[string]map[string]any{}
	for line := range strings.Lines(res.Stdout) {
		var event map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &event))
		events[fmt.Sprint(event["event"], " ", event["status"])] = event
	}
	require.Equal(t, map[string]any{"event": "file", "path": a, "bytes": 1.0, "status": "saved", "as": "a.txt"}, events["file saved"])
	require.Contains(t, events["file failed"]["error"], "missing.txt")
	require.Equal(t, 1.0, events["end <nil>"]["files"])
	require.Contains(t, events["end <nil>"]["error"], "missing.txt")
}

func TestProgressIsABarOnATerminalAndLinesElsewhere(t *testing.T) {
	half := framed.Progress{Files: 1, Bytes: 50e6, TotalFiles: 2, TotalBytes: 100e6, Counted: true}
	resumed := half
	resumed.There = 25e6
	for _, tt := range []struct {
		name string
		use  func(tell *teller, w *bytes.Buffer)
		p    framed.Progress
		want string
	}{
		{"a line", func(*teller, *bytes.Buffer) {}, half, "50% of 100.0 MB confirmed, 10.0 MB/s, 5s left\n"},
		{"the speed without what was there", func(*teller, *bytes.Buffer) {}, resumed, "50% of 100.0 MB confirmed, 5.0 MB/s, 10s left\n"},
		{"no line before the files are counted", func(*teller, *bytes.Buffer) {}, framed.Progress{TotalBytes: 1}, ""},
		{"no time left to tell before anything was confirmed", func(*teller, *bytes.Buffer) {}, framed.Progress{TotalBytes: 10, Counted: true}, "0% of 10 bytes confirmed, 0 bytes/s, ? left\n"},
		{"a bar", func(tell *teller, w *bytes.Buffer) { tell.useBar(w) }, half, "50.0 MB of 100.0 MB, 10.0 MB/s, 5s left"},
		{"JSON", func(tell *teller, w *bytes.Buffer) { tell.json = json.NewEncoder(w) }, half, `"bytes_per_second":10000000`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w bytes.Buffer
			tell := newTeller(options{}, io.Discard, &w)
			tt.use(tell, &w)
			tell.progress(tt.p, 5*time.Second)
			require.Contains(t, w.String(), tt.want)
			require.Equal(t, tt.want == "", w.Len() == 0, w.String())
		})
	}
}

func TestSizesAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "1500": 1500, "2k": 2048, "500K": 512000, "10M": 10 << 20, "3G": 3 << 30} {
		var s size
		require.NoError(t, s.Set(text))
		require.EqualValues(t, want, s, text)
	}
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1500: "1.5 kB", 2e9: "2.0 GB", 5e15: "5000.0 TB"} {
		require.Equal(t, want, human(n))
	}
}

// receive runs a receiver of both protocols in dir.
func receive(t *testing.T, path string) (addr string) {
	t.Helper()
	dir, err := os.OpenRoot(path)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- framed.Receiver{}.Serve(ctx, ln, dir) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-done); dir.Close() })
	return ln.Addr().String()
}

func TestSendSaysWhatIsWrong(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	file := filepath.Join(t.TempDir(), "a.txt")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"no file", nil, 2, "nothing to send; usage: send [-addr HOST:PORT]"},
		{"a timeout that is none", []string{"-timeout", "soon", file}, 2, `invalid value "soon" for flag -timeout`},
		{"a limit that is none", []string{"-limit", "fast", file}, 2, "give bytes per second, such as 500K or 10M"},
		{"a limit of nothing", []string{"-limit", "0", file}, 2, "give bytes per second"},
		{"half of a certificate", []string{"-tls-cert", file, file}, 2, "-tls-cert and -tls-key go together"},
		{"two ways to know the receiver", []string{"-pin", "x", "-tls-ca", "x", file}, 2, "-pin or -tls-ca, not both"},
		{"encryption by the notes", []string{"-notes", "-pin", "x", file}, 2, "the protocol of the notes has no encryption"},
		{"a pin that was cut", []string{"-pin", "SHA256:abc", file}, 1, "copy the whole line that the receiver prints"},
		{"authorities that are not there", []string{"-tls-ca", file + "x", file}, 1, "certificate authority: "},
		{"authorities in a file without any", []string{"-tls-ca", file, file}, 1, "certificate authority: no certificate in "},
		{"a receiver that is not there", []string{"-addr", ln.Addr().String(), file}, 1, "start the server first, or give its address with -addr"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
