package weave_test

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/lessons/internal/weave"
)

var update = flag.Bool("update", false, "bring the READMEs up to date")

const root = "../../.."

// `make readme` weaves the READMEs, and writes down what it wove in sums.
func TestREADMEsShowWhatTheProgramsPrint(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: the console pictures are those of Linux")
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("skipped: the README's commands need make")
	}
	from := weave.Sources{Run: once(run), Beside: beside, File: func(path string) (string, error) {
		text, err := os.ReadFile(filepath.Join(root, path))
		return string(text), err
	}}
	woven := sums(t)
	for _, file := range readmes(t) {
		t.Run(file, func(t *testing.T) {
			if !*update { // the times that stay are those of a machine at rest
				t.Parallel()
			}
			text := read(t, file)
			if *update && sum(t, text) != woven[file] { // what was typed goes, whatever it says
				var err error
				text, err = weave.Hollow(text)
				require.NoError(t, err)
			}
			fresh, err := weave.Weave(text, from)
			require.NoError(t, err)
			if *update {
				require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(fresh), 0o644))
				woven[file] = sum(t, fresh)
				return
			}
			if diff := cmp.Diff(text, fresh); diff != "" {
				t.Errorf("%s has drifted; `make readme` brings it up to date (-README +now):\n%s", file, diff)
			}
			require.Equal(t, woven[file], sum(t, text), "something below a marker was typed by hand; `make readme` makes it true")
		})
	}
	if *update {
		write(t, woven)
	}
}

func TestREADMEsNameOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	targets := regexp.MustCompile(`(?m)^([a-z-]+?)(?:-%)?:`).FindAllStringSubmatch(makefile, -1)
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
				require.True(t, known[m[1]], "%s: the Makefile has no such target", m[0])
			}
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				require.FileExists(t, filepath.Join(root, filepath.Dir(file), m[1]), "%s", m[0])
			}
		})
	}
}

// inEnglish turns the name of a text into that of its English version.
var inEnglish = strings.NewReplacer(".zh-CN.md", ".md", ".zh.md", ".md")

func TestTheTwoLanguagesOfAREADMEHaveTheSameShape(t *testing.T) {
	t.Parallel()
	pairs := 0
	for _, chinese := range readmes(t) {
		english := inEnglish.Replace(chinese)
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

// speak takes the language out of a command.
var speak = strings.NewReplacer(` ARGS="-lang zh"`, "", " -lang zh", "", "-lang zh ", "", "lessons: zh", "lessons: en")

// Each lesson's text has the same parts in the same order. Whatever it shows is
// woven; the commands that only a student can run are those of the exercise.
func TestLessonsAreMadeAlike(t *testing.T) {
	t.Parallel()
	headings := map[string][]string{
		"README.md": {"What you will be able to do", "The idea", "Run it", "Read it", "Break it", "The notes",
			"The exercise", "Questions", "Read next"},
		"README.zh.md": {"学完之后你能做什么", "原理", "运行", "阅读代码", "动手破坏", "关于笔记",
			"练习", "思考题", "延伸阅读"},
	}
	exercise := regexp.MustCompile(`^make (check|hint|watch|solution|reset)-\d+$`)
	texts := 0
	for _, file := range readmes(t) {
		if strings.Count(file, "/") != 2 {
			continue
		}
		texts++
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			var got []string
			var block, before string
			for line := range strings.Lines(read(t, file)) {
				line = strings.TrimSuffix(line, "\n")
				switch {
				case strings.HasPrefix(line, "```") && block == "":
					if block = line[3:]; block == "console" || block == "go" {
						require.Regexp(t, `^<!-- (run|fails|beside|code): `, before, "what is shown is woven")
					}
				case strings.HasPrefix(line, "```"):
					block = ""
				case block == "sh":
					require.Regexp(t, exercise, line, "a command is woven with what it prints")
				case block == "" && strings.HasPrefix(line, "## "):
					got = append(got, line[3:])
				}
				before = line
			}
			if diff := cmp.Diff(headings[filepath.Base(file)], got); diff != "" {
				t.Errorf("headings (-want +got):\n%s", diff)
			}
			require.Equal(t, 3, strings.Count(read(t, file), "<details>"), "three questions with folded answers")
		})
	}
	require.Positive(t, texts)
}

