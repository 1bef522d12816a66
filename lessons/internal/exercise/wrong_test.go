package exercise

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/lessons/internal/check"
	"example.com/netlessons/lessons/internal/coursetest"
)

// Wrong code that no mistake foresees, in the exercise of lesson 6.
func TestEveryKindOfWrongCodeGetsAClearResult(t *testing.T) {
	if !needsProof(t, lesson6(t), "wrong-code") { // most of it is waiting for loops that do not end
		return
	}
	const serve = "func Serve(conn *net.UDPConn) error {\n"
	solution, err := os.ReadFile(lesson6(t).Solution())
	require.NoError(t, err)
	require.Contains(t, string(solution), serve)
	for _, tt := range []struct {
		name      string
		old, new  string // of the solution
		race      bool
		wantState State
		wantText  string // a pattern of what the result says
	}{
		{"a panic names its line", serve, serve + "\tvar m map[string]int\n\tm[\"a\"] = 1\n", false,
			Panicked, "assignment to entry in nil map"},
		{"a panic in a goroutine is one, too", serve, serve + "\tgo func() { panic(\"boo\") }()\n", false,
			Panicked, "panic: boo"},
		{"an endless loop is cut, and its step named", serve, serve + "\tfor {\n\t}\n", false,
			Hung, "it hangs in step"},
		{"a loop before any test is cut, too", serve, "func init() {\n\tfor {\n\t}\n}\n\n" + serve, false,
			Hung, ""},
		{"output without end is cut", serve, serve + "\tfor {\n\t\tfmt.Println(\"more\")\n\t}\n", false,
			Hung, "it hangs in step"},
		{"a line without end, too", serve, serve + "\tfor {\n\t\tfmt.Print(\"more\")\n\t}\n", false,
			Hung, ""},
		{"megabytes of output do not hide that it passes", serve, "func init() {\n\tfor range 20_000 {\n\t\tfmt.Println(strings.Repeat(\"noise \", 10))\n\t}\n}\n\n" + serve, false,
			Passed, ""},
		{"a syntax error", "for {", "for {{", false,
			DoesNotCompile, "syntax error"},
		{"a variable that is not used", serve, serve + "\tx := 1\n", false,
			DoesNotCompile, `^exercise\.go:\d+:2: declared and not used: x`},
		{"a function that was deleted", "func Serve(", "func Save(", false,
			DoesNotCompile, "undefined: Serve"},
		{"another signature", "func Serve(conn", "func Serve(n int, conn", false,
			DoesNotCompile, "not enough arguments in call to Serve"},
		{"a module that is not there", "import (", "import (\n\t_ \"example.com/nobody/nothing\"\n", false,
			DoesNotCompile, "no required module provides package"},
		{"another package", "package exercise", "package main", false,
			DoesNotCompile, "found packages"},
		{"lines that git left", serve, serve + "<<<<<<< HEAD\n=======\n>>>>>>> other\n", false,
			DoesNotCompile, "unexpected <<"},
		{"the program ends itself with success", serve, serve + "\tos.Exit(0)\n", false,
			Ended, ""},
		{"the program ends itself with failure", serve, serve + "\tos.Exit(3)\n", false,
			Ended, ""},
		{"no test runs", serve, "func init() { os.Args = append(os.Args, \"-test.run=None\") }\n\n" + serve, false,
			RanNothing, ""},
		{"maps at once by several goroutines", serve, serve + "\tm := map[int]int{}\n\tfor range 20 {\n\t\tgo func() {\n\t\t\tfor {\n\t\t\t\tm[1]++\n\t\t\t}\n\t\t}()\n\t}\n", false,
			Raced, "concurrent map"},
		{"a data race", serve, "var x int\n\n" + serve + "\tgo func() { x++ }()\n\tx++\n", true,
			Raced, `exercise\.go:\d+`},
		{"goroutines that do not race", serve, serve + "\tgo func() {}()\n", true,
			Passed, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.race && !HasRace(t.Context()) {
				t.Skip("the race detector needs a C compiler")
			}
			text := strings.Replace(string(solution), tt.old, tt.new, 1)
			for _, name := range []string{"fmt", "os", "strings"} {
				if strings.Contains(tt.new, name+".") && !strings.Contains(text, "\t\""+name+"\"\n") {
					text = strings.Replace(text, "import (", "import (\n\t\""+name+"\"", 1)
				}
			}
			file := filepath.Join(t.TempDir(), "exercise.go")
			require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
			res, err := lesson6(t).Check(t.Context(), Options{file, tt.race})
			require.NoError(t, err)
			require.Equal(t, tt.wantState, res.State, "%s\nprinted: %.1000s", res.Text(), res.Printed)
			require.Regexp(t, tt.wantText, res.Text())
			require.Less(t, len(res.Text())+len(res.Printed), 8*headSize)
		})
	}
}

