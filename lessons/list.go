package main

import (
	"context"
	"fmt"

	"github.com/charmbracelet/colorprofile"

	"example.com/netlessons/lessons/internal/course"
	"example.com/netlessons/lessons/internal/exercise"
)

func (a *app) list(_ context.Context, c command, args []string) error {
	if _, err := a.parse(a.flags(c), c, args, 0); err != nil {
		return err
	}
	return a.showList()
}

func (a *app) showList() error {
	all, err := exercise.All(a.root)
	if err != nil {
		return err
	}
	records, broken := a.store.Records()
	a.warn(broken)
	exercises := map[int]exercise.Exercise{}
	for _, e := range all {
		exercises[e.Number] = e
	}

	fmt.Fprintln(a.out, bold.Render(fmt.Sprintf("%3s  %s  %s", "N", pad(a.say(headLesson), 22), a.say(headExercise))))
	passed := 0
	for _, l := range course.Lessons {
		standing := a.say(noExercise)
		if e, ok := exercises[l.Number]; ok {
			r := records[e.Folder]
			if r.Passed != nil {
				passed++
			}
			if standing, err = a.standing(e, r); err != nil {
				return err
			}
		}
		fmt.Fprintf(a.out, "%3d  %s  %s\n", l.Number, pad(a.title(l), 22), standing)
	}
	fmt.Fprintf(a.out, "\n"+a.say(listDone)+"\n", passed, len(all))
	return a.showNext(all, records)
}

// standing says in a few words how far the student is with e.
func (a *app) standing(e exercise.Exercise, r exercise.Record) (string, error) {
	now, err := r.Now(e)
	if err != nil {
		return "", err
	}
	s := a.say(states[now])
	if now == exercise.Failed && r.Tests > 0 {
		s = fmt.Sprintf(a.say(howMany), s, r.Good, r.Tests)
	}
	switch {
	case now == exercise.Passed:
		return good.Render(s), nil
	case r.Passed != nil:
		return fmt.Sprintf(a.say(passedBefore), s), nil
	case now == exercise.NotStarted:
		return faint.Render(s), nil
	}
	return note.Render(s), nil
}

func (a *app) next(_ context.Context, c command, args []string) error {
	if _, err := a.parse(a.flags(c), c, args, 0); err != nil {
		return err
	}
	all, err := exercise.All(a.root)
	if err != nil {
		return err
	}
	records, broken := a.store.Records()
	a.warn(broken)
	return a.showNext(all, records)
}

// firstOpen returns the first exercise that has not been passed.
func firstOpen(all []exercise.Exercise, records map[string]exercise.Record) (exercise.Exercise, bool) {
	for _, e := range all {
		if records[e.Folder].Passed == nil {
			return e, true
		}
	}
	return exercise.Exercise{}, false
}

func (a *app) showNext(all []exercise.Exercise, records map[string]exercise.Record) error {
	e, ok := firstOpen(all, records)
	if !ok {
		if len(all) > 0 {
			a.para(0, fmt.Sprintf(a.say(allPassed), call("solution", all[0].Lesson)))
		}
		return nil
	}
	fmt.Fprintf(a.out, a.say(nextLesson)+"\n", e.Number, a.title(e.Lesson))
	a.offer(
		[2]string{call("read", e.Lesson), a.say(nextRead)},
		[2]string{call("run", e.Lesson), a.say(nextRun)},
		[2]string{call("check", e.Lesson), a.say(nextCheck)},
		[2]string{call("watch", e.Lesson), a.say(nextWatch)},
		[2]string{call("hint", e.Lesson), a.say(nextHint)},
	)
	fmt.Fprintf(a.out, a.say(nextEdit)+"\n", a.rel(e.Source()))
	return nil
}

// terminal reports whether stdout is one.
func (a *app) terminal() bool { return a.out.Profile != colorprofile.NoTTY }
