package exercise_test

import (
	"cmp"
	_ "embed"
	"flag"
	"fmt"
	"strings"
	"testing"

	. "example.com/netlessons/lessons/07-command-line"
	"example.com/netlessons/lessons/internal/check"
)

//go:embed exercise.go
var source string

// lines are command lines that both functions understand alike. What is not
// said otherwise is by itself.
var lines = []struct {
	name   string
	list   []string
	want   Options
	byHand string // the likely cause of another answer
	byFlag string
}{
	{"words alone", []string{"greet", "ana", "bo"}, Options{Words: []string{"ana", "bo"}},
		"element 0 is the program, not an argument: begin with element 1",
		"Parse gets the arguments without the program, list[1:]; the program's name is no flag and would end the flags at once"},
	{"the program alone", []string{"greet"}, Options{},
		"a program without arguments is no error", "a program without arguments is no error"},
	{"a flag without a value", []string{"greet", "-v"}, Options{Verbose: true},
		"-v has no value: that it is there is what it says", "-v is a Bool flag"},
	{"a flag with a value", []string{"greet", "-name", "ana"}, Options{Name: "ana"},
		"the value of a flag is the element behind it, and no word any more: step over it", "-name is a String flag"},
	{"a number", []string{"greet", "-n", "3", "ana"}, Options{N: 3, Words: []string{"ana"}},
		"the value of a flag is the element behind it, and no word any more: step over it", "-n is an Int flag"},
	{"all flags, in another order", []string{"greet", "-v", "-n", "-3", "-name", "ana", "bo"}, Options{Name: "ana", N: -3, Verbose: true, Words: []string{"bo"}},
		"the flags may come in any order, so none has a fixed index", "each of the three flags is to be told to the FlagSet"},
	{"an element with a space", []string{"greet", "bo li", "-"}, Options{Words: []string{"bo li", "-"}},
		"an element stays whole: the shell has already split the line, and by other rules than spaces", "what is left after the flags is fs.Args()"},
	{"an empty element", []string{"greet", "", "ana"}, Options{Words: []string{"", "ana"}},
		`an element may be empty, as "" is in a shell: it is a word, and it has no first byte`, "what is left after the flags is fs.Args()"},
	{"a flag behind a word", []string{"greet", "ana", "-v"}, Options{Words: []string{"ana", "-v"}},
		"the first word ends the flags; what looks like a flag behind it is a word too", "what is left after the flags is fs.Args()"},
	{"two dashes", []string{"greet", "-v", "--", "-n", "--"}, Options{Verbose: true, Words: []string{"-n", "--"}},
		`"--" ends the flags and is itself no word; what follows it is, even another "--"`, "what is left after the flags is fs.Args()"},
	{"a value that looks like a flag", []string{"greet", "-name", "-v"}, Options{Name: "-v"},
		"what follows -name is its value, whatever it looks like", "-name is a String flag"},
	{"no program", nil, Options{},
		"the list may be empty, for the one who starts a program says what is in it: list[1:] then panics",
		"the list may be empty, for the one who starts a program says what is in it: list[1:] then panics"},
}

// wrong are command lines that both functions refuse.
var wrong = []struct {
	name   string
	list   []string
	flag   string // is to be in the error
	panics string // the likely cause of a panic
	cause  string // and of no error
}{
	{"an unknown flag", []string{"greet", "-x", "ana"}, "-x", "", "an element that looks like a flag and is none of yours is an error, not a word: it is often a slip of the finger"},
	{"a value that is missing", []string{"greet", "-v", "-n"}, "-n",
		"behind the last element there is none: look at the length before you take list[i+1]", "a flag whose value is missing is an error"},
	{"a name that is missing", []string{"greet", "-name"}, "-name",
		"behind the last element there is none: look at the length before you take list[i+1]", "a flag whose value is missing is an error"},
	{"a number that is none", []string{"greet", "-n", "two"}, "-n", "", "strconv.Atoi says with an error that it got no number, and gives 0: do not throw the error away"},
}

func TestByHandReadsTheList(t *testing.T) {
	check.Begin(t, source)
	for _, tt := range lines {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			c.Step("calls ByHand(%q)", tt.list)
			got, err := run(c, tt.byHand, func() (Options, error) { return ByHand(tt.list) })
			mustBe(c, "ByHand", tt.want, got, err, tt.byHand)
		})
	}
}