// lesson6 is the exercise of lesson 6.
func lesson6(t testing.TB) Exercise {
	t.Helper()
	all, err := All(root)
	require.NoError(t, err)
	for _, e := range all {
		if e.Number == 6 {
			return e
		}
	}
	require.FailNow(t, "there is no exercise 6")
	return Exercise{}
}

func TestACheckEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := lesson6(t).Check(ctx, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestWhatOneTestSays(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		lines                 []string
		wantSaid, wantPrinted string
	}{
		{"a message and its later lines", []string{"=== RUN   TestA\n", "    a_test.go:3: \n", "        Expected: 1\n", "        Got:      2\n", "--- FAIL: TestA (0.00s)\n"},
			"Expected: 1\nGot:      2\n", ""},
		{"a message behind a print without a line's end", []string{"noise    a_test.go:3: Expected: 1\n"}, "Expected: 1\n", "noise"},
		{"prints between a message's lines", []string{"    a_test.go:3: Expected: 1\n", "noise\n", "        Got:      2\n"},
			"Expected: 1\nGot:      2\n", "noise\n"},
		{"a hang's last words", []string{"What the check did:\n", "  1. waits\n", "Got:      it hangs in step 1: waits\n"},
			"What the check did:\n  1. waits\nGot:      it hangs in step 1: waits\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			one := test{name: "TestA"}
			for _, line := range tt.lines {
				one.add(line)
			}
			require.Equal(t, tt.wantSaid, one.message.String()+one.last.String())
			require.Equal(t, tt.wantPrinted, one.printed.String())
		})
	}
}

func TestOutputIsReadInPiecesOfAnySize(t *testing.T) {
	var text strings.Builder
	for _, e := range []string{
		`"start"`, `"run","Test":"TestA"`, `"run","Test":"TestA/b"`, `"output","Test":"TestA/b","Output":"    a_test.go:1: no\n"`,
		`"fail","Test":"TestA/b"`, `"fail","Test":"TestA"`, `"fail"`,
	} {
		fmt.Fprintf(&text, "{\"Action\":%s}\n", e)
	}
	want := []Test{{"TestA/b", "fail", "no\n"}}
	for _, size := range []int{1, 7, 1000} {
		o := newOutput(func() {})
		for rest := []byte(text.String()); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			o.Write(rest[:min(size, len(rest))])
		}
		res := o.result([]Mistake{{Name: "x", Want: "yes"}, {Name: "y", Want: "no"}}, false)
		require.Empty(t, cmp.Diff(want, res.Tests), "size %d", size)
		require.Equal(t, Failed, res.State)
		require.Equal(t, "y", res.Mistake.Name)
	}
}

func TestACheckHasTimeToSayWhereItHangs(t *testing.T) {
	begun := 0
	o := newOutput(func() { begun++ })
	fmt.Fprintln(o, `{"Action":"start"}`)
	fmt.Fprintln(o, `{"Action":"run","Test":"TestA"}`)
	require.Equal(t, 2, begun)
	require.GreaterOrEqual(t, nextTest, 2*check.Limit)
}

