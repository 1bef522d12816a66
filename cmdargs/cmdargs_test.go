package cmdargs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/cmdargs"
)

func TestListShowsEachElementWithItsIndex(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		list []string
		want string
	}{
		{"the program alone", []string{"./args"}, `os.Args has 1 elements:
  [0] "./args"

[0] is the program: what was typed, or what another program gave, to start it;
under ` + "`go run`" + ` it is a file in a folder of its own.
`},
		{"elements with spaces, nothing, and signs in them", []string{"args", "two words", "", "-n=2", "你好"}, `os.Args has 5 elements:
  [0] "args"
  [1] "two words"
  [2] ""
  [3] "-n=2"
  [4] "你好"

[0] is the program: what was typed, or what another program gave, to start it;
under ` + "`go run`" + ` it is a file in a folder of its own.
`},
		{"a program that go run has built", []string{"/tmp/go-build1/b001/exe/args"}, `os.Args has 1 elements:
  [0] "/tmp/go-build1/b001/exe/args"

[0] is the program: a file that ` + "`go run`" + ` has built in a folder of its own;
a built program finds here what was typed to start it.
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			cmdargs.List(&out, tt.list)
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDescribeShowsWhatStatTells(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	day := time.Date(2026, 1, 2, 15, 4, 5, 0, time.Local)
	require.NoError(t, os.Mkdir("folder", 0o755))
	require.NoError(t, os.WriteFile("folder/你好.txt", []byte("hello\n"), 0o644))
	require.NoError(t, os.WriteFile("empty", nil, 0o644))
	require.NoError(t, os.WriteFile("secret", []byte("nobody may read me"), 0o644))
	require.NoError(t, os.Chmod("secret", 0))
	for _, path := range []string{"folder/你好.txt", "empty", "folder"} {
		require.NoError(t, os.Chtimes(path, day, day))
	}
	for _, tt := range []struct {
		name, path string
		want       []string
	}{
		{"a file, by its name without the folders", "folder/你好.txt",
			[]string{"Name 你好.txt without", "Size 6 bytes of its content", "ModTime 2026-01-02 15:04:05 of", "IsDir false"}},
		{"the same by an absolute path", filepath.Join(dir, "folder", "你好.txt"), []string{"Name 你好.txt without", "Size 6 bytes"}},
		{"a folder", "folder", []string{"Name folder", "bytes of the folder itself", "Mode d", "IsDir true"}},
		{"an empty file", "empty", []string{"Size 0 bytes an empty file"}},
		{"a file that may not be read, but described", "secret", []string{"Size 18 bytes"}},
		{"what is no file on the disk", os.DevNull, []string{"this is no regular file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			require.NoError(t, cmdargs.Describe(&out, tt.path))
			require.Subset(t, []string{tt.path}, []string{firstLine(out.String())})
			for _, want := range tt.want {
				require.Contains(t, folded(out.String()), want)
			}
		})
	}
}

func TestDescribeFollowsASymbolicLinkAndSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("target", []byte("12345"), 0o644))
	if err := os.Symlink("target", "link"); err != nil {
		t.Skip("skipped: this system lets the user make no symbolic link: " + err.Error())
	}
	var out strings.Builder
	require.NoError(t, cmdargs.Describe(&out, "link"))
	require.Contains(t, folded(out.String()), "link to target of which all that follows is told Name link without the folders before it Size 5 bytes")

	require.NoError(t, os.Remove("target"))
	err := cmdargs.Describe(&out, "link")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "it is a link to target, which is not there")
}

func TestDescribeSaysWhatToDoAboutAMissingPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path string
	}{
		{"a name that is not there", filepath.Join(t.TempDir(), "missing")},
		{"no name at all", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := cmdargs.Describe(&out, tt.path)
			require.ErrorIs(t, err, fs.ErrNotExist)
			require.ErrorContains(t, err, "check the spelling, and the folder you are in")
			require.Empty(t, out.String(), "nothing is told about it")
		})
	}
}

func TestAPathThroughAFileSaysSo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	var out strings.Builder
	err := cmdargs.Describe(&out, filepath.Join(file, "below"))
	require.Error(t, err)
	if runtime.GOOS != "windows" { // there it is a path that does not exist
		require.ErrorContains(t, err, "something on the way is a file, not a folder")
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// folded makes each run of white space one space.
func folded(s string) string { return strings.Join(strings.Fields(s), " ") }
