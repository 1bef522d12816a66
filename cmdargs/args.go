package cmdargs

import (
	"fmt"
	"io"
	"regexp"
)

// List prints each element of list, which is os.Args or made like it, with its
// index, and what element 0 is. Notes [args].
func List(w io.Writer, list []string) {
	fmt.Fprintf(w, "os.Args has %d elements:\n", len(list))
	for i, arg := range list {
		fmt.Fprintf(w, "  [%d] %q\n", i, arg)
	}
	if len(list) > 0 {
		fmt.Fprintf(w, "\n[0] is the program: %s.\n", origin(list[0]))
	}
}

// byGoRun matches the folders of go run: a temporary one, or the build cache.
var byGoRun = regexp.MustCompile(`[/\\](go-build\d+[/\\]b001[/\\]exe|[0-9a-f]{64}-d)[/\\]`)

// origin says where a program with this element 0 comes from.
func origin(arg0 string) string {
	if byGoRun.MatchString(arg0) {
		return "a file that `go run` has built in a folder of its own;\na built program finds here what was typed to start it"
	}
	return "what was typed, or what another program gave, to start it;\nunder `go run` it is a file in a folder of its own"
}
