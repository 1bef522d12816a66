package cmdargs_test

import (
	"os"

	"example.com/netlessons/cmdargs"
)

func ExampleList() {
	cmdargs.List(os.Stdout, []string{"./args", "-n", "2", "one"})
	// Output:
	// os.Args has 4 elements:
	//   [0] "./args"
	//   [1] "-n"
	//   [2] "2"
	//   [3] "one"
	//
	// [0] is the program: what was typed, or what another program gave, to start it;
	// under `go run` it is a file in a folder of its own.
}
