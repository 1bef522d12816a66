package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/lessons/internal/cli/clitest"
	"example.com/netlessons/lessons/internal/course"
	"example.com/netlessons/lessons/internal/runner"
)

func TestLessonsListsTheCourse(t *testing.T) {
	res := clitest.Do(t, run)
	require.Equal(t, 0, res.Status)
	for _, l := range course.Lessons {
		require.Contains(t, res.Stdout, l.Title)
		require.Contains(t, res.Stdout, fmt.Sprintf("make lesson-%d\n", l.Number))
	}
	for line := range strings.Lines(res.Stdout) {
		require.LessOrEqual(t, len(line), 81, "fits 80 columns: %q", line)
	}
}

func TestLessonsSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		wantStderr string
	}{
		{"a lesson that is not there", []string{"run", "99"}, `there is no lesson "99", only those above`},
		{"no number", []string{"run", "one"}, `there is no lesson "one", only those above`},
		{"no lesson", []string{"run"}, `there is no lesson "", only those above`},
		{"another command", []string{"walk"}, `unknown command "walk"; usage: lessons [-lang en|zh] [COMMAND [ARG ...]]`},
		{"another language", []string{"-lang", "fr", "list"}, `there is no language "fr"; choose en or zh`},
		{"a lesson too many", []string{"check", "6", "7"}, `unexpected argument "7"; usage: lessons check [-race=false] [-v] [N]`},
		{"no lesson to reset", []string{"reset"}, `there is no lesson "", only those above`},
		{"no lesson to read", []string{"read"}, `there is no lesson "", only those above`},
		{"a hint that is not there", []string{"hint", "6", "99"}, `there is no hint "99"; lesson 6 has hints 1 to `},
		{"another format", []string{"report", "-format", "xlsx"}, `there is no format "xlsx"; choose json, csv or junit`},
		{"another flag", []string{"check", "-fast"}, `flag provided but not defined: -fast; usage: lessons check`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, 2, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
			if strings.Contains(tt.wantStderr, "those above") {
				require.Contains(t, res.Stderr, "make lesson-1\n", "the list comes with it")
			}
		})
	}
}

func TestEveryLessonRuns(t *testing.T) {
	promises := map[int]string{ // what its row of the table says, as a part of what it prints
		1:  `(?s)SYN seq=0.*SYN\+ACK seq=0 ack=1.*Accept returned.*Step 3, packet 3`,
		2:  `(?s)FIN-WAIT-2.*TIME-WAIT.*timer: 2 MSL.*Step 4, packet 9.*TIME-WAIT for 60s`,
		3:  `(?s)Write blocked.*win=0.*window probe.*Write returned.*window update`,
		4:  `(?s)\[SYN_RCVD\].*\[CLOSING\].*Path 1.*Path 4.*CLOSE_WAIT`,
		5:  `(?s)messages delivered +200 +200 .*advantages.*disadvantages`,
		6:  `then 1000 clients: each got its own answer`,
		7:  `(?s)\[6\] "two words".*rest  \["one" "two words"\]`,
		8:  `(?s)Name     hello.txt.*Size     6 bytes.*missing: .*check the spelling`,
		9:  `(?s)MB/s.*here +([0-9a-f]{64})\n.*there +[0-9a-f]{64}\n`,
		10: `(?s)batch of 50 +serial.*batch of 50 +parallel.*one file`,
		11: `(?s)ann says.*bob says.*1001`,
		12: `(?s)server a stops.*2 messages missed.*nothing lost, nothing twice`,
	}
	if os.Getenv("GOWORK") == "off" {
		t.Setenv("GOWORK", "") // the demos are run as users run them
	}
	t.Setenv("LC_ALL", "C.UTF-8")                                  // the promises are in English
	bin, err := filepath.Abs(filepath.Join("..", "bin", "tested")) // kept: what has not changed is not linked again
	require.NoError(t, err)
	for _, l := range course.Lessons {
		t.Run(fmt.Sprintf("lesson %d, %s", l.Number, l.Title), func(t *testing.T) {
			require.Contains(t, promises, l.Number, "say what it promises")
			var stdout, stderr bytes.Buffer
			r := runner.Runner{Root: "..", Bin: bin, Stdout: &stdout, Stderr: &stderr}
			require.NoError(t, r.Run(t.Context(), l, nil), "%s", &stderr)
			require.Regexp(t, promises[l.Number], stdout.String())
			for line := range strings.Lines(stdout.String()) {
				require.LessOrEqual(t, len([]rune(line)), 81, "fits 80 columns: %q", line)
			}
		})
	}

	t.Run("a lesson says only the first time that it builds", func(t *testing.T) {
		var stderr bytes.Buffer
		r := runner.Runner{Root: "..", Bin: t.TempDir(), Stdout: &bytes.Buffer{}, Stderr: &stderr}
		for range 2 {
			require.NoError(t, r.Run(t.Context(), lesson(t, 7), nil))
			require.Equal(t, "building lesson 7, the first time only …\n", stderr.String())
		}
	})
	t.Run("a lesson's exit status is passed on", func(t *testing.T) {
		for _, tt := range []struct {
			lesson int
			args   []string
			want   int
		}{
			{7, []string{"-x"}, 2},
			{8, []string{"missing"}, 1},
			{8, []string{"main.go"}, 0},
		} {
			r := runner.Runner{Root: "..", Bin: bin, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}
			var stderr bytes.Buffer
			err := r.Run(t.Context(), lesson(t, tt.lesson), tt.args)
			require.Equal(t, tt.want, status(err, &stderr), "lesson %d %q", tt.lesson, tt.args)
			require.Empty(t, stderr.String(), "the lesson has told its error itself")
		}
	})
}

