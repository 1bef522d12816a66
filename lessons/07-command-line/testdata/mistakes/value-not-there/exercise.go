// want: "behind the last element there is none: look at the length before you take list[i+1]"
// zh: "最后一个元素后面什么也没有：取 list[i+1] 之前先看长度"

// Package exercise is lesson 7: what a program is given on its command line,
// read by hand and then with package flag.
//
//	$ greet -n 2 ana "bo li"
//
//	list  [0]     [1]   [2]  [3]    [4]
//	      "greet" "-n"  "2"  "ana"  "bo li"
package exercise

import (
	"flag"
	"fmt"
	"io"
	"strconv"
)

// Options is what the command line of the program greet asks for:
//
//	greet [-name NAME] [-n N] [-v] [--] [WORD ...]
//
// The flags come first, in any order. What follows -name or -n is its value,
// whatever it looks like. The first element that is no flag ends them: it and
// all behind it are words, and so is what is behind a "--". A flag begins with
// "-" and has more than that.
type Options struct {
	Name    string   // "nobody" if it is not given
	N       int      // 1 if it is not given
	Verbose bool     // whether -v is there
	Words   []string // what follows the flags
}

// ByHand reads list, which is os.Args or made like it, without package flag. A
// flag that it does not know, a value that is missing or is no number: each is
// an error that names the flag. Notes [args].
func ByHand(list []string) (Options, error) {
	o := Options{Name: "nobody", N: 1}
	args := list[min(1, len(list)):] // element 0 is the program
	for len(args) > 0 {
		name := args[0]
		if len(name) < 2 || name[0] != '-' { // an element may be empty
			break
		}
		args = args[1:]
		switch name {
		case "--":
			o.Words = args
			return o, nil
		case "-v":
			o.Verbose = true
			continue
		case "-name", "-n":
		default:
			return Options{}, fmt.Errorf("there is no flag %s; there are -name, -n and -v", name)
		}

		// The flag has a value, which is the next element.
		value := args[0]
		args = args[1:]
		if name == "-name" {
			o.Name = value
			continue
		}
		var err error
		if o.N, err = strconv.Atoi(value); err != nil {
			return Options{}, fmt.Errorf("-n wants a number: %w", err)
		}
	}
	o.Words = args
	return o, nil
}

// ByFlag does the same with a flag.FlagSet, which writes its messages and its
// help to output. For -h it returns flag.ErrHelp. It never ends the program.
func ByFlag(list []string, output io.Writer) (Options, error) {
	var o Options
	fs := flag.NewFlagSet("greet", flag.ContinueOnError) // whoever calls decides what an error means
	fs.SetOutput(output)
	fs.StringVar(&o.Name, "name", "nobody", "whom to greet")
	fs.IntVar(&o.N, "n", 1, "how often")
	fs.BoolVar(&o.Verbose, "v", false, "say more")
	if err := fs.Parse(list[min(1, len(list)):]); err != nil {
		return Options{}, err
	}
	o.Words = fs.Args()
	return o, nil
}
