// Package exercise is lesson 7: what a program is given on its command line,
// read by hand and then with package flag. Fill in what says TODO.
//
//	$ greet -n 2 ana "bo li"
//
//	list  [0]     [1]   [2]  [3]    [4]
//	      "greet" "-n"  "2"  "ana"  "bo li"
package exercise

import (
	"errors"
	"io"
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

var errTODO = errors.New("TODO: still to be written")

// ByHand reads list, which is os.Args or made like it, without package flag. A
// flag that it does not know, a value that is missing or is no number: each is
// an error that names the flag. Notes [args].
func ByHand(list []string) (Options, error) {
	// TODO: which element is not an argument?
	// TODO: take the flags one by one, some with a value behind them.
	// TODO: keep the rest as words.
	return Options{}, errTODO
}

// ByFlag does the same with a flag.FlagSet, which writes its messages and its
// help to output. For -h it returns flag.ErrHelp. It never ends the program.
func ByFlag(list []string, output io.Writer) (Options, error) {
	// TODO: make a FlagSet, tell it the three flags, and let it parse.
	return Options{}, errTODO
}