func TestRunWantsToBeInsideTheCourse(t *testing.T) {
	t.Chdir(t.TempDir())
	res := clitest.Do(t, run, "run", "1")
	require.Equal(t, 1, res.Status)
	require.Contains(t, res.Stderr, "is not inside the course; change to its folder, the one with go.work")
}

func TestEveryLessonIsInTheNotes(t *testing.T) {
	steps := notes(t)
	for _, l := range course.Lessons {
		require.DirExists(t, filepath.Join("..", l.Module))
		for _, section := range l.Notes {
			require.Contains(t, steps, section, "lesson %d", l.Number)
		}
	}
}

// The code cites the notes as "notes [send] steps 1 to 3" or "[send] step 2".
func TestEveryCitationIsInTheNotes(t *testing.T) {
	steps := notes(t)
	section := regexp.MustCompile(`(?i)notes?\s+(?://\s+)?\[([a-z-]+)\]`)
	step := regexp.MustCompile(`\[([a-z-]+)\],?\s+(?://\s+)?steps? (\d+)(?:(?: to | and |[–-])(\d+))?`)
	cited := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range section.FindAllSubmatch(text, -1) {
			cited[string(m[1])] = true
			if _, ok := steps[string(m[1])]; !ok {
				t.Errorf("%s cites [%s], which NOTES.md has not", path, m[1])
			}
		}
		for _, m := range step.FindAllSubmatch(text, -1) {
			for _, digits := range m[2:] {
				if n, err := strconv.Atoi(string(digits)); err == nil && n > steps[string(m[1])] {
					t.Errorf("%s cites [%s] step %d; NOTES.md has %d steps there", path, m[1], n, steps[string(m[1])])
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
	for _, want := range []string{"handshake", "udp-server", "args"} {
		require.True(t, cited[want], "[%s] is cited somewhere", want)
	}
}

// A lesson must build when it is copied out of the repository, so each holds
// its own copy of the commands' common shape.
func TestTheCopiesOfPackageCLIAreAlike(t *testing.T) {
	for _, file := range []string{"internal/cli/cli.go", "internal/cli/clitest/clitest.go"} {
		copies, err := filepath.Glob(filepath.Join("..", "*", file))
		require.NoError(t, err)
		require.Greater(t, len(copies), 1)
		module := regexp.MustCompile(`example\.com/netlessons/[a-z-]+/`)
		read := func(path string) string {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			return module.ReplaceAllString(string(text), "MODULE/")
		}
		for _, path := range copies[1:] {
			if diff := cmp.Diff(read(copies[0]), read(path)); diff != "" {
				t.Errorf("%s and %s differ (-first +second):\n%s", copies[0], path, diff)
			}
		}
	}
}

func TestEveryDependencyHasItsReason(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "CONTRIBUTING.md"))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join("..", "*", "go.mod"))
	require.NoError(t, err)
	direct := regexp.MustCompile(`(?m)^(?:require )?\t?([a-z]\S*\.\S+/\S+) v\S+$`)
	found := map[string]bool{}
	for _, file := range files {
		mod, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range direct.FindAllStringSubmatch(string(mod), -1) {
			found[m[1]] = true
			if !strings.HasPrefix(m[1], "example.com/") && !strings.Contains(string(text), "| "+m[1]+" |") {
				t.Errorf("%s requires %s; CONTRIBUTING.md does not say what for", file, m[1])
			}
		}
	}
	require.True(t, found["gvisor.dev/gvisor"], "the pattern finds what is there")
}

func TestTheProgramItselfExitsWithTheStatus(t *testing.T) {
	err := exec.Command("lessons", "run", "99").Run() // which [TestMain] has put into PATH
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 2, exit.ExitCode())
}

// notes returns the number of steps of each section of NOTES.md.
func notes(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("NOTES.md")
	require.NoError(t, err)
	steps := map[string]int{}
	for _, part := range strings.Split(string(text), "\n## [")[1:] {
		name, body, _ := strings.Cut(part, "]")
		steps[name] = len(regexp.MustCompile(`(?m)^\d+\. `).FindAllString(body, -1))
	}
	return steps
}

func lesson(t *testing.T, n int) course.Lesson {
	t.Helper()
	l, ok := course.Find(n)
	require.True(t, ok)
	return l
}
