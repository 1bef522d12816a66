package filetransfer

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"

	"example.com/netlessons/filetransfer/internal/names"
)

// tempFile holds content that is still to come, under a hidden name in the
// folder where the whole file is to be: a rename within a folder moves no data.
type tempFile struct {
	*os.File
	dir  *os.Root
	name string
}

func createTemp(dir *os.Root) (*tempFile, error) {
	name := ".receiving-" + rand.Text()
	file, err := createNew(dir, name)
	return &tempFile{file, dir, name}, err
}

// save gives the file its name, or where that is taken "name (1).txt" and so
// on, and returns which. It first claims the name with an empty file, which
// only one of many senders can do, then renames over its own claim. (A hard
// link would need no claim, but not every file system has them.)
func (f *tempFile) save(name string) (string, error) {
	if err := f.Close(); err != nil {
		return "", err
	}
	for n := 0; ; n++ {
		free := names.Numbered(name, n)
		claim, err := createNew(f.dir, free)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		claim.Close()
		if err := f.dir.Rename(f.name, free); err != nil {
			return "", errors.Join(err, f.dir.Remove(free))
		}
		return free, nil
	}
}

// remove removes the file, unless it was saved: then this name is gone.
func (f *tempFile) remove() {
	f.Close()
	f.dir.Remove(f.name)
}

// createNew is os.Create for a file that must not exist yet.
func createNew(dir *os.Root, name string) (*os.File, error) {
	return dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}
