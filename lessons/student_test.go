package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/lessons/internal/cli/clitest"
	"example.com/netlessons/lessons/internal/coursetest"
	"example.com/netlessons/lessons/internal/exercise"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lessons": main})
}

// The scripts in testdata are what a student types, in a working copy that has
// lesson 6, and what comes of it.
func TestAStudentsWay(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			coursetest.Copy(t, root, filepath.Join(env.WorkDir, "course"))
			env.Cd = filepath.Join(env.WorkDir, "course")
			for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"} {
				if v := goEnv(t, name); v != "" {
					env.Setenv(name, v)
				}
			}
			for name, v := range map[string]string{
				"LC_ALL": "C.UTF-8", "EX": "lessons/06-udp-client-server",
				"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
				"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
			} {
				env.Setenv(name, v)
			}
			return nil
		},
	})
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// screen is what a program in the background prints.
type screen struct {
	mu    sync.Mutex
	text  string
	more  sync.Cond
	ended bool
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text += string(p)
	s.more.Broadcast()
	return len(p), nil
}

func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.more.Broadcast()
}

// until waits for what matches, behind what has matched before.
func (s *screen) until(t *testing.T, pattern string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	want := regexp.MustCompile("(?m)" + pattern)
	for {
		if at := want.FindStringIndex(s.text); at != nil {
			s.text = s.text[at[1]:]
			return
		}
		require.False(t, s.ended, "nothing matches %q in:\n%s", pattern, s.text)
		s.more.Wait()
	}
}

func TestWatchChecksOnEachSave(t *testing.T) {
	dir := t.TempDir()
	coursetest.Copy(t, "..", dir)
	t.Chdir(dir)
	t.Setenv("LC_ALL", "C.UTF-8")
	folder := filepath.Join("lessons", "06-udp-client-server")
	version := func(elem ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{folder, "testdata"}, elem...)...))
		require.NoError(t, err)
		return string(text)
	}
	// As many editors save: another file that takes the name.
	save := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "exercise.go~"), []byte(text), 0o644))
		require.NoError(t, os.Rename(filepath.Join(folder, "exercise.go~"), filepath.Join(folder, "exercise.go")))
	}

	keys, typed := io.Pipe()
	s := &screen{}
	s.more.L = &s.mu
	ended := make(chan error, 1)
	go func() {
		err := run(t.Context(), []string{"watch", "6"}, keys, s, s)
		s.end()
		ended <- err
	}()
	press := func(key string) {
		_, err := io.WriteString(typed, key)
		require.NoError(t, err)
	}

	s.until(t, `^Watching lessons/06-udp-client-server/exercise\.go`)
	s.until(t, `: not started$`)
	s.until(t, `^keys: h hint`)
	save(version("mistakes", "one-datagram", "exercise.go"))
	s.until(t, `known mistake: one-datagram`)
	s.until(t, `^keys: h hint`)
	press("h")
	s.until(t, `^Lesson 6, hint 1 of`)
	press("l")
	s.until(t, `UDP server and client +not passed, \d of \d tests`)
	s.until(t, `^your file:`)
	save(version("solution", "exercise.go"))
	s.until(t, `^Passed: \d of \d tests`)
	s.until(t, `^keys: h hint`)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "exercise.go"), []byte("package exercise\n"), 0o644)) // in place
	s.until(t, `undefined: Serve`)
	s.until(t, `^keys: h hint`)
	press("n")
	s.until(t, `There is no exercise left to go to`)
	s.until(t, `All exercises passed`)
	press("xq")
	require.NoError(t, <-ended)
	typed.Close()
}

func TestACheckThatDidNotPassHasToldItself(t *testing.T) {
	var stderr bytes.Buffer
	require.Equal(t, 1, status(errTold, &stderr))
	require.Empty(t, stderr.String())
}

func TestATerminalGetsStyles(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8")
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("CLICOLOR_FORCE", "1") // as if a terminal were there
	t.Setenv("NO_COLOR", "")
	res := clitest.Do(t, run, "list")
	require.Contains(t, res.Stdout, "\x1b[", "styles")
	res = clitest.Do(t, run, "hint", "6", "1")
	require.Contains(t, res.Stdout, "\x1b[", "Markdown is rendered")

	t.Setenv("CLICOLOR_FORCE", "")
	res = clitest.Do(t, run, "list")
	require.NotContains(t, res.Stdout, "\x1b[", "elsewhere the output is plain")
}

