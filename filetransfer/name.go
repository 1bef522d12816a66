package filetransfer

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/netlessons/filetransfer/internal/names"
)

const (
	nameTimeout = 10 * time.Second      // for a sender that connects and says nothing
	nameGap     = 20 * time.Millisecond // the silence that ends a name
)

// readName reads the name, of which begun has already been read. Nothing marks
// its end, but the sender now waits for "ok": so a short silence is its end, and
// a name that comes in pieces is put together.
func readName(conn net.Conn, begun []byte) (string, error) {
	buf := make([]byte, names.Max+1) // one byte more shows that there was more
	n, wait := copy(buf, begun), nameTimeout
	if n > 0 {
		wait = nameGap
	}
	for n < len(buf) {
		if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return "", err
		}
		m, err := conn.Read(buf[n:])
		n, wait = n+m, nameGap
		if n > 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read name: got %q, then: %w", buf[:n], err)
		}
	}
	if err := checkName(string(buf[:n])); err != nil {
		return "", err
	}
	return string(buf[:n]), conn.SetReadDeadline(time.Time{})
}

// checkFile says why a file cannot be sent.
func checkFile(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file; name the files to send one by one")
	}
	return checkName(info.Name())
}

// checkName says what is wrong with a name that must not be used for a file.
// What a sender calls a name may be content too: see the package comment.
func checkName(name string) error {
	const together = "; did the content come together with the name?"
	switch {
	case len(name) > names.Max:
		return fmt.Errorf("file name %q... is longer than %d bytes%s", name[:20], names.Max, together)
	case !utf8.ValidString(name):
		return fmt.Errorf("file name %q is not UTF-8%s", name, together)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("file name %q holds control characters%s", name, together)
	case name == ".", name == "..", strings.ContainsAny(name, `/\`):
		return fmt.Errorf("file name %q leads to another folder; send the bare name", name)
	case runtime.GOOS == "windows" && !names.WindowsTakes(name):
		return fmt.Errorf("file name %q cannot be used on Windows", name)
	}
	return nil
}
