package framed

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// entry is something to be sent.
type entry struct {
	path   string // as the user knows it
	header header // without its index
	file   *os.File
	err    error // why it cannot be sent
}

// what a walk yields.
type what int

const (
	toSend  what = iota // files, opened, and links
	toCount             // the same, not opened
	folders             // folders alone, each after all that is in it
)

// walk yields what is at the paths. It holds a part of one folder in memory,
// never a list of everything. A link that a path itself names is followed; those
// inside folders are yielded as links. The file of an entry is for yield to close.
func walk(paths []string, what what, yield func(entry) bool) {
	w := &walker{what, yield}
	for _, path := range paths {
		if !w.path(path) {
			return
		}
	}
}

type walker struct {
	what  what
	yield func(entry) bool // false ends the walk
}

// fail yields what cannot be sent, once: with the files, not with the folders.
func (w *walker) fail(path string, err error) bool {
	return w.what == folders || w.yield(entry{path: path, err: err})
}

// path walks what one argument names.
func (w *walker) path(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return w.fail(path, err)
	}
	full, err := filepath.Abs(path) // "." has a name too
	if err != nil {
		return w.fail(path, err)
	}
	name := filepath.Base(full)
	switch {
	case info.IsDir():
		root, err := os.OpenRoot(path)
		if err != nil {
			return w.fail(path, err)
		}
		defer root.Close()
		return w.folder(root, path, name)
	case w.what == folders:
		return true
	case !info.Mode().IsRegular():
		return w.fail(path, errNotRegular)
	case w.what == toCount:
		return w.yield(entry{path: path, header: headerOf(info, typeFile, name)})
	}
	file, err := os.Open(path)
	return w.yield(fileEntry(file, err, path, name))
}

var errNotRegular = errors.New("neither a file nor a folder nor a link")

// folder walks the folder root, which is called name for the receiver.
func (w *walker) folder(root *os.Root, path, name string) bool {
	dir, err := os.Open(path) // for the names alone, which is faster than through root
	if err != nil {
		return w.fail(path, err)
	}
	defer dir.Close()
	for {
		batch, err := dir.ReadDir(256)
		for _, item := range batch {
			if !w.item(root, item, filepath.Join(path, item.Name()), name+"/"+item.Name()) {
				return false
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return w.fail(path, err)
		}
	}
	if w.what != folders {
		return true
	}
	info, err := root.Stat(".")
	if err != nil {
		return w.yield(entry{path: path, err: err})
	}
	return w.yield(entry{path: path, header: headerOf(info, typeFolder, name)})
}

// item walks one thing in a folder. By way of the folder's root: what it names
// may have become a link to elsewhere meanwhile.
func (w *walker) item(root *os.Root, item fs.DirEntry, path, name string) bool {
	link := item.Type() == fs.ModeSymlink
	switch {
	case item.IsDir():
		sub, err := root.OpenRoot(item.Name())
		if err != nil {
			return w.fail(path, err)
		}
		defer sub.Close()
		return w.folder(sub, path, name)
	case w.what == folders:
		return true
	case !link && !item.Type().IsRegular():
		return w.fail(path, errNotRegular)
	case !link && w.what == toSend:
		file, err := root.Open(item.Name())
		return w.yield(fileEntry(file, err, path, name))
	}
	info, err := root.Lstat(item.Name())
	if err != nil {
		return w.fail(path, err)
	}
	if !link {
		return w.yield(entry{path: path, header: headerOf(info, typeFile, name)})
	}
	target, err := root.Readlink(item.Name())
	e := entry{path: path, err: err, header: headerOf(info, typeLink, name)}
	e.header.target = filepath.ToSlash(target)
	return w.yield(e)
}

// fileEntry looks at the open file: what it names may be replaced meanwhile.
func fileEntry(file *os.File, err error, path, name string) entry {
	if err != nil {
		return entry{path: path, err: err}
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		file.Close()
		return entry{path: path, err: err}
	}
	return entry{path: path, file: file, header: headerOf(info, typeFile, name)}
}

func headerOf(info fs.FileInfo, kind entryType, name string) header {
	h := header{kind: kind, mode: info.Mode().Perm(), mtime: info.ModTime(), path: name}
	if kind == typeFile {
		h.size = info.Size()
	}
	return h
}

// changed says whether the file is no longer what its header says.
func (e *entry) changed() error {
	info, err := e.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != e.header.size || !info.ModTime().Equal(e.header.mtime) {
		return errors.New("it changed while it was sent; send it again")
	}
	return nil
}
