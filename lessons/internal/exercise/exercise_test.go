package exercise

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/lessons/internal/course"
)

const (
	root         = "../../.."
	mistakesEach = 5
	hintsEach    = 3
)

// This is the proof of every exercise: as it was shipped its check does not
// pass, its solution passes, and each of its mistakes fails with the sentence
// that helps. It never looks at exercise.go itself, which is the student's.
func TestEveryExerciseIsProven(t *testing.T) {
	all, err := All(root)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	check := inBackground(t)
	for _, e := range all {
		t.Run(e.Folder, func(t *testing.T) {
			if !needsProof(t, e, e.Folder) {
				return
			}
			start, solution := check(e, e.Start()), check(e, e.Solution())
			mistakes, err := e.Mistakes()
			require.NoError(t, err)
			var names []string
			var wrong []func(*testing.T) Result
			for _, m := range mistakes {
				names, wrong = append(names, m.Name), append(wrong, check(e, m.File))
			}
			t.Parallel() // which lets all checks begin first
			t.Run("as shipped it compiles and is not started", func(t *testing.T) {
				res := start(t)
				require.Equal(t, NotStarted, res.State, "%s", res.Text())
				require.NotEmpty(t, res.Tests)
			})
			t.Run("the solution passes", func(t *testing.T) {
				res := solution(t)
				require.Equal(t, Passed, res.State, "%s", res.Text())
				passed, all := res.Count()
				require.Positive(t, passed, "a check that ran nothing proves nothing")
				require.Equal(t, all, passed)
			})

			for i, m := range mistakes {
				t.Run("the mistake "+m.Name+" gets its own sentence", func(t *testing.T) {
					res := wrong[i](t)
					require.NotContains(t, []State{NotStarted, DoesNotCompile, RanNothing, Passed}, res.State, "%s", res.Text())
					require.Contains(t, res.Text(), m.Want)
					require.Equal(t, m.Name, res.Mistake.Name, "which sentence comes first in:\n%s", res.Text())
				})
			}
			t.Run("it has mistakes enough, and the one of doing nothing", func(t *testing.T) {
				require.GreaterOrEqual(t, len(mistakes), mistakesEach)
				require.Contains(t, names, "nothing-done")
			})
			t.Run("its hints stand in both languages", func(t *testing.T) {
				en, err := e.Hints("en")
				require.NoError(t, err)
				zh, err := e.Hints("zh")
				require.NoError(t, err)
				require.GreaterOrEqual(t, len(en), hintsEach)
				require.Len(t, zh, len(en))
				for i := range en {
					require.NotEmpty(t, en[i].Text)
					require.NotEmpty(t, zh[i].Text)
					require.Equal(t, en[i].After, zh[i].After, "step %d", i+1)
					for _, name := range en[i].After {
						require.True(t, slices.Contains(names, name), "step %d: there is no mistake %q", i+1, name)
					}
				}
			})
		})
	}
}

var again = flag.Bool("again", false, "prove what has not changed since it was proven")

// needsProof reports whether e, or anything that its checks depend on, has
// changed since t passed here, and remembers under name if t passes. The proof
// of all takes a minute; like a test's result it is good until then.
func needsProof(t *testing.T, e Exercise, name string) bool {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), HasRace(t.Context()))
	for _, dir := range []string{"lessons/" + e.Folder, "lessons/internal/check", "lessons/internal/exercise", "netlab",
		"lessons/go.mod", "lessons/go.sum", "go.work"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(e.Root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "README") {
				return err
			}
			text, err := os.ReadFile(path)
			fmt.Fprintf(sum, "%s %x\n", path, sha256.Sum256(text))
			return err
		}))
	}
	proof := filepath.Join(e.Root, "bin", "proven", name)
	want := fmt.Sprintf("%x", sum.Sum(nil))
	if got, err := os.ReadFile(proof); err == nil && string(got) == want && !*again {
		t.Log("proven before; nothing has changed since")
		return false
	}
	parts := flag.Lookup("test.run").Value.String() + flag.Lookup("test.skip").Value.String()
	part := strings.Count(parts, "/") > strings.Count(t.Name(), "/") // of t, which proves nothing
	t.Cleanup(func() {
		if !t.Failed() && !part {
			require.NoError(t, os.MkdirAll(filepath.Dir(proof), 0o755))
			require.NoError(t, os.WriteFile(proof, []byte(want), 0o644))
		}
	})
	return true
}

func TestEveryLessonHasAnExercise(t *testing.T) {
	all, err := All(root)
	require.NoError(t, err)
	var with []string
	for _, e := range all {
		with = append(with, e.Folder)
	}
	for _, l := range course.Lessons {
		require.Contains(t, with, l.Folder)
	}
}

// inBackground returns a function that begins a check, for a solution also
// under the race detector. What that returns waits
// for the result. A few more run at a time than there are processors, since a
// mistake that hangs only waits.
func inBackground(t *testing.T) func(e Exercise, source string) func(*testing.T) Result {
	slots := make(chan bool, runtime.GOMAXPROCS(0)+2)
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	return func(e Exercise, source string) func(*testing.T) Result {
		var res Result
		var err error
		done := make(chan bool)
		running.Go(func() {
			slots <- true
			defer func() { <-slots }()
			defer close(done)
			res, err = e.Check(t.Context(), Options{source, source == e.Solution() && HasRace(t.Context())})
		})
		return func(t *testing.T) Result {
			t.Helper()
			<-done
			require.NoError(t, err)
			return res
		}
	}
}