func TestByHandRefusesWhatItCannotRead(t *testing.T) {
	check.Begin(t, source)
	for _, tt := range wrong {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			c.Step("calls ByHand(%q)", tt.list)
			got, err := run(c, tt.panics, func() (Options, error) { return ByHand(tt.list) })
			if err == nil {
				c.Fail("an error", told(got), tt.cause)
			}
			if !strings.Contains(err.Error(), tt.flag) {
				c.Fail("an error that says "+tt.flag, err.Error(), "the error does not name the flag, so that the user cannot know which one is meant")
			}
		})
	}
}

func TestByFlagReadsTheList(t *testing.T) {
	check.Begin(t, source)
	for _, tt := range lines {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			byFlag(c, tt.list, tt.want, tt.byFlag)
		})
	}
	for _, list := range [][]string{{"greet", "-n=2", "-v=true"}, {"greet", "--n", "2", "--v"}} {
		c := check.Begin(t, source)
		byFlag(c, list, Options{N: 2, Verbose: true}, "package flag takes -n=2 and --n too; ByFlag is to leave the reading to it")
	}
}

// This comes before the command lines that ByFlag refuses: a FlagSet that ends
// the program on an error does so with status 0 for -h, and that a test can hear
// of.
func TestByFlagHelps(t *testing.T) {
	c := check.Begin(t, source)
	list := []string{"greet", "-h"}
	var output strings.Builder
	c.Step("calls ByFlag(%q, output)", list)
	got, err := run(c, "the FlagSet ends the whole program: with flag.ContinueOnError it returns the error instead", func() (Options, error) { return ByFlag(list, &output) })
	if err == nil {
		c.Fail("flag.ErrHelp", told(got), "ByFlag throws away the error of Parse")
	}
	c.ErrorIs(err, flag.ErrHelp, "-h is an error of Parse, flag.ErrHelp; return it as it is")
	for _, name := range []string{"-name", "-n", "-v"} {
		if !strings.Contains(output.String(), name) {
			c.Fail("output says what "+name+" is for", fmt.Sprintf("%q", output.String()), "the FlagSet does not write to output (SetOutput), or does not know this flag")
		}
	}
}

func TestByFlagRefusesWhatItCannotRead(t *testing.T) {
	check.Begin(t, source)
	for _, tt := range wrong {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			var output strings.Builder
			c.Step("calls ByFlag(%q, output)", tt.list)
			got, err := run(c, "", func() (Options, error) { return ByFlag(tt.list, &output) })
			if err == nil {
				c.Fail("an error", told(got), "ByFlag throws away the error of Parse")
			}
		})
	}
}

func byFlag(c *check.Check, list []string, want Options, cause string) {
	var output strings.Builder
	c.Step("calls ByFlag(%q, output)", list)
	got, err := run(c, cause, func() (Options, error) { return ByFlag(list, &output) })
	if len(want.Words) > 0 && len(got.Words) == 0 && got.Name != "" {
		cause = "the words are lost: fs.Args() has them, and flag.Args() or os.Args those of another command line"
	}
	mustBe(c, "ByFlag", want, got, err, cause)
}

// run calls f, and tells of a panic with its likely cause.
func run(c *check.Check, cause string, f func() (Options, error)) (o Options, err error) {
	defer func() {
		p := recover()
		text := fmt.Sprint(p)
		switch {
		case p == nil:
			return
		case strings.Contains(text, "flag redefined"):
			cause = "the flags go into flag.CommandLine, of which the program has one: make a FlagSet of its own in each call"
		case cause == "" || !strings.Contains(text, "out of range") && !strings.Contains(text, "os.Exit"):
			panic(p) // with the line where it happened
		}
		c.Fail("it returns", "panic: "+text, cause)
	}()
	return f()
}

// mustBe ends the test if got is not want, in which "" and 0 stand for what a
// flag is by itself.
func mustBe(c *check.Check, name string, want, got Options, err error, cause string) {
	want.Name, want.N = cmp.Or(want.Name, "nobody"), cmp.Or(want.N, 1)
	if err == nil && told(got) == told(want) {
		return
	}
	came := told(got)
	switch {
	case err != nil:
		came = "the error " + err.Error()
	case told(got) == told(Options{}):
		cause = name + " does nothing; is the TODO still there?"
	case got.Name == "" || got.N == 0:
		cause = "a flag that is not given has a value all the same: \"nobody\" for -name, and 1 for -n"
	}
	c.Fail(told(want), came, cause)
}

func told(o Options) string {
	return fmt.Sprintf("Name %q, N %d, Verbose %t, Words %q", o.Name, o.N, o.Verbose, o.Words)
}
