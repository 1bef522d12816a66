// Package exercise finds the lessons' exercises, checks them, knows their
// usual mistakes, and keeps a student's progress.
//
// An exercise is a folder of lessons/:
//
//	exercise.go                  what the student edits
//	exercise_test.go             its check, an ordinary test
//	testdata/start/              exercise.go as it was shipped
//	testdata/solution/           exercise.go, finished
//	testdata/mistakes/NAME/      exercise.go, wrong in one way
//	testdata/hints.en.md         a ladder of hints, and the same in hints.zh.md
//
// The versions below testdata are checked by go test -overlay: nothing on disk
// changes for it. Package exercise's own test proves every exercise so.
package exercise

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"example.com/netlessons/lessons/internal/check"
	"example.com/netlessons/lessons/internal/course"
)

// An Exercise is that of one lesson, in the working copy at Root.
type Exercise struct {
	course.Lesson
	Root string // the folder with go.work, absolute
}

// A Mistake is a version of exercise.go that is wrong in one way.
type Mistake struct {
	Name   string
	File   string
	Want   string // a part of what its check says, and no other mistake's
	WantZH string // the same in Chinese
}

// All returns the exercises of the working copy at root, in their order.
func All(root string) ([]Exercise, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	folders, err := os.ReadDir(filepath.Join(root, "lessons"))
	if err != nil {
		return nil, err
	}
	var all []Exercise
	for _, f := range folders {
		digits, _, _ := strings.Cut(f.Name(), "-")
		n, err := strconv.Atoi(digits)
		if err != nil {
			continue
		}
		l, ok := course.Find(n)
		if !ok { // a lesson that is still being written
			l = course.Lesson{Number: n, Folder: f.Name()}
		}
		e := Exercise{l, root}
		if _, err := os.Stat(e.Start()); err == nil {
			all = append(all, e)
		}
	}
	return all, nil
}

// File returns the path of a file of the exercise.
func (e Exercise) File(elem ...string) string {
	return filepath.Join(append([]string{e.Root, "lessons", e.Folder}, elem...)...)
}

// Source is the student's file.
func (e Exercise) Source() string { return e.File("exercise.go") }

// Start is the student's file as it was shipped.
func (e Exercise) Start() string { return e.File("testdata", "start", "exercise.go") }

// Solution is the finished file.
func (e Exercise) Solution() string { return e.File("testdata", "solution", "exercise.go") }

// Mistakes returns the mistakes that the exercise knows, by name.
func (e Exercise) Mistakes() ([]Mistake, error) {
	files, err := filepath.Glob(e.File("testdata", "mistakes", "*", "exercise.go"))
	if err != nil {
		return nil, err
	}
	var all []Mistake
	for _, file := range files {
		m := Mistake{Name: filepath.Base(filepath.Dir(file)), File: file}
		if m.Want, m.WantZH, err = wants(file); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

var wantLine = regexp.MustCompile(`^// (want|zh): (".*")\s*$`)

// wants reads the two lines that head a mistake.
func wants(file string) (en, zh string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	sentences := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		m := wantLine.FindStringSubmatch(lines.Text())
		if m == nil {
			break
		}
		if sentences[m[1]], err = strconv.Unquote(m[2]); err != nil {
			return "", "", fmt.Errorf("%s: %q is no Go string", file, m[2])
		}
	}
	if sentences["want"] == "" || sentences["zh"] == "" {
		return "", "", fmt.Errorf("%s: it must begin with the lines // want: \"…\" and // zh: \"…\"", file)
	}
	return sentences["want"], sentences["zh"], nil
}

// Untouched reports whether the student's file is as it was shipped.
func (e Exercise) Untouched() (bool, error) {
	source, err := os.ReadFile(e.Source())
	if err != nil {
		return false, err
	}
	start, err := os.ReadFile(e.Start())
	return err == nil && check.Same(string(source), string(start)), err
}

// A Place is a line of exercise.go.
type Place struct {
	Line int
	Text string
}

// TODOs returns the lines of a source that say what is left to do.
func TODOs(source []byte) []Place {
	var todos []Place
	n := 0
	for line := range strings.Lines(string(source)) {
		n++
		if _, text, ok := strings.Cut(line, "// TODO"); ok {
			todos = append(todos, Place{n, strings.TrimSpace(strings.TrimPrefix(text, ":"))})
		}
	}
	return todos
}

// Reset puts the shipped file back and keeps the student's version beside it,
// in the file whose name it returns; "" means there was nothing to keep. That
// file is never overwritten and is none that Go compiles.
func (e Exercise) Reset() (kept string, err error) {
	start, err := os.ReadFile(e.Start())
	if err != nil {
		return "", err
	}
	if same, err := e.Untouched(); err == nil && same {
		return "", nil
	} else if err == nil {
		if kept, err = e.keepBeside(); err != nil {
			return "", err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return kept, writeFile(e.Source(), start)
}

func (e Exercise) keepBeside() (string, error) {
	source, err := os.ReadFile(e.Source())
	if err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		name := e.File(fmt.Sprintf("exercise.mine-%d.txt", n))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.Write(source)
		return name, errors.Join(err, f.Close())
	}
}

// writeFile replaces a file as a whole: a crash leaves the old or the new one.
func writeFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".netlessons-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // when it was not renamed
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
