package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab/trace"
)

func TestHandshakeIsPrintedInEachFormat(t *testing.T) {
	var text, svg, json bytes.Buffer
	require.NoError(t, run(nil, &text))
	require.Contains(t, text.String(), "SYN+ACK seq=0 ack=1")

	require.NoError(t, run([]string{"-format", "json"}, &json))
	tr, err := trace.Read(&json)
	require.NoError(t, err)
	require.Len(t, tr.Packets, 3)

	require.NoError(t, run([]string{"-format", "svg"}, &svg))
	dec := xml.NewDecoder(&svg)
	for err == nil {
		_, err = dec.Token()
	}
	require.ErrorIs(t, err, io.EOF)

	require.ErrorContains(t, run([]string{"-format", "png"}, io.Discard), "-format png: must be text, svg or json")
}

func TestTheWasmBuildMakesTheSameTrace(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: Node.js is not installed")
	}
	wasm := filepath.Join(t.TempDir(), "handshake.wasm")
	build := exec.Command("go", "build", "-o", wasm, ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	runner := filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec_node.js")
	cmd := exec.Command(node, runner, wasm, "-format", "json")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // it takes no large environment
	cmd.Stderr = t.Output()
	got, err := cmd.Output()
	require.NoError(t, err)

	var want bytes.Buffer
	require.NoError(t, run([]string{"-format", "json"}, &want))
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("trace (-%s +wasm):\n%s", runtime.GOARCH, diff)
	}
}
