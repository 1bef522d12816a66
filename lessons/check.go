package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"example.com/netlessons/lessons/internal/exercise"
)

// A view says how a check is made and shown.
type view struct {
	race, verbose bool
}

func (a *app) check(ctx context.Context, c command, args []string) error {
	flags := a.flags(c)
	var v view
	flags.BoolVar(&v.race, "race", true, a.say(flagRace))
	flags.BoolVar(&v.verbose, "v", false, a.say(flagVerbose))
	others, err := a.parse(flags, c, args, 1)
	if err != nil {
		return err
	}
	e, err := a.chosen(flags, others)
	if err != nil {
		return err
	}
	source, res, err := a.checkFile(ctx, e, v)
	if err != nil {
		return err
	}
	a.showResult(e, source, res, v)
	if res.State != exercise.Passed {
		return errTold
	}
	return nil
}

// chosen is the exercise that the arguments name: by default the first that
// has not been passed, or the last one.
func (a *app) chosen(flags *flag.FlagSet, others []string) (exercise.Exercise, error) {
	if len(others) > 0 {
		return a.exercise(flags, others[0])
	}
	all, err := exercise.All(a.root)
	if err != nil {
		return exercise.Exercise{}, err
	}
	if len(all) == 0 {
		return exercise.Exercise{}, fmt.Errorf("%s has no exercises; is the copy of the course whole?", a.root)
	}
	records, broken := a.store.Records()
	a.warn(broken)
	if e, ok := firstOpen(all, records); ok {
		return e, nil
	}
	return all[len(all)-1], nil
}

// checkFile checks the student's file as it is now, and keeps a copy of it and
// of what was found.
func (a *app) checkFile(ctx context.Context, e exercise.Exercise, v view) (source []byte, res exercise.Result, err error) {
	source, err = os.ReadFile(e.Source())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, exercise.Result{State: exercise.Missing}, nil
	}
	if err != nil {
		return nil, res, err
	}
	if same, err := e.Untouched(); err != nil || same {
		return source, exercise.Result{State: exercise.NotStarted}, err
	}
	a.warn(a.store.Keep(e, source))
	slow := time.AfterFunc(3*time.Second, func() { fmt.Fprintln(a.stderr, a.say(stillChecking)) })
	defer slow.Stop()
	if res, err = e.Check(ctx, exercise.Options{Race: v.race && exercise.HasRace(ctx)}); err != nil {
		return source, res, err
	}
	a.warn(a.store.Checked(e, source, res, time.Now()))
	return source, res, nil
}

// showResult tells what a check found, why, and what to do.
func (a *app) showResult(e exercise.Exercise, source []byte, res exercise.Result, v view) {
	style := bad
	switch res.State {
	case exercise.Passed:
		style = good
	case exercise.NotStarted:
		style = note
	}
	fmt.Fprintf(a.out, a.say(headline)+"\n\n", e.Number, a.title(e.Lesson), style.Bold(true).Render(a.say(states[res.State])))
	a.showTests(res, v)
	a.showPrinted(res, v)
	a.explain(e, source, res)
	a.showWay(e, res)
}

// showTests lists the tests, and what the first that failed says.
func (a *app) showTests(res exercise.Result, v view) {
	told := false
	for _, t := range res.Tests {
		word, style := a.say(wordNone), faint
		switch t.Action {
		case "pass":
			word, style = a.say(wordPass), good
		case "fail":
			word, style = a.say(wordFail), bad
		case "skip":
			word, style = a.say(wordSkip), note
		}
		fmt.Fprintf(a.out, "  %s  %s\n", style.Render(pad(word, 4)), sentence(t.Name))
		first := t.Action != "pass" && !told || t.Action == "" // the first that failed, and one that hangs
		if t.Message == "" || !first && !v.verbose {
			continue
		}
		a.para(8, a.labels(t.Message))
		told = true
	}
	if len(res.Tests) > 0 {
		fmt.Fprintln(a.out)
	}
}

// labels puts the words with which package check begins its lines into the
// reader's language.
func (a *app) labels(message string) string {
	lines := strings.Split(message, "\n")
	for i, line := range lines {
		for _, label := range checkLabels {
			if rest, ok := strings.CutPrefix(line, label.en); ok {
				lines[i] = a.say(label) + rest
			}
		}
	}
	return strings.Join(lines, "\n")
}

// sentence makes a test's name readable: TestServerEnds/by_itself says
// "server ends: by itself".
func sentence(name string) string {
	name, rest, _ := strings.Cut(strings.TrimPrefix(name, "Test"), "/")
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		begins := unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			b.WriteByte(' ')
		}
		word := i+2 < len(letters) && unicode.IsLower(letters[i+2]) // begins with the next letter
		acronym := unicode.IsUpper(r) && (i+1 < len(letters) && unicode.IsUpper(letters[i+1]) && !word || i > 0 && unicode.IsUpper(letters[i-1]) && !begins)
		if acronym {
			b.WriteRune(r)
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	if rest != "" {
		b.WriteString(": " + strings.ReplaceAll(rest, "_", " "))
	}
	return b.String()
}