func TestTheMistakeIsTheOneThatIsNamedFirst(t *testing.T) {
	known := []Mistake{{Name: "late", Want: "cause B"}, {Name: "early", Want: "cause A"}}
	require.Equal(t, "early", looksLike("cause A, then cause B", known).Name)
	require.Equal(t, "late", looksLike("cause B, then cause A", known).Name)
	require.Nil(t, looksLike("cause C", known))
}

func TestResetLosesNothing(t *testing.T) {
	e := copied(t)
	for i, mine := range []string{"first", "second"} {
		require.NoError(t, os.WriteFile(e.Source(), []byte(mine), 0o644))
		kept, err := e.Reset()
		require.NoError(t, err)
		require.Equal(t, e.File(fmt.Sprintf("exercise.mine-%d.txt", i+1)), kept)
		same, err := e.Untouched()
		require.NoError(t, err)
		require.True(t, same)
	}
	require.Equal(t, "first", read(t, e.File("exercise.mine-1.txt")))
	require.Equal(t, "second", read(t, e.File("exercise.mine-2.txt")))

	kept, err := e.Reset()
	require.NoError(t, err)
	require.Empty(t, kept, "there was nothing to keep")
	require.NoError(t, os.Remove(e.Source()))
	kept, err = e.Reset()
	require.NoError(t, err)
	require.Empty(t, kept)
	require.FileExists(t, e.Source())
}

func TestProgressSurvives(t *testing.T) {
	e := copied(t)
	s := OpenStore(e.Root)
	now := time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	mine := []byte("package exercise")
	require.NoError(t, os.WriteFile(e.Source(), mine, 0o644))
	passed := Result{State: Passed, Tests: []Test{{Name: "TestA", Action: "pass"}}}
	require.NoError(t, s.Checked(e, mine, passed, now))
	require.NoError(t, s.Keep(e, mine))

	state := func() (Record, State) {
		records, err := s.Records()
		require.NoError(t, err)
		now, err := records[e.Folder].Now(e)
		require.NoError(t, err)
		return records[e.Folder], now
	}
	r, is := state()
	require.Equal(t, Passed, is)
	require.Equal(t, 1, r.Checks)

	require.NoError(t, os.WriteFile(e.Source(), []byte("package exercise // more"), 0o644))
	_, is = state()
	require.Equal(t, Edited, is)
	require.NoError(t, s.Checked(e, []byte("package exercise // more"), Result{State: Failed, Mistake: &Mistake{Name: "x"}}, now))
	r, is = state()
	require.Equal(t, Failed, is)
	require.Equal(t, "x", r.Mistake)
	require.Equal(t, 2030, r.Passed.Year(), "what has passed has passed")
	require.NoError(t, os.Remove(e.Source()))
	_, is = state()
	require.Equal(t, Missing, is)
	require.Equal(t, string(mine), read(t, s.LastKept(e)))

	t.Run("a file that cannot be understood is set aside", func(t *testing.T) {
		name := filepath.Join(e.Root, ".netlessons", "progress.json")
		require.NoError(t, os.WriteFile(name, []byte("{half"), 0o644))
		err := s.Checked(e, mine, passed, now)
		require.ErrorContains(t, err, "progress begins anew")
		aside, err := filepath.Glob(name + ".broken-*")
		require.NoError(t, err)
		require.Len(t, aside, 1)
		require.Equal(t, "{half", read(t, aside[0]))
		r, _ := state()
		require.Equal(t, 1, r.Checks)
	})
}

func TestTheSameFileIsKeptOnce(t *testing.T) {
	e := copied(t)
	s := OpenStore(e.Root)
	for _, text := range []string{"a", "b", "a", "b", "c"} {
		require.NoError(t, s.Keep(e, []byte(text)))
	}
	files, err := os.ReadDir(filepath.Join(e.Root, ".netlessons", "kept", e.Folder))
	require.NoError(t, err)
	require.Len(t, files, 3)
	require.Equal(t, "c", read(t, s.LastKept(e)))
}