func TestWeave(t *testing.T) {
	t.Parallel()
	const file = "package f\n\nfunc F() {\n\tfor {\n\t\t// Step 1: go.\n\t\tgo1()\n\n\t\t// Step 2: go on.\n\t\tgo2()\n\t}\n}\n\ntype T int\n\n// M does.\nfunc (t *T) M() {}\n"
	for _, tt := range []struct {
		name, text, printed, want string
	}{
		{"fills an empty block", "a\n<!-- run: x -->\n```console\n```\nb\n", "hello\n\n", "a\n<!-- run: x -->\n```console\n$ x\nhello\n```\nb\n"},
		{"replaces a block that has drifted", "<!-- run: x -->\n```console\n$ x\nold\n```\n", "new\n", "<!-- run: x -->\n```console\n$ x\nnew\n```\n"},
		{"keeps a time that another run would not show", "<!-- run: x -->\n```console\n$ x\n5 ms\n```\n", "7 ms\n", "<!-- run: x -->\n```console\n$ x\n5 ms\n```\n"},
		{"shows a step, up to the next", "<!-- code: f.go Step 1 -->\n```\n```\n", "", "<!-- code: f.go Step 1 -->\n```go\n// f.go:5\n// Step 1: go.\ngo1()\n```\n"},
		{"shows a step, up to the end of what encloses it", "<!-- code: f.go Step 2 -->\n```\n```\n", "", "<!-- code: f.go Step 2 -->\n```go\n// f.go:8\n// Step 2: go on.\ngo2()\n```\n"},
		{"shows several steps", "<!-- code: f.go Step 1 to 2 -->\n```\n```\n", "", "<!-- code: f.go Step 1 to 2 -->\n```go\n// f.go:5\n// Step 1: go.\ngo1()\n\n// Step 2: go on.\ngo2()\n```\n"},
		{"shows a declaration with its comment", "<!-- code: f.go decl T.M -->\n```\n```\n", "", "<!-- code: f.go decl T.M -->\n```go\n// f.go:15\n// M does.\nfunc (t *T) M() {}\n```\n"},
		{"leaves text without a marker alone", "```console\n$ y\n```\n", "", "```console\n$ y\n```\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := weave.Weave(tt.text, weave.Sources{
				Run:  func(string, bool) (string, error) { return tt.printed, nil },
				File: func(string) (string, error) { return file, nil },
			})
			require.NoError(t, err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	_, err := weave.Weave("<!-- run: x -->\nno block\n", weave.Sources{})
	require.ErrorContains(t, err, "no code block below the marker")
	broken := errors.New("broken")
	_, err = weave.Weave("<!-- run: x -->\n```\n```\n", weave.Sources{Run: func(string, bool) (string, error) { return "", broken }})
	require.ErrorIs(t, err, broken)
}

func TestRegionSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Step 1":  "no comment begins with // Step 1 and a colon",
		"Step x":  `step "x" is no number`,
		"decl F":  "no declaration of F",
		"lines 3": `no region is called "lines 3"`,
	} {
		_, _, err := weave.Region("package p\n", name)
		require.ErrorContains(t, err, want)
	}
}

func TestATimeTypedByHandChangesTheSum(t *testing.T) {
	t.Parallel()
	text := "a\n<!-- run: x -->\n```console\n$ x\n5 ms\n```\n"
	require.NotEqual(t, sum(t, text), sum(t, strings.Replace(text, "5 ms", "7 ms", 1)))
	require.Equal(t, sum(t, text), sum(t, "b"+text), "what stands around it does not matter")
	hollow, err := weave.Hollow(text)
	require.NoError(t, err)
	require.Equal(t, "a\n<!-- run: x -->\n```\n```\n", hollow)
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

func sum(t *testing.T, text string) string {
	t.Helper()
	sum, err := weave.Sum(text)
	require.NoError(t, err)
	return sum
}

const sumsFile = "woven.sum"

// sums reads which README was woven to which [weave.Sum].
func sums(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(sumsFile)
	require.NoError(t, err)
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, file, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[file] = sum
	}
	return sums
}

func write(t *testing.T, sums map[string]string) {
	t.Helper()
	var b strings.Builder
	for _, file := range slices.Sorted(maps.Keys(sums)) {
		if _, err := os.Stat(filepath.Join(root, file)); err == nil {
			fmt.Fprintf(&b, "%s  %s\n", sums[file], file)
		}
	}
	require.NoError(t, os.WriteFile(sumsFile, []byte(b.String()), 0o644))
}

// once runs each command once: both languages of a text often show the same.
func once(run func(string, bool) (string, error)) func(string, bool) (string, error) {
	var printed sync.Map
	return func(command string, fails bool) (string, error) {
		one, _ := printed.LoadOrStore(command, sync.OnceValues(func() (string, error) { return run(command, fails) }))
		return one.(func() (string, error))()
	}
}

