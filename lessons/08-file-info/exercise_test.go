package exercise_test

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	. "example.com/netlessons/lessons/08-file-info"
	"example.com/netlessons/lessons/internal/check"
)

//go:embed exercise.go
var source string

// An info is what os.Stat might return, on any system and for any user.
type info struct {
	name string
	mode fs.FileMode
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) Size() int64        { return i.size }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) Sys() any           { return nil }

func TestFactsOfTellsWhatInfoSays(t *testing.T) {
	check.Begin(t, source)
	const (
		notTheSize = "Size is info.Size(), in bytes"
		noContent  = "Size is that of content, and only a file has some: for a folder or a link the number means something else"
	)
	for _, tt := range []struct {
		name string
		info info
		want Facts
		kind string // the likely cause of another kind
		size string // and of another size
	}{
		{"a file", info{"hello.txt", 0o644, 6}, Facts{Name: "hello.txt", Kind: File, Size: 6},
			"info.Mode() holds the permissions too: ask mode.IsRegular()", notTheSize},
		{"an empty file", info{"empty", 0o600, 0}, Facts{Name: "empty", Kind: File}, "a file without content is a file", notTheSize},
		{"a folder", info{"photos", fs.ModeDir | 0o755, 4096}, Facts{Name: "photos", Kind: Folder},
			"info.Mode() holds the permissions too, so == does not find a folder: ask mode.IsDir()", noContent},
		{"a device", info{"tty", fs.ModeDevice | fs.ModeCharDevice | 0o600, 0}, Facts{Name: "tty", Kind: Other},
			"what is no folder need not be a file: ask mode.IsRegular()", noContent},
		{"a pipe", info{"pipe", fs.ModeNamedPipe | 0o600, 0}, Facts{Name: "pipe", Kind: Other},
			"what is no folder need not be a file: ask mode.IsRegular()", noContent},
		{"a symbolic link, as os.Lstat has it", info{"short", fs.ModeSymlink | 0o777, 9}, Facts{Name: "short", Kind: Link},
			"mode&fs.ModeSymlink is not 0 when os.Lstat tells about a link", noContent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			c.Step("calls FactsOf with Name %q, Mode %s, Size %d", tt.info.name, tt.info.mode, tt.info.size)
			got := FactsOf(tt.info)
			switch {
			case got == Facts{}:
				c.Equal(tt.want, got, "FactsOf does nothing; is the TODO still there?")
			case got.Name != tt.want.Name:
				c.Equal(tt.want, got, "Name is info.Name()")
			case got.Kind != tt.want.Kind:
				c.Equal(tt.want, got, tt.kind)
			default:
				c.Equal(tt.want, got, tt.size)
			}
		})
	}
}

func TestDescribeTellsAboutFilesAndFolders(t *testing.T) {
	check.Begin(t, source)
	const absolute = "(absolute)" // stands for a path that is known only later
	for _, tt := range []struct {
		name, path string
		want       Facts
		cause      string // of another name
	}{
		{"a file", "hello.txt", Facts{Name: "hello.txt", Kind: File, Size: 6}, "Name is info.Name()"},
		{"a file in a folder", filepath.Join("folder", "你好 again.txt"), Facts{Name: "你好 again.txt", Kind: File, Size: 3}, "Name is info.Name(), without the folders before it: not the path"},
		{"an absolute path", absolute, Facts{Name: "hello.txt", Kind: File, Size: 6}, "Name is info.Name(), without the folders before it: not the path"},
		{"a folder", "folder", Facts{Name: "folder", Kind: Folder}, "Name is info.Name()"},
		{"a folder, with a slash behind it", "folder/", Facts{Name: "folder", Kind: Folder}, "a path may end in a slash, and Windows has two kinds of it: do not cut the path yourself, info.Name() has the name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			dir := files(t)
			if tt.path == absolute {
				tt.path = filepath.Join(dir, "hello.txt")
			}
			got, err := describe(c, tt.path)
			c.NoError(err, "Describe returns an error about what is there; is the TODO still there?")
			if got.Name == tt.want.Name {
				tt.cause = "Describe tells what FactsOf says of os.Lstat's info; Link is true for links alone"
			}
			c.Equal(tt.want, got, tt.cause)
		})
	}
}

func TestDescribeFollowsLinks(t *testing.T) {
	check.Begin(t, source)
	for _, tt := range []struct {
		path  string
		want  Facts
		cause string // when the rest is right
	}{
		{"to-file", Facts{Name: "to-file", Kind: File, Size: 6, Link: true}, "Name is the link's, not that of what it leads to"},
		{"to-folder", Facts{Name: "to-folder", Kind: Folder, Link: true}, "a link may lead to a folder"},
		{"to-link", Facts{Name: "to-link", Kind: File, Size: 6, Link: true}, "a link may lead to a link: os.Stat follows them all"},
		{filepath.Join("folder", "neighbour"), Facts{Name: "neighbour", Kind: File, Size: 3, Link: true}, "Name is the link's, not that of what it leads to"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			c := check.Begin(t, source)
			files(t)
			if err := links(); err != nil {
				t.Log("not looked at here, for this system lets the user make no links: " + err.Error())
				return
			}
			got, err := describe(c, tt.path)
			c.NoError(err, "where a link leads to counts from the folder that the link is in: os.Stat(path) follows it as it should")
			switch {
			case got.Kind == Link:
				tt.cause = "Kind and Size are those of the link itself: ask os.Stat what it leads to"
			case !got.Link:
				tt.cause = "os.Stat follows a link and does not say so: ask os.Lstat first"
			}
			c.Equal(tt.want, got, tt.cause)
		})
	}
}

