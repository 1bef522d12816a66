package check

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

var spins uint

// As the tests of an exercise would be, run in a process of their own.
func TestExercise(t *testing.T) {
	how := os.Getenv("CHECK_TEST")
	if how == "" {
		t.Chdir(t.TempDir())
		require.NoError(t, os.MkdirAll("testdata/start", 0o755))
		require.NoError(t, os.WriteFile("testdata/start/exercise.go", []byte("a\r\nb\r\n"), 0o644))
		for _, tt := range []struct{ name, how, want string }{
			{"an untouched exercise is not started", "a\nb\n", `not started: exercise\.go is as it was shipped; .*\n--- SKIP: TestExercise`},
			{"a wrong value is told with its steps and its cause", "equal",
				`(?s)What the check did:\n +1\. asks "x"\n +2\. reads the answer\n +Expected: "x"\n +Got: +"y"\n +Likely cause: it answers something else`},
			{"a long value is cut", "long", `Got: +"z{60}" … \(70000 bytes\)`},
			{"an error is told", "error", `(?s)Expected: no error\n +Got: +file does not exist\n +Likely cause: no file`},
			{"another error than the wanted one is told", "another", `(?s)Expected: the error file does not exist\n +Got: +boom\n +Likely cause: another`},
			{"a hang is cut, and its step named", "hang", `(?s)it hangs in step 1: waits\nLikely cause: nobody writes`},
			{"a busy loop is cut too", "busy", `(?s)it hangs in step 1: runs\nLikely cause: a loop that does not end`},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				cmd := exec.Command(os.Args[0], "-test.run=^TestExercise$", "-test.v", "-test.timeout=1m")
				cmd.Env = append(os.Environ(), "CHECK_TEST="+tt.how)
				out, err := cmd.CombinedOutput()
				require.Equal(t, tt.how == "a\nb\n", err == nil, "%s", out)
				require.Regexp(t, tt.want, string(out))
			})
		}
		return
	}
	c := Begin(t, how)
	switch how {
	case "equal":
		c.Step("asks %q", "x")
		c.Equal("x", "x", "")
		c.Step("reads the answer")
		c.Equal([]byte("x"), []byte("y"), "it answers something else")
	case "long":
		z := make([]byte, 70_000)
		for i := range z {
			z[i] = 'z'
		}
		c.Equal("", string(z), "")
	case "error":
		c.NoError(nil, "")
		c.NoError(fs.ErrNotExist, "no file")
	case "another":
		c.ErrorIs(fs.ErrNotExist, fs.ErrNotExist, "")
		c.ErrorIs(errors.New("boom"), fs.ErrNotExist, "another")
	case "hang":
		c.IfItHangs("nobody writes")
		c.Step("waits")
		<-make(chan int)
	case "busy":
		c.Step("runs")
		for {
			spins++
		}
	}
}