func TestHintsGoUpTheLadder(t *testing.T) {
	ladder := []Hint{{}, {After: []string{"x", "y"}}, {After: []string{"z"}}}
	for _, tt := range []struct {
		name   string
		record Record
		want   int
		wantOK bool
	}{
		{"the first comes first", Record{}, 0, true},
		{"then the next", Record{Hints: 1}, 1, true},
		{"what was seen picks the first", Record{Mistake: "z"}, 2, true},
		{"once: then it goes on", Record{Mistake: "y", Hinted: "y", Hints: 2}, 2, true},
		{"a new mistake may lead down again", Record{Mistake: "x", Hinted: "z", Hints: 3}, 1, true},
		{"a mistake without a step of its own goes on", Record{Mistake: "other", Hints: 1}, 1, true},
		{"after the last there is none", Record{Hints: 3}, 3, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i, ok := tt.record.NextHint(ladder)
			require.Equal(t, tt.want, i)
			require.Equal(t, tt.wantOK, ok)
		})
	}
}

func TestAReportTellsEveryStudentsStand(t *testing.T) {
	e := lesson6(t)
	var copies []Copy
	for _, student := range []string{"good", "wrong", "tampered", "idle", "idle since long", "gone"} {
		dir := t.TempDir()
		copies = append(copies, Copy{student, dir})
		source := map[string]string{
			"good": e.Solution(), "wrong": e.File("testdata", "mistakes", "nothing-done", "exercise.go"),
			"tampered": e.File("testdata", "mistakes", "nothing-done", "exercise.go"), "idle": e.Start(),
		}[student]
		folder := filepath.Join(dir, "lessons", e.Folder)
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, IsCopy(dir))
		if source != "" {
			require.NoError(t, os.WriteFile(filepath.Join(folder, "exercise.go"), []byte(read(t, source)), 0o644))
		}
		if student == "idle since long" {
			for _, name := range []string{"exercise.go", "testdata/start/exercise.go"} {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("package exercise // old"), 0o644))
			}
		}
		if student == "tampered" {
			lie := "package exercise\n\nimport \"testing\"\n\nfunc TestAll(t *testing.T) {}\n"
			require.NoError(t, os.WriteFile(filepath.Join(folder, "exercise_test.go"), []byte(lie), 0o644))
		}
	}
	require.ErrorContains(t, IsCopy(t.TempDir()), "no working copy of the course")

	rows, err := Report(t.Context(), []Exercise{e}, copies, false, 2)
	require.NoError(t, err)
	var stands []string
	for _, r := range rows {
		stands = append(stands, fmt.Sprintf("%s: %s, %t, %s", r.Student, r.State, r.Passed, r.Mistake))
	}
	require.Empty(t, cmp.Diff([]string{
		"good: passed, true, ", "wrong: failed, false, nothing-done", "tampered: failed, false, nothing-done",
		"idle: not started, false, ", "idle since long: not started, false, ", "gone: missing, false, ",
	}, stands))
	require.Equal(t, rows[0].Tests, rows[0].Good)
	require.Positive(t, rows[0].Tests)

	for format, want := range map[string]string{
		"json":  `(?s)^\[\n  \{\n    "student": "good",.*"passed": true,.*"mistake": "nothing-done"`,
		"csv":   `(?s)^student,lesson,exercise,.*\ngood,6,06-udp-client-server,passed,true,\d,\d,,\nwrong,6,`,
		"junit": `(?s)^<\?xml .*<testsuite name="good" tests="1" failures="0" skipped="0">.*<failure message="failed: .*<skipped message="not started">`,
	} {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, Formats[format](&b, rows))
			require.Regexp(t, want, b.String())
		})
	}
}

// copied is the exercise of lesson 6 in a working copy of its own.
func copied(t *testing.T) Exercise {
	t.Helper()
	dir := t.TempDir()
	coursetest.Copy(t, root, dir)
	e := lesson6(t)
	e.Root = dir
	return e
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
