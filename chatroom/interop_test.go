package chatroom_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
)

// Clients that no one here wrote do in their language what testdata/interop
// says, and see the same.
func TestClientsOfOtherLanguagesTalkToIt(t *testing.T) {
	t.Parallel()
	const want = `welcome ann in 茶馆
heard 你好 🙂
pong are you there?
heard in two fragments
closed 1000
resumed true missed 1
heard in two fragments
closed 1003
closed 1009
error bad_nick
closed 1008
`
	for _, tt := range []struct {
		name, script string
		find         func(t *testing.T) *exec.Cmd
	}{
		{"ws from npm", "client.js", node},
		{"Debian's python3-websockets", "client.py", python},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := tt.find(t)
			addr, _ := serve(t, chatroom.DefaultConfig())
			script, err := filepath.Abs(filepath.Join("testdata", "interop", tt.script))
			require.NoError(t, err)
			cmd.Args = append(cmd.Args, script, "ws://"+addr+"/ws")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			require.NoError(t, err, "%s", &stderr)
			if diff := cmp.Diff(want, strings.ReplaceAll(string(out), "\r\n", "\n")); diff != "" {
				t.Errorf("it saw (-want +got):\n%s", diff)
			}
		})
	}
}

// node finds ws as node itself does, and where npm install -g puts it.
func node(t *testing.T) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: there is no node in PATH")
	}
	env := os.Environ()
	if root, err := exec.Command("npm", "root", "-g").Output(); err == nil {
		env = append(env, "NODE_PATH="+strings.TrimSpace(string(root))+string(filepath.ListSeparator)+os.Getenv("NODE_PATH"))
	}
	check := exec.CommandContext(t.Context(), path, "-e", `require("ws")`)
	if check.Env = env; check.Run() != nil {
		t.Skip("skipped: node does not find ws; npm install -g ws")
	}
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Env = env
	return cmd
}

// python finds the one that has the package: often the system's, not the first.
func python(t *testing.T) *exec.Cmd {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), name, "-c", "import websockets").Run() == nil {
			cmd := exec.CommandContext(t.Context(), name)
			cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
			return cmd
		}
	}
	t.Skip("skipped: no python3 has websockets; apt-get install python3-websockets")
	return nil
}
