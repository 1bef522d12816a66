package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"charm.land/glamour/v2"
	"charm.land/glamour/v2/ansi"
	"charm.land/glamour/v2/styles"
	"charm.land/lipgloss/v2"
	"github.com/aymanbagabas/go-udiff"
	"github.com/charmbracelet/colorprofile"

	"example.com/netlessons/lessons/internal/cli"
	"example.com/netlessons/lessons/internal/exercise"
)

func (a *app) hint(_ context.Context, c command, args []string) error {
	fs := a.flags(c)
	others, err := a.parse(fs, c, args, 2)
	if err != nil {
		return err
	}
	e, err := a.chosen(fs, others)
	if err != nil {
		return err
	}
	if len(others) < 2 {
		return a.nextHint(e)
	}
	hints, err := e.Hints(a.lang)
	if err != nil {
		return err
	}
	k, err := strconv.Atoi(others[1])
	if err != nil || k < 1 || k > len(hints) {
		return cli.Usage(fs, a.say(noSuchHint), others[1], e.Number, len(hints))
	}
	return a.showHint(e, hints, k-1)
}

// nextHint goes one step up the ladder. When the last check failed in a new
// way that a step is about, it goes to that step.
func (a *app) nextHint(e exercise.Exercise) error {
	hints, err := e.Hints(a.lang)
	if err != nil {
		return err
	}
	records, broken := a.store.Records()
	a.warn(broken)
	r := records[e.Folder]
	i, ok := r.NextHint(hints)
	if !ok {
		fmt.Fprintf(a.out, a.say(noMoreHints)+"\n", len(hints))
		a.offer([2]string{call("solution -show", e.Lesson), a.say(aboutSolution)})
		return nil
	}
	a.warn(a.store.Update(e, func(r *exercise.Record) { r.Hints, r.Hinted = i+1, r.Mistake }))
	return a.showHint(e, hints, i)
}

func (a *app) showHint(e exercise.Exercise, hints []exercise.Hint, i int) error {
	fmt.Fprintln(a.out, bold.Render(fmt.Sprintf(a.say(hintHead), e.Number, i+1, len(hints))))
	return a.markdown(a.out, hints[i].Text)
}

// markdown renders a text for the terminal; elsewhere it stays as it is.
func (a *app) markdown(w io.Writer, text string) error {
	if !a.terminal() {
		_, err := fmt.Fprintf(w, "\n%s\n", text)
		return err
	}
	r, err := glamour.NewTermRenderer(glamour.WithStyles(markdownStyle()), glamour.WithWordWrap(columns))
	if err != nil {
		return err
	}
	if text, err = r.Render(text); err != nil {
		return err
	}
	_, err = fmt.Fprint(w, text)
	return err
}

// markdownStyle has no colour that a terminal's background could swallow, and
// leaves all 80 columns to the pictures.
func markdownStyle() ansi.StyleConfig {
	yes, none, blue := true, uint(0), "4"
	s := styles.ASCIIStyleConfig
	s.Document.Margin, s.CodeBlock.Margin = &none, &none
	s.Heading.Bold = &yes
	s.Strong, s.Emph = ansi.StylePrimitive{Bold: &yes}, ansi.StylePrimitive{Italic: &yes}
	s.Code = ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Color: &blue}}
	s.CodeBlock.Color = &blue
	return s
}

func (a *app) read(ctx context.Context, c command, args []string) error {
	fs := a.flags(c)
	others, err := a.parse(fs, c, args, 1)
	if err != nil {
		return err
	}
	if len(others) == 0 {
		others = []string{""}
	}
	lesson, err := a.lesson(fs, others[0])
	if err != nil {
		return err
	}
	name := exercise.Exercise{Lesson: lesson, Root: a.root}.File(a.say(text{"README.md", "README.zh.md"}))
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	w, end := a.pager(ctx)
	defer end()
	return a.markdown(w, string(source))
}

// pager returns where to write a long text: on a terminal to the user's pager,
// or to less if it is there. end waits until that has been left.
func (a *app) pager(ctx context.Context) (w io.Writer, end func()) {
	name := program(cmp.Or(os.Getenv("PAGER"), "less"))
	f, ok := a.stdout.(*os.File)
	if !ok || !a.terminal() || name == "" {
		return a.out, func() {}
	}
	cmd := exec.CommandContext(ctx, name)
	cmd.Stdout, cmd.Stderr = f, a.stderr
	cmd.Env = append([]string{"LESS=FRX", "LESSCHARSET=utf-8"}, os.Environ()...)
	stdin, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return a.out, func() {}
	}
	return &colorprofile.Writer{Forward: stdin, Profile: a.out.Profile}, func() {
		stdin.Close()
		cmd.Wait() // a pager that is left early is no error
	}
}

func (a *app) solution(_ context.Context, c command, args []string) error {
	fs := a.flags(c)
	show := fs.Bool("show", false, a.say(flagShow))
	others, err := a.parse(fs, c, args, 1)
	if err != nil {
		return err
	}
	e, err := a.chosen(fs, others)
	if err != nil {
		return err
	}
	records, broken := a.store.Records()
	a.warn(broken)
	if records[e.Folder].Passed == nil && !*show {
		return fmt.Errorf(a.say(solutionLater), call("solution -show", e.Lesson))
	}
	solution, err := os.ReadFile(e.Solution())
	if err != nil {
		return err
	}
	mine, err := os.ReadFile(e.Source())
	if err != nil {
		return err
	}
	return a.showDiff(e, unix(mine), unix(solution))
}

func (a *app) showDiff(e exercise.Exercise, mine, solution string) error {
	if mine == solution {
		fmt.Fprintln(a.out, a.say(solutionSame))
		return nil
	}
	fmt.Fprintln(a.out, bold.Render(fmt.Sprintf(a.say(solutionHead), e.Number)))
	diff := udiff.Unified(a.rel(e.Source()), a.rel(e.Solution()), mine, solution)
	for line := range strings.Lines(diff) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "+"):
			line = good.TabWidth(lipgloss.NoTabConversion).Render(line)
		case strings.HasPrefix(line, "-"):
			line = bad.TabWidth(lipgloss.NoTabConversion).Render(line)
		case strings.HasPrefix(line, "@"):
			line = faint.Render(line)
		}
		fmt.Fprintln(a.out, line)
	}
	return nil
}

func unix(source []byte) string { return strings.ReplaceAll(string(source), "\r\n", "\n") }

func (a *app) reset(_ context.Context, c command, args []string) error {
	fs := a.flags(c)
	others, err := a.parse(fs, c, args, 1)
	if err != nil {
		return err
	}
	if len(others) == 0 { // which file to put away is never guessed
		others = []string{""}
	}
	e, err := a.exercise(fs, others[0])
	if err != nil {
		return err
	}
	if same, err := e.Untouched(); err == nil && same {
		fmt.Fprintf(a.out, a.say(resetSame)+"\n", a.rel(e.Source()))
		return nil
	}
	kept, err := e.Reset()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, a.say(resetDone)+"\n", a.rel(e.Source()))
	if kept != "" {
		fmt.Fprintf(a.out, a.say(resetKept)+"\n", a.rel(kept))
	}
	return nil
}