func TestEverythingFitsTheTerminalInBothLanguages(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		for _, args := range [][]string{{"-h"}, {"list"}, {"next"}, {"doctor"}, {"check", "-h"}, {"report", "-h"}} {
			res := clitest.Do(t, run, append([]string{"-lang", lang}, args...)...)
			require.Equal(t, 0, res.Status, "%s", res.Stderr)
			for line := range strings.Lines(res.Stdout) {
				require.LessOrEqual(t, lipgloss.Width(strings.TrimRight(line, "\n")), columns, "%s %q: %q", lang, args, line)
			}
		}
	}
}

func TestMessagesSayTheSameInBothLanguages(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "messages.go", nil, 0)
	require.NoError(t, err)
	verb := regexp.MustCompile(`%[a-z]`)
	command := regexp.MustCompile("`[^`]+`")
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		lit, ok := node.(*ast.CompositeLit)
		if !ok || len(lit.Elts) != 2 {
			return true
		}
		var both []string
		for _, e := range lit.Elts {
			if basic, ok := e.(*ast.BasicLit); ok && basic.Kind == token.STRING {
				s, err := strconv.Unquote(basic.Value)
				require.NoError(t, err)
				both = append(both, s)
			}
		}
		if len(both) != 2 {
			return true
		}
		n++
		en, zh := both[0], both[1]
		require.Empty(t, cmp.Diff(verb.FindAllString(en, -1), verb.FindAllString(zh, -1)), "%q", en)
		require.Empty(t, cmp.Diff(command.FindAllString(en, -1), command.FindAllString(zh, -1)), "%q", en)
		require.NotRegexp(t, `[\p{Han}][,;:!?]`, zh, "Chinese has punctuation of its own")
		return true
	})
	require.Greater(t, n, 90, "messages found")
}

func TestLinesBreakWhereTheyMay(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"at spaces", "one two three", "one two \nthree"},
		{"not in a path", "see a/path.go now", "see \na/path.go \nnow"},
		{"in what no line can hold", "see a/path-that-is/longer.go now", "see \na/path-tha\nt-is/longe\nr.go now"},
		{"between Chinese characters", "检查你的练习", "检查你的练\n习"},
		{"not before punctuation", "检查你的练习，再来", "检查你的练\n习，再来"},
		{"not at all when it fits", "short", "short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, wrap(tt.line, 10))
		})
	}
}

func TestEveryStateHasItsWord(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "internal/exercise/result.go", nil, 0)
	require.NoError(t, err)
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		v, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "State" {
			word, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			require.Contains(t, states, exercise.State(word))
			n++
		}
		return true
	})
	require.Equal(t, len(states), n+1, "and Edited")
}

func TestTestNamesReadAsSentences(t *testing.T) {
	for name, want := range map[string]string{
		"TestACallThatFails":       "a call that fails",
		"TestOneAtATime":           "one at a time",
		"TestServerEnds":           "server ends",
		"TestServerEnds/by_itself": "server ends: by itself",
		"TestClientSendsFINFirst":  "client sends FIN first",
		"TestASYNThatIsLost":       "ASYN that is lost",
		"TestEOF":                  "EOF",
		"Test中文":                   "中文",
	} {
		require.Equal(t, want, sentence(name))
	}
}

func TestWhatTheStudentPrintsCannotHarmTheTerminal(t *testing.T) {
	const line = "\x1b[2J\x07a\tb\xff\u202e \x1b[31mred"
	require.Equal(t, "a    b red", printable(line))

	var b bytes.Buffer
	a := app{out: colorprofile.NewWriter(&b, nil), lang: "en"}
	a.showPrinted(exercise.Result{Printed: line + "\n" + strings.Repeat("宽", 500) + strings.Repeat("\nmore", 10)}, view{})
	a.para(0, strings.Repeat(" ", 200)+line+strings.Repeat("宽", 500))
	for line := range strings.Lines(b.String()) {
		require.LessOrEqual(t, lipgloss.Width(strings.TrimRight(line, "\n")), columns)
	}
	require.NotContains(t, b.String(), "\x1b")
	require.Contains(t, b.String(), "… and 7 lines more")
}

func TestLinesOfARawTerminalBeginAtItsLeft(t *testing.T) {
	var b bytes.Buffer
	n, err := lineStart{&b}.Write([]byte("a\nb\n"))
	require.NoError(t, err)
	require.Equal(t, 4, n)
	require.Equal(t, "a\r\nb\r\n", b.String())
}