// showPrinted shows the first lines that the student's code printed.
func (a *app) showPrinted(res exercise.Result, v view) {
	text := strings.TrimSpace(res.Printed)
	if text == "" || res.State == exercise.Passed && !v.verbose {
		return
	}
	most := 5
	if v.verbose {
		most = 200
	}
	lines := strings.Split(text, "\n")
	fmt.Fprintln(a.out, a.say(yourPrints))
	for _, line := range lines[:min(most, len(lines))] {
		fmt.Fprintf(a.out, "  %s\n", faint.Render(ansi.Truncate(printable(line), columns-4, " …")))
	}
	if more := len(lines) - most; more > 0 {
		fmt.Fprintf(a.out, "  "+a.say(printsLeft)+"\n", more)
	}
	fmt.Fprintln(a.out)
}

// explain says in plain words what a state means, beyond the tests' messages.
func (a *app) explain(e exercise.Exercise, source []byte, res exercise.Result) {
	switch res.State {
	case exercise.Passed:
		passed, all := res.Count()
		a.para(0, fmt.Sprintf(a.say(passedNow), passed, all))
	case exercise.NotStarted:
		a.para(0, fmt.Sprintf(a.say(todoLeft), a.rel(e.Source())))
		for _, p := range exercise.TODOs(source) {
			a.para(2, fmt.Sprintf(a.say(todoLine), p.Line, p.Text))
		}
	case exercise.Missing:
		a.para(0, fmt.Sprintf(a.say(fileMissing), a.rel(e.Source())))
		if kept := a.store.LastKept(e); kept != "" {
			a.para(0, fmt.Sprintf(a.say(fileKept), a.rel(kept)))
		}
	case exercise.DoesNotCompile:
		a.explainCompiler(source, res.Problems)
	case exercise.RanNothing:
		a.para(0, a.say(nothingRan))
	case exercise.Ended:
		a.para(0, a.say(itEnded))
	case exercise.Hung:
		if res.Mistake == nil && !strings.Contains(res.Text(), "it hangs in step") {
			a.para(0, a.say(itHung))
		}
	case exercise.Panicked:
		if p := res.Panic; p.Place != "" {
			a.para(0, fmt.Sprintf(a.say(itPanicked), p.Place, p.Text))
		} else {
			a.para(0, fmt.Sprintf(a.say(itPanickedIn), p.Text))
		}
		a.para(0, a.say(find(panicAdvice, res.Panic.Text)))
	case exercise.Raced:
		if p := res.Panic; p.Place != "" {
			a.para(0, fmt.Sprintf(a.say(itRaced), p.Place))
		} else {
			a.para(0, a.say(itRacedIn))
		}
		a.para(0, a.say(raceAdvice))
	}
	if res.Mistake != nil {
		what := res.Mistake.Name
		if a.lang == "zh" {
			what = res.Mistake.WantZH
		}
		a.para(0, fmt.Sprintf(a.say(looksLike), what))
	}
}

var conflict = regexp.MustCompile(`(?m)^<<<<<<< `)

// explainCompiler shows the first of the compiler's messages, and one line of
// advice about the very first.
func (a *app) explainCompiler(source []byte, problems []exercise.Problem) {
	const most = 5
	for _, p := range problems[:min(most, len(problems))] {
		text, _, _ := strings.Cut(p.String(), "; to add it:") // no module is to be added here
		a.para(2, text)
	}
	if more := len(problems) - most; more > 0 {
		a.para(2, fmt.Sprintf(a.say(moreProblems), more))
	}
	fmt.Fprintln(a.out)
	if conflict.Match(source) {
		a.para(0, a.say(leftByGit))
		return
	}
	a.para(0, a.say(find(compileAdvice, problems[0].String())))
}

// showWay offers the commands that fit what was found.
func (a *app) showWay(e exercise.Exercise, res exercise.Result) {
	fmt.Fprintln(a.out)
	switch res.State {
	case exercise.Passed:
		a.offer([2]string{call("solution", e.Lesson), a.say(compareIt)}, [2]string{"go run ./lessons next", a.say(aboutNext)})
	case exercise.Missing:
		a.offer([2]string{call("reset", e.Lesson), a.say(resetShort)})
	case exercise.DoesNotCompile:
		a.offer([2]string{call("reset", e.Lesson), a.say(aboutReset)})
	default:
		a.offer([2]string{call("hint", e.Lesson), a.say(nextHint)}, [2]string{call("check", e.Lesson), a.say(nextCheck)})
	}
}