// alone is held where two at a time would be in each other's way: over a
// lesson's program, which make builds, or over a port.
var alone sync.Mutex

// run returns what a command prints, run in the root: what it says on stdout,
// and for one that is to fail also on stderr.
func run(command string, fails bool) (string, error) {
	if strings.HasPrefix(command, "make ") {
		alone.Lock()
		defer alone.Unlock()
	}
	cmd := inRoot(command)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if fails {
		cmd.Stderr = &stdout
	}
	var exit *exec.ExitError
	err := cmd.Run()
	switch {
	case fails && err == nil:
		return "", errors.New("it is to fail, and did not")
	case err != nil && !(fails && errors.As(err, &exit)):
		return "", fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return anywhere(stdout.String()), nil
}

// beside starts a server, runs client as soon as the server listens, stops the
// server as Ctrl-C would, and returns what each has printed. The server is a
// "go run" command; it is built first, so that the signal reaches it.
func beside(server, client string) (said, printed string, err error) {
	alone.Lock()
	defer alone.Unlock()
	dir, err := os.MkdirTemp("", "weave")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(dir)
	words := strings.SplitN(server, " ", 4)
	if len(words) < 3 || words[0] != "go" || words[1] != "run" {
		return "", "", fmt.Errorf("%s: only go run starts a server", server)
	}
	program := filepath.Join(dir, filepath.Base(words[2]))
	if out, err := inRoot("go build -o " + program + " " + words[2]).CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("%w\n%s", err, out)
	}
	cmd := inRoot(strings.Join(append([]string{program}, words[3:]...), " "))
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		return "", "", err
	}
	first, out := make(chan string, 1), make(chan string, 1)
	go func() {
		lines := bufio.NewReader(r)
		line, _ := lines.ReadString('\n')
		first <- line
		rest, _ := io.ReadAll(lines)
		out <- line + string(rest)
	}()
	if line := <-first; strings.HasPrefix(line, "listening on ") {
		var b []byte
		b, err = inRoot(client).CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) { // what it says about that is what it is shown for
			err = nil
		}
		printed = anywhere(string(b))
	} else {
		err = fmt.Errorf("%s: is to say where it listens, said %q", server, line)
	}
	cmd.Process.Signal(os.Interrupt)
	stopped := cmd.Wait()
	w.Close()
	if said, err = <-out, errors.Join(err, stopped); err != nil {
		return "", "", fmt.Errorf("%w\n%s", err, said)
	}
	return anywhere(said), printed, nil
}

// inRoot is the command, to be run in the course's folder, as a user's shell
// would run it.
func inRoot(command string) *exec.Cmd {
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
	return cmd
}

// anywhere writes the folder of the working copy ~/netlessons, wherever it is,
// and the home ~.
func anywhere(printed string) string {
	dir, err := filepath.Abs(root)
	if err != nil {
		panic(err) // there is no working directory
	}
	printed = strings.ReplaceAll(printed, dir, "~/netlessons")
	if home, err := os.UserHomeDir(); err == nil {
		printed = strings.ReplaceAll(printed, home+string(filepath.Separator), "~/")
	}
	return printed
}

// readmes returns the READMEs of the course, relative to its root.
func readmes(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"README*.md", "*/README*.md", "lessons/*/README*.md", "lessons/TEACHING*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, f := range found {
			rel, err := filepath.Rel(root, f)
			require.NoError(t, err)
			files = append(files, filepath.ToSlash(rel))
		}
	}
	require.NotEmpty(t, files)
	return files
}

// shape returns what two languages of one text must share: the levels of the
// headings, the code, the commands, and where the links lead, in their order.
func shape(text string) []string {
	heading := regexp.MustCompile(`^#+ `)
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	var shape []string
	var inBlock, inCode bool
	for line := range strings.Lines(text) {
		fence := strings.HasPrefix(line, "```")
		switch {
		case fence:
			shape = append(shape, strings.TrimSpace(line))
			inCode = line == "```go\n" || line == "```sh\n"
		case inCode:
			shape = append(shape, line)
		case inBlock: // a console or a picture speaks the language of its text
		case strings.HasPrefix(line, "<!--"):
			shape = append(shape, speak.Replace(line))
		case strings.HasPrefix(line, "<details>") || strings.HasPrefix(line, "</details>"):
			shape = append(shape, strings.TrimSpace(line))
		case heading.MatchString(line):
			shape = append(shape, heading.FindString(line))
		default:
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				shape = append(shape, inEnglish.Replace(m[1]))
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