func TestDescribeReturnsAnErrorThatSaysWhy(t *testing.T) {
	check.Begin(t, source)
	const retold = "Describe tells the error anew and loses what is inside: return it as it is, or wrap it with %w"
	for _, tt := range []struct {
		name, path string
		is         error
		cause      string
	}{
		{"a missing file", "missing", fs.ErrNotExist, retold},
		{"a missing folder", filepath.Join("missing", "file"), fs.ErrNotExist, retold},
		{"an empty path", "", fs.ErrNotExist, retold},
		{"a broken link", "broken", ErrBrokenLink, "for a broken link os.Lstat succeeds and os.Stat does not: this is ErrBrokenLink"},
		{"a broken link, which is a missing file", "broken", fs.ErrNotExist, "the error of os.Stat is lost: fmt.Errorf takes %w twice, for ErrBrokenLink and for it"},
		{"a folder that may not be entered", filepath.Join("locked", "file"), fs.ErrPermission, retold},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			files(t)
			if err := links(); err != nil && tt.path == "broken" {
				t.Log("not looked at here, for this system lets the user make no links: " + err.Error())
				return
			}
			lock(t)
			if _, err := os.Lstat(tt.path); err == nil && tt.is == fs.ErrPermission {
				t.Log("not looked at here, for this user may enter every folder")
				return
			}
			got, err := describe(c, tt.path)
			if err == nil {
				c.Fail("an error", fmt.Sprintf("%+v", got), "Describe throws an error away; what is told then is about nothing")
			}
			c.ErrorIs(err, tt.is, tt.cause)
		})
	}
}

func TestOutcomeOfTellsErrorsApart(t *testing.T) {
	check.Begin(t, source)
	missing := &fs.PathError{Op: "lstat", Path: "missing", Err: syscall.ENOENT}
	denied := &fs.PathError{Op: "lstat", Path: "locked/file", Err: syscall.EACCES}
	const wrapped = "an error may be wrapped once more, and os.IsNotExist does not look into it: errors.Is does"
	for _, tt := range []struct {
		name  string
		err   error
		want  Outcome
		cause string
	}{
		{"no error", nil, Found, "no error is the outcome Found"},
		{"missing", missing, Missing, "os.Lstat returns a *fs.PathError with the reason inside, so == does not find it: errors.Is does"},
		{"missing, wrapped", fmt.Errorf("describe: %w", missing), Missing, wrapped},
		{"not allowed", denied, NotAllowed, "not every error means that something is missing: fs.ErrPermission is another one"},
		{"not allowed, wrapped", fmt.Errorf("describe: %w", denied), NotAllowed, wrapped},
		{"a broken link", fmt.Errorf("%w: %w", ErrBrokenLink, missing), BrokenLink, "an error may be two things at once: ask for ErrBrokenLink before fs.ErrNotExist, which it is too"},
		{"a broken link alone", fmt.Errorf("describe: %w", ErrBrokenLink), BrokenLink, wrapped},
		{"anything else", &fs.PathError{Op: "lstat", Path: "x", Err: errors.New("the disk is on fire")}, Failed, "what you do not know is Failed: do not guess"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := check.Begin(t, source)
			c.Step("calls OutcomeOf with the error: %v", tt.err)
			c.Equal(tt.want, OutcomeOf(tt.err), tt.cause)
		})
	}
}

// files goes to an empty folder and makes a file there, and two folders with a
// file in each.
func files(t *testing.T) (dir string) {
	dir = t.TempDir()
	t.Chdir(dir)
	err := errors.Join(
		os.WriteFile("hello.txt", []byte("hello\n"), 0o644),
		os.Mkdir("folder", 0o755), os.WriteFile(filepath.Join("folder", "你好 again.txt"), []byte("abc"), 0o644),
		os.Mkdir("locked", 0o755), os.WriteFile(filepath.Join("locked", "file"), nil, 0o644),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// links makes links to what files has made, and a broken one.
func links() error {
	return errors.Join(
		os.Symlink("hello.txt", "to-file"), os.Symlink("folder", "to-folder"), os.Symlink("to-file", "to-link"),
		os.Symlink("你好 again.txt", filepath.Join("folder", "neighbour")), os.Symlink("gone", "broken"),
	)
}

// lock lets nobody but root enter the folder locked.
func lock(t *testing.T) {
	if err := os.Chmod("locked", 0); err != nil {
		t.Fatal(err)
	}
	locked, err := filepath.Abs("locked")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(locked, 0o755) })
}

// describe calls Describe, and tells of the panic that an unchecked error makes.
func describe(c *check.Check, path string) (facts Facts, err error) {
	c.Step("calls Describe(%q)", path)
	defer func() {
		p := recover()
		switch {
		case p == nil:
			return
		case !strings.Contains(fmt.Sprint(p), "nil pointer"):
			panic(p) // with the line where it happened
		}
		c.Fail("an error", fmt.Sprint("panic: ", p), "os.Stat and os.Lstat return a nil info with their error: look at the error before you use info")
	}()
	return Describe(path)
}
