// Package cmdargs shows what a program is given on its command line, and what
// it can learn about the files that are named there. Notes [args] and [stat].
//
//	go run  ./cmd/args  -n  2    one
//	        │           │   │    │
//	os.Args [0]         [1] [2]  [3]
//	        the program ──── what follows it ────
//
// The shell splits the line into elements and takes its own signs away, such
// as quotes. The program gets the elements; flag gives them a meaning.
package cmdargs
