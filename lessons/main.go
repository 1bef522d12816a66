// Command lessons is the course's runner: it lists the lessons, runs their
// demos, checks exercises, gives hints, and reports to a teacher.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"example.com/netlessons/lessons/internal/cli"
	"example.com/netlessons/lessons/internal/course"
	"example.com/netlessons/lessons/internal/exercise"
	"example.com/netlessons/lessons/internal/runner"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	lipgloss.EnableLegacyWindowsANSI(os.Stdout)
	os.Exit(status(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
}

// errTold is the error of a command that has said itself what is wrong: a
// check that did not pass.
var errTold = errors.New("not passed")

// status is the exit status for err. A program that was run has told its error
// itself, and its status is passed on.
func status(err error, stderr io.Writer) int {
	var program *exec.ExitError
	switch {
	case errors.Is(err, errTold):
		return 1
	case errors.As(err, &program) && program.ExitCode() < 0: // killed by a signal
		return 1
	case errors.As(err, &program):
		return program.ExitCode()
	}
	return cli.Status("lessons", err, stderr)
}

// A command is what the runner's first argument names.
type command struct {
	name, args string
	about      text
	run        func(*app, context.Context, command, []string) error
}

func commands() []command {
	return []command{
		{"list", "", aboutList, (*app).list},
		{"run", "N [ARG ...]", aboutRun, (*app).runLesson},
		{"read", "N", aboutRead, (*app).read},
		{"check", "[-race=false] [-v] [N]", aboutCheck, (*app).check},
		{"watch", "[-v] [N]", aboutWatch, (*app).watch},
		{"hint", "N [K]", aboutHint, (*app).hint},
		{"solution", "[-show] N", aboutSolution, (*app).solution},
		{"reset", "N", aboutReset, (*app).reset},
		{"next", "", aboutNext, (*app).next},
		{"report", "[-format json|csv|junit] [DIR ...]", aboutReport, (*app).report},
		{"doctor", "", aboutDoctor, (*app).doctor},
		{"serve", "[-addr HOST:PORT]", aboutServe, (*app).serve},
		{"site", "-out DIR", aboutSite, (*app).site},
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	a := &app{
		stdin: stdin, stdout: stdout, stderr: stderr,
		out:  colorprofile.NewWriter(stdout, os.Environ()),
		lang: language(),
	}
	fs := flag.NewFlagSet("lessons [-lang en|zh] [COMMAND [ARG ...]]", flag.ContinueOnError)
	a.langFlag(fs)
	if err := cli.Parse(fs, args, a.stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			a.help()
		}
		return err
	}
	if fs.NArg() == 0 {
		if !a.terminal() {
			return course.List(stdout)
		}
		return a.list(ctx, commands()[0], nil)
	}
	all := commands()
	i := slices.IndexFunc(all, func(c command) bool { return c.name == fs.Arg(0) })
	if i < 0 {
		a.help()
		return cli.Usage(fs, a.say(unknownCommand), fs.Arg(0))
	}
	return all[i].run(a, ctx, all[i], fs.Args()[1:])
}

// An app is one call of the runner.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer            // as they are
	out            *colorprofile.Writer // stdout; drops the colours that it cannot show
	lang           string               // en or zh
	root           string               // the folder with go.work
	store          exercise.Store
}

// language is that of the environment, as POSIX has it.
func language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return "zh"
			}
			break
		}
	}
	return "en"
}

func (a *app) langFlag(fs *flag.FlagSet) {
	fs.Func("lang", a.say(flagLang), func(s string) error {
		if s != "en" && s != "zh" {
			return fmt.Errorf(a.say(languages), s)
		}
		a.lang = s
		return nil
	})
}

func (a *app) say(t text) string { return t.in(a.lang) }

func (a *app) help() {
	fmt.Fprintf(a.stdout, "\n%s\n", a.say(seeCommands))
	for _, c := range commands() {
		about, _, _ := strings.Cut(a.say(c.about), "\n")
		usage := strings.TrimSpace(c.name + " " + c.args)
		if len(usage) > 26 {
			usage += "\n" + strings.Repeat(" ", 28)
		}
		fmt.Fprintf(a.stdout, "  %s %s\n", pad(usage, 26), about)
	}
	fmt.Fprintf(a.stdout, "\n%s\n", a.say(allLessons))
}

// flags returns the flag set of a command, and what its -h says.
func (a *app) flags(c command) *flag.FlagSet {
	fs := flag.NewFlagSet(strings.TrimSpace("lessons "+c.name+" "+c.args), flag.ContinueOnError)
	a.langFlag(fs)
	return fs
}

// parse reads a command's arguments, flags before and after the others, and
// finds the working copy. It returns those that are no flags: at most most of
// them, if that is not negative.
func (a *app) parse(fs *flag.FlagSet, c command, args []string, most int) ([]string, error) {
	var others []string
	for {
		if err := cli.Parse(fs, args, a.stdout); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				fmt.Fprintf(a.stdout, "\n%s\n", a.say(c.about))
			}
			return nil, err
		}
		if fs.NArg() == 0 {
			break
		}
		others, args = append(others, fs.Arg(0)), fs.Args()[1:]
	}
	if most >= 0 && len(others) > most {
		return nil, cli.Usage(fs, a.say(oneTooMany), others[most])
	}
	return others, a.findRoot()
}

