package cmdargs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"text/tabwriter"
	"time"
)

// Describe prints what os.Stat tells about the file at path. A symbolic link
// is shown with its target, and described by the file that it leads to. A path
// that cannot be described is an error that says what to do. Notes [stat].
func Describe(w io.Writer, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return explain(path, err)
	}

	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, path)
	if target, err := os.Readlink(path); err == nil {
		fmt.Fprintf(tw, "  link to\t%s\tof which all that follows is told\n", target)
	}
	fmt.Fprintf(tw, "  Name\t%s\twithout the folders before it\n", info.Name())
	fmt.Fprintf(tw, "  Size\t%d bytes\t%s\n", info.Size(), sizeNote(info))
	fmt.Fprintf(tw, "  Mode\t%s\tkind, and permissions of owner, group, others\n", info.Mode())
	fmt.Fprintf(tw, "  ModTime\t%s\tof the last change of its content\n", info.ModTime().Format(time.DateTime))
	fmt.Fprintf(tw, "  IsDir\t%t\n", info.IsDir())
	return tw.Flush()
}

func sizeNote(info fs.FileInfo) string {
	switch {
	case info.IsDir():
		return "of the folder itself, not of what is in it"
	case info.Mode().IsRegular() && info.Size() == 0:
		return "an empty file"
	case info.Mode().IsRegular():
		return "of its content"
	default:
		return "means nothing here: this is no regular file"
	}
}

// explain adds to an error of os.Stat what it means and what to do.
func explain(path string, err error) error {
	target, linkErr := os.Readlink(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && linkErr == nil:
		return fmt.Errorf("%w; it is a link to %s, which is not there: remove it or make its target", err, target)
	case path == "":
		return fmt.Errorf("%w; the path is empty: check the spelling, and the folder you are in", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; check the spelling, and the folder you are in", err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w; something on the way is a file, not a folder: check the spelling", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; a folder on the way may not be entered: ask its owner, or name another path", err)
	}
	return err
}
