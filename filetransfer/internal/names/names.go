// Package names knows what file systems take as the name of a file.
package names

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Max is the longest file name, in bytes, on most systems.
const Max = 255

// WindowsTakes knows devices such as NUL, streams such as a.txt:b, and what
// Windows does not allow at all or cuts off. It is meant to be asked on Windows.
func WindowsTakes(name string) bool {
	return filepath.IsLocal(name) && !strings.ContainsAny(name, `<>"|?*`) && strings.TrimRight(name, ". ") == name
}

// Numbered returns "report (2).txt" for "report.txt" and 2, in at most [Max]
// bytes, and the name itself for 0.
func Numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if stem == "" || len(ext) > 20 { // ".profile", or a full stop in a long title
		stem, ext = name, ""
	}
	end := fmt.Sprintf(" (%d)%s", n, ext)
	stem = stem[:min(len(stem), Max-len(end))]
	return strings.ToValidUTF8(stem, "") + end // the cut may have left half a character
}