func (a *app) findRoot() error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if a.root, err = runner.Root(dir); err != nil {
		return err
	}
	a.store = exercise.OpenStore(a.root)
	return nil
}

// lesson finds the lesson that an argument names.
func (a *app) lesson(fs *flag.FlagSet, arg string) (course.Lesson, error) {
	n, err := strconv.Atoi(arg)
	lesson, ok := course.Find(n)
	if err != nil || !ok {
		course.List(a.stderr)
		return lesson, cli.Usage(fs, a.say(noSuchLesson), arg)
	}
	return lesson, nil
}

// exercise finds the exercise of the lesson that an argument names.
func (a *app) exercise(fs *flag.FlagSet, arg string) (exercise.Exercise, error) {
	lesson, err := a.lesson(fs, arg)
	if err != nil {
		return exercise.Exercise{}, err
	}
	all, err := exercise.All(a.root)
	if err != nil {
		return exercise.Exercise{}, err
	}
	for _, e := range all {
		if e.Number == lesson.Number {
			return e, nil
		}
	}
	return exercise.Exercise{}, cli.Usage(fs, a.say(noExerciseYet), lesson.Number)
}

func (a *app) runLesson(ctx context.Context, c command, args []string) error {
	fs := a.flags(c)
	if err := cli.Parse(fs, args, a.stdout); err != nil {
		return err
	}
	lesson, err := a.lesson(fs, fs.Arg(0))
	if err != nil {
		return err
	}
	if err := a.findRoot(); err != nil {
		return err
	}
	r := runner.Runner{Root: a.root, Bin: filepath.Join(a.root, "bin"), Stdin: a.stdin, Stdout: a.stdout, Stderr: a.stderr}
	if err := r.Run(ctx, lesson, fs.Args()[1:]); err != nil {
		return fmt.Errorf("lesson %d: %w", lesson.Number, err)
	}
	return nil
}

// title is a lesson's title in the language of the app.
func (a *app) title(l course.Lesson) string { return a.say(text{l.Title, l.TitleZH}) }

// call is how a command of the runner is typed.
func call(command string, l course.Lesson) string {
	return fmt.Sprintf("go run ./lessons %s %d", command, l.Number)
}

// rel is a file's path as one types it in the course's folder.
func (a *app) rel(file string) string {
	if r, err := filepath.Rel(a.root, file); err == nil {
		return filepath.ToSlash(r)
	}
	return file
}

// warn tells what went wrong beside the command's own work.
func (a *app) warn(err error) {
	if err != nil {
		fmt.Fprintf(a.stderr, "lessons: %v\n", err)
	}
}

// The styles say what the words say too: nothing is told by colour alone.
var (
	bold  = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Faint(true)
	good  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	bad   = lipgloss.NewStyle().Foreground(lipgloss.Red)
	note  = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
)

const columns = 80

// para prints text without styles, wrapped to the terminal, each line after
// indent spaces.
func (a *app) para(indent int, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = printable(line)
		words := strings.TrimLeft(line, " ")
		space := strings.Repeat(" ", min(indent+len(line)-len(words), columns/2))
		for part := range strings.SplitSeq(wrap(words, columns-len(space)), "\n") {
			fmt.Fprintln(a.out, strings.TrimRight(space+part, " "))
		}
	}
}

// printable is line without what could harm a terminal: it may come from a
// student's program.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, ansi.Strip(strings.ReplaceAll(line, "\t", "    ")))
}

// wrap breaks a line at spaces and between Chinese characters, and within a
// path or a word, which one may want to copy, only if no line can hold it.
func wrap(line string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range breakable.FindAllString(line, -1) {
		wide := lipgloss.Width(strings.TrimRight(word, " "))
		if column > 0 && column+wide > width {
			b.WriteString("\n")
			column = 0
		}
		for ; wide > width; wide = lipgloss.Width(strings.TrimRight(word, " ")) {
			head := ansi.Truncate(word, width, "")
			b.WriteString(head + "\n")
			word = word[len(head):]
		}
		b.WriteString(word)
		column += lipgloss.Width(word)
	}
	return b.String()
}

// breakable are the pieces between which a line may be broken: a Chinese
// character with the punctuation behind it, or a word.
var breakable = regexp.MustCompile(`\p{Han}[，。；：！？、）”…—]* *|[^ \p{Han}]+ *| +`)

// offer prints commands to type, and what each is for.
func (a *app) offer(rows ...[2]string) {
	width := 0
	for _, r := range rows {
		width = max(width, lipgloss.Width(r[0]))
	}
	for _, r := range rows {
		fmt.Fprintf(a.out, "  %s  %s\n", bold.Render(pad(r[0], width)), r[1])
	}
}

// pad fills s with spaces to width columns of the terminal.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-lipgloss.Width(s)))
}
