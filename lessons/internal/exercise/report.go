package exercise

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"example.com/netlessons/lessons/internal/check"
)

// A Row is what a report says of one exercise of one student.
type Row struct {
	Student  string `json:"student"`
	Lesson   int    `json:"lesson"`
	Exercise string `json:"exercise"`
	State    State  `json:"state"`
	Passed   bool   `json:"passed"`
	Good     int    `json:"tests_passed"`
	Tests    int    `json:"tests"`
	Mistake  string `json:"mistake"` // the known one it looks like, or ""
	Sentence string `json:"sentence"`
	text     string
}

// A Copy is one student's working copy.
type Copy struct{ Student, Dir string }

// Report checks every exercise in each of the copies by the checks of all,
// whatever the checks there have become. It runs the code of those files.
func Report(ctx context.Context, all []Exercise, copies []Copy, race bool, workers int) ([]Row, error) {
	rows := make([]Row, len(copies)*len(all))
	errs := make([]error, len(rows))
	slots := make(chan bool, workers)
	var wg sync.WaitGroup
	for i := range rows {
		from, e := copies[i/len(all)], all[i%len(all)]
		slots <- true
		wg.Go(func() {
			defer func() { <-slots }()
			if rows[i], errs[i] = e.row(ctx, from, race); errs[i] != nil {
				errs[i] = fmt.Errorf("%s: %w", from.Student, errs[i])
			}
		})
	}
	wg.Wait()
	return rows, errors.Join(errs...)
}

func (e Exercise) row(ctx context.Context, from Copy, race bool) (Row, error) {
	r := Row{Student: from.Student, Lesson: e.Number, Exercise: e.Folder}
	theirs := e
	theirs.Root = from.Dir // perhaps of an older course, with another shipped file
	source, err := os.ReadFile(theirs.Source())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.State = Missing
		return r, nil
	case err != nil:
		return r, err
	}
	for _, start := range []string{e.Start(), theirs.Start()} {
		if text, err := os.ReadFile(start); err == nil && check.Same(string(source), string(text)) {
			r.State = NotStarted
			return r, nil
		}
	}
	res, err := e.Check(ctx, Options{theirs.Source(), race})
	if err != nil {
		return r, err
	}
	r.State, r.Passed, r.text = res.State, res.State == Passed, res.Text()
	r.Good, r.Tests = res.Count()
	if res.Mistake != nil {
		r.Mistake, r.Sentence = res.Mistake.Name, res.Mistake.Want
	}
	return r, nil
}

// IsCopy returns an error if dir is no working copy of the course.
func IsCopy(dir string) error {
	if info, err := os.Stat(filepath.Join(dir, "lessons")); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is no working copy of the course: it has no folder lessons", dir)
	}
	return nil
}

// Formats are what a report can be written as.
var Formats = map[string]func(io.Writer, []Row) error{"json": writeJSON, "csv": writeCSV, "junit": writeJUnit}

func writeJSON(w io.Writer, rows []Row) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(rows)
}

func writeCSV(w io.Writer, rows []Row) error {
	c := csv.NewWriter(w)
	c.Write([]string{"student", "lesson", "exercise", "state", "passed", "tests_passed", "tests", "mistake", "sentence"})
	for _, r := range rows {
		c.Write([]string{r.Student, strconv.Itoa(r.Lesson), r.Exercise, string(r.State), strconv.FormatBool(r.Passed),
			strconv.Itoa(r.Good), strconv.Itoa(r.Tests), r.Mistake, r.Sentence})
	}
	c.Flush()
	return c.Error()
}

type junitSuites struct {
	XMLName xml.Name      `xml:"testsuites"`
	Suites  []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure"`
	Skipped *junitMessage `xml:"skipped"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes one suite for each student, with a case for each exercise.
func writeJUnit(w io.Writer, rows []Row) error {
	var all junitSuites
	for _, r := range rows {
		if len(all.Suites) == 0 || all.Suites[len(all.Suites)-1].Name != r.Student {
			all.Suites = append(all.Suites, &junitSuite{Name: r.Student})
		}
		s := all.Suites[len(all.Suites)-1]
		c := junitCase{Class: r.Student, Name: r.Exercise}
		message := &junitMessage{Message: string(r.State), Text: r.text}
		if r.Sentence != "" {
			message.Message += ": " + r.Sentence
		}
		switch r.State {
		case Passed:
		case NotStarted, Missing:
			c.Skipped = message
			s.Skipped++
		default:
			c.Failure = message
			s.Failures++
		}
		s.Tests++
		s.Cases = append(s.Cases, c)
	}
	io.WriteString(w, xml.Header)
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
