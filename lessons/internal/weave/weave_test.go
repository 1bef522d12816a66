package weave_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/lessons/internal/weave"
)

var update = flag.Bool("update", false, "bring the READMEs up to date")

const root = "../../.."

func TestREADMEsShowWhatTheProgramsPrint(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: the console pictures are those of Linux")
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("skipped: the README's commands need make")
	}
	for _, file := range readmes(t) {
		t.Run(file, func(t *testing.T) {
			text := read(t, file)
			woven, err := weave.Weave(text, run)
			require.NoError(t, err)
			if *update {
				require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(woven), 0o644))
				return
			}
			if diff := cmp.Diff(weave.Mask(text), weave.Mask(woven)); diff != "" {
				t.Errorf("%s has drifted; `make readme` brings it up to date (-README +now):\n%s", file, diff)
			}
		})
	}
}

func TestREADMEsNameOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	targets := regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(makefile, -1)
	known := map[string]bool{}
	for _, m := range targets {
		known[m[1]] = true
	}
	goRun := regexp.MustCompile(`go (?:run|test -v|build -o \S+) \./([\w/-]+)`)
	makes := regexp.MustCompile("(?m)(?:^|`)make ([a-z]+)\\b")
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, file := range append(readmes(t), "CONTRIBUTING.md") {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text := read(t, file)
			for _, m := range goRun.FindAllStringSubmatch(text, -1) {
				require.DirExists(t, filepath.Join(root, m[1]), "%s", m[0])
			}
			for _, m := range makes.FindAllStringSubmatch(text, -1) {
				require.True(t, known[m[1]] || m[1] == "lesson", "%s: the Makefile has no such target", m[0])
			}
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				require.FileExists(t, filepath.Join(root, filepath.Dir(file), m[1]), "%s", m[0])
			}
		})
	}
}

func TestTheTwoLanguagesOfAREADMEHaveTheSameShape(t *testing.T) {
	t.Parallel()
	pairs := 0
	for _, chinese := range readmes(t) {
		english := strings.NewReplacer("README.zh-CN.md", "README.md", "README.zh.md", "README.md").Replace(chinese)
		if chinese == english {
			continue
		}
		pairs++
		if diff := cmp.Diff(shape(read(t, english)), shape(read(t, chinese))); diff != "" {
			t.Errorf("%s and %s (-English +Chinese):\n%s", english, chinese, diff)
		}
	}
	require.Positive(t, pairs)
}

func TestWeave(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text, printed, want string
	}{
		{"fills an empty block", "a\n<!-- run: x -->\n```console\n```\nb\n", "hello\n\n", "a\n<!-- run: x -->\n```console\n$ x\nhello\n```\nb\n"},
		{"replaces a block that has drifted", "<!-- run: x -->\n```console\n$ x\nold\n```\n", "new\n", "<!-- run: x -->\n```console\n$ x\nnew\n```\n"},
		{"leaves text without a marker alone", "```console\n$ y\n```\n", "", "```console\n$ y\n```\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := weave.Weave(tt.text, func(string) (string, error) { return tt.printed, nil })
			require.NoError(t, err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	_, err := weave.Weave("<!-- run: x -->\nno block\n", func(string) (string, error) { return "", nil })
	require.ErrorContains(t, err, "no code block below the marker")
	broken := errors.New("broken")
	_, err = weave.Weave("<!-- run: x -->\n```\n```\n", func(string) (string, error) { return "", broken })
	require.ErrorIs(t, err, broken)
}

func TestMaskHidesOnlyWhatDiffersBetweenRuns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, a, b string
		same       bool
	}{
		{"a port and a time", "127.0.0.1:1   5 ms", "127.0.0.1:65000 500 µs", true},
		{"a speed", "0.07 MB/s", "17.30 MB/s", true},
		{"what a file's size is", "1079 bytes", "1080 bytes", false},
		{"a digest", strings.Repeat("a", 64), strings.Repeat("b", 64), false},
		{"a state", "1.00 ms ESTABLISHED", "1.00 ms CLOSE_WAIT", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.same, weave.Mask(tt.a) == weave.Mask(tt.b))
		})
	}
}

// run returns what a command prints on stdout, run in the root. The folder of
// the working copy is written ~/netlessons, wherever it is, and the home ~.
func run(command string) (string, error) {
	words := regexp.MustCompile(`(?:[^\s"]|"[^"]*")+`).FindAllString(command, -1)
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, `"`, "")
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = root
	for _, e := range os.Environ() { // without what make and go test may have added
		if name, _, _ := strings.Cut(e, "="); !strings.Contains(name, "MAKE") && !slices.Contains([]string{"MFLAGS", "ARGS", "GOWORK"}, name) {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	dir, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	printed := strings.ReplaceAll(string(out), dir, "~/netlessons")
	if home, err := os.UserHomeDir(); err == nil {
		printed = strings.ReplaceAll(printed, home+string(filepath.Separator), "~/")
	}
	return printed, nil
}

// readmes returns the READMEs of the course, relative to its root.
func readmes(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"README*.md", "*/README*.md", "lessons/*/README*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, f := range found {
			rel, err := filepath.Rel(root, f)
			require.NoError(t, err)
			files = append(files, rel)
		}
	}
	require.NotEmpty(t, files)
	return files
}

// shape returns what two languages of one text must share: the levels of the
// headings, the code blocks, and where the links lead, in their order.
func shape(text string) []string {
	heading := regexp.MustCompile(`^#+ `)
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	var shape []string
	var inBlock bool
	for line := range strings.Lines(text) {
		fence := strings.HasPrefix(line, "```")
		switch {
		case fence:
			shape = append(shape, strings.TrimSpace(line))
		case inBlock: // a console speaks the language of its text
		case heading.MatchString(line):
			shape = append(shape, heading.FindString(line))
		default:
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				if !strings.HasPrefix(m[1], "README") { // each leads to the other language
					shape = append(shape, m[1])
				}
			}
		}
		inBlock = inBlock != fence
	}
	return shape
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	return string(text)
}
