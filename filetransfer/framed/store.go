package framed

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeebo/blake3"

	"example.com/netlessons/filetransfer/internal/names"
)

// OnExist says what happens to a file whose name is taken by another. One that
// is the same already is never sent again, whatever it says, except by Fail.
type OnExist string

const (
	Rename    OnExist = "rename"    // save it beside the other, as "name (1).txt"
	Skip      OnExist = "skip"      // leave the other alone, and that is no error
	Overwrite OnExist = "overwrite" // replace the other, in one step, once the new one is whole
	Fail      OnExist = "fail"      // refuse it
)

const (
	folder     = ".receiving"       // in the receiver's folder: what is unfinished
	partSuffix = ".part"            // marks what a sender may continue
	keepParts  = 7 * 24 * time.Hour // since the last byte
)

// store keeps files in one folder. What is unfinished stands in a folder of its
// own in there, so that a rename can finish it:
//
//	.receiving/lock           held by the receiver at work here
//	.receiving/HEX.part       a large file; HEX is made of its path, size and time
//	.receiving/NUMBER         anything else; of no use after a restart
type store struct {
	dir, tmp *os.Root
	tmpDir   *os.File // the same folder as tmp, for its descriptor
	lock     *os.File
	next     atomic.Uint64 // NUMBER

	mu   sync.Mutex
	busy map[string]chan struct{} // parts that a sender is writing; closed when it has left

	recent *parent // the folder used last; guarded by mu

	free func() (int64, error)     // bytes of room
	wrap func(io.Writer) io.Writer // what tests put before a file; nil for nothing
}

// openStore prepares dir. Only one receiver at a time may work there.
func openStore(dir *os.Root) (*store, error) {
	s := &store{dir: dir, busy: map[string]chan struct{}{}}
	s.free = func() (int64, error) { return freeSpace(s.tmpDir) }
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir.Name(), err), s.closeAll())
	}
	s.clean()
	return s, nil
}

func (s *store) open() (err error) {
	if err := s.dir.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := s.dir.Lstat(folder); err != nil || !info.IsDir() { // nothing is cleaned up behind a link
		return fmt.Errorf("%s is needed here for unfinished files, and is no folder", folder)
	}
	if s.tmp, err = s.dir.OpenRoot(folder); err != nil {
		return err
	}
	if s.tmpDir, err = s.tmp.Open("."); err != nil {
		return err
	}
	if s.lock, err = s.tmp.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err := lockFile(s.lock); err != nil {
		return fmt.Errorf("another receiver is at work in this folder: %w", err)
	}
	// The one before may have removed the file between our open and our lock.
	ours, err := s.lock.Stat()
	if err != nil {
		return err
	}
	if now, err := s.tmp.Lstat("lock"); err != nil || !os.SameFile(ours, now) {
		return errors.New("another receiver has just left this folder; try again")
	}
	return nil
}

// clean removes what nobody will continue. What cannot be removed does no harm.
func (s *store) clean() {
	entries, _ := s.tmpDir.ReadDir(-1)
	for _, entry := range entries {
		info, err := s.tmp.Lstat(entry.Name())
		old := err == nil && time.Since(info.ModTime()) > keepParts
		if entry.Name() != "lock" && (old || !strings.HasSuffix(entry.Name(), partSuffix)) {
			s.tmp.Remove(entry.Name())
		}
	}
}

// close leaves nothing behind but parts that may be continued.
func (s *store) close() error {
	locked := s.tmp.Remove("lock") // before another receiver can hold it
	err := s.closeAll()
	if locked != nil { // Windows removes no open file
		s.dir.Remove(folder + "/lock")
	}
	s.dir.Remove(folder) // fails while there is something in it, as it should
	return err
}

func (s *store) closeAll() error {
	s.forget()
	var errs []error
	for _, c := range []io.Closer{s.lock, s.tmpDir, s.tmp} {
		switch c := c.(type) {
		case *os.File:
			if c != nil {
				errs = append(errs, c.Close())
			}
		case *os.Root:
			if c != nil {
				errs = append(errs, c.Close())
			}
		}
	}
	return errors.Join(errs...)
}

// temp makes a new file for what is not worth continuing.
func (s *store) temp(mode fs.FileMode) (*os.File, string, error) {
	name := strconv.FormatUint(s.next.Add(1), 10)
	file, err := s.tmp.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode|0o200)
	return file, name, err
}

func (s *store) writer(file *os.File) io.Writer {
	if s.wrap != nil {
		return s.wrap(file)
	}
	return file
}

// partName is the same for the same file, whoever sends it and when.
func partName(h *header) string {
	sum := blake3.Sum256(fmt.Appendf(nil, "%d %d %s", h.size, h.mtime.UnixNano(), h.path))
	return hex.EncodeToString(sum[:16]) + partSuffix
}

// openPart opens what was already received of a file, or a new file for it. If
// another sender is still at it, that may be one that has been killed: so this
// one waits a moment, and then takes a file that cannot be continued.
func (s *store) openPart(ctx context.Context, h *header) (*os.File, string, error) {
	name := partName(h)
	if !s.claim(ctx, name) {
		return s.temp(0o600)
	}
	file, err := s.tmp.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		s.release(name)
	}
	return file, name, err
}

// claim says whether name is free for the caller, now or soon.
func (s *store) claim(ctx context.Context, name string) bool {
	patience := time.After(lingering)
	for {
		s.mu.Lock()
		left := s.busy[name]
		if left == nil {
			s.busy[name] = make(chan struct{})
		}
		s.mu.Unlock()
		if left == nil {
			return true
		}
		select {
		case <-left:
		case <-patience:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (s *store) release(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := s.busy[name]; left != nil {
		close(left)
		delete(s.busy, name)
	}
}

// drop gives up a temporary file, and keeps it only if keep says so and it is
// one that can be continued.
func (s *store) drop(name string, keep bool) {
	info, err := s.tmp.Lstat(name)
	if !keep || !strings.HasSuffix(name, partSuffix) || err == nil && info.Size() == 0 {
		s.tmp.Remove(name)
	}
	s.release(name)
}

// checkRoom says whether need more bytes fit. A system that does not tell is
// taken at its word when the disk is full.
func (s *store) checkRoom(need int64) error {
	free, err := s.free()
	if err == nil && need > free {
		return fmt.Errorf("not enough room: %d bytes are to come, %d are free", need, free)
	}
	return nil
}

var errExists = errors.New("something with this name exists; choose what to do by -on-exist at the receiver")

// commit gives a whole and verified temporary file its name, mode and time, and
// returns the path it got. The name is never there without the content, not
// even if this process is killed in between. It closes file.
//
// same, unless it is nil, says whether what has the name already is the same.
func (s *store) commit(file *os.File, temp string, h *header, policy OnExist, same func() bool) (answer, error) {
	err := file.Chmod(h.mode)
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil // a system without modes
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return answer{}, err
	}
	if err := s.tmp.Chtimes(temp, h.mtime, h.mtime); err != nil {
		return answer{}, err
	}
	return s.place(temp, h.path, policy, same)
}

// place gives a temporary file or link its name.
func (s *store) place(temp, name string, policy OnExist, same func() bool) (answer, error) {
	a, err := s.tryPlace(temp, name, policy, same)
	if errors.Is(err, fs.ErrNotExist) { // the folder was removed meanwhile
		s.forget()
		a, err = s.tryPlace(temp, name, policy, same)
	}
	return a, err
}

// tryPlace is place with the folder as it was a moment ago.
func (s *store) tryPlace(temp, name string, policy OnExist, same func() bool) (answer, error) {
	dir, base := path.Split(name)
	parent, done, err := s.openFolder(dir)
	if err != nil {
		return answer{}, err
	}
	defer done()
	for n := 0; ; n++ {
		free := dir + names.Numbered(base, n)
		if policy == Overwrite {
			err = s.dir.Rename(folder+"/"+temp, free)
		} else {
			err = s.renameNew(temp, parent.file, free)
		}
		switch {
		case err == nil:
			return answer{code: codeSaved, text: free}, nil
		case !errors.Is(err, fs.ErrExist) || policy == Overwrite:
			return answer{}, err
		case policy == Fail:
			return answer{}, errExists
		case n == 0 && same != nil && same():
			return answer{code: codeSame}, nil
		case policy == Skip:
			return answer{code: codeSkipped}, nil
		}
	}
}

// parent is a folder that files are to be put in. It stays open while anybody
// uses it: thousands of small files come from one folder.
type parent struct {
	path string
	root *os.Root
	file *os.File // the same folder, for its descriptor
	uses int
}

// openFolder opens the folder dir, "" or "a/b/", and makes it if it is missing.
// done is for the end of its use.
func (s *store) openFolder(dir string) (p *parent, done func(), err error) {
	dir = path.Clean(dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p = s.recent; p == nil || p.path != dir {
		if p, err = s.openParent(dir); err != nil {
			return nil, nil, err
		}
		s.leave(s.recent)
		s.recent = p
	}
	p.uses++
	return p, func() { s.mu.Lock(); defer s.mu.Unlock(); s.leave(p) }, nil
}

// openParent returns a parent with one use: that of being recent.
func (s *store) openParent(dir string) (*parent, error) {
	root, err := s.dir.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) && dir != "." {
		if err := s.dir.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
		root, err = s.dir.OpenRoot(dir)
	}
	if err != nil {
		return nil, err
	}
	file, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &parent{dir, root, file, 1}, nil
}

// leave ends one use of a folder. Its caller holds mu.
func (s *store) leave(p *parent) {
	if p == nil {
		return
	}
	if p.uses--; p.uses == 0 {
		p.file.Close()
		p.root.Close()
	}
}

// forget closes the folder used last, if nobody is using it. It may have gone.
func (s *store) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(s.recent)
	s.recent = nil
}

// renameByLink is renameNew for systems that cannot do it in one step: a link
// never replaces. The temporary name goes first to one that nobody continues:
// otherwise, killed in between, a later sender would write into the new file.
func (s *store) renameByLink(temp, to string) error {
	name := strconv.FormatUint(s.next.Add(1), 10)
	if err := s.tmp.Rename(temp, name); err != nil {
		return err
	}
	if err := s.dir.Link(folder+"/"+name, to); err != nil {
		return errors.Join(err, s.tmp.Rename(name, temp))
	}
	return s.tmp.Remove(name)
}

// folder makes a folder, if it is missing, and gives it its mode and time.
func (s *store) folder(h *header) (answer, error) {
	_, done, err := s.openFolder(h.path)
	if err != nil {
		return answer{}, err
	}
	done()
	if err := s.dir.Chmod(h.path, h.mode); err != nil {
		return answer{}, err
	}
	return answer{code: codeSaved, text: h.path}, s.dir.Chtimes(h.path, h.mtime, h.mtime)
}

// link makes a symbolic link.
func (s *store) link(h *header, policy OnExist) (answer, error) {
	if there, err := s.dir.Readlink(h.path); err == nil && there == h.target && policy != Fail {
		return answer{code: codeSame}, nil
	}
	temp := strconv.FormatUint(s.next.Add(1), 10)
	if err := s.tmp.Symlink(h.target, temp); err != nil {
		return answer{}, err
	}
	a, err := s.place(temp, h.path, policy, nil)
	if a.code != codeSaved {
		s.tmp.Remove(temp)
	}
	return a, err
}

// small saves a file whose content is at hand. Most often nothing has its name,
// and whether that is the same need not be asked before.
func (s *store) small(h *header, content []byte, policy OnExist) (answer, error) {
	same := func() bool { return s.same(h, content) }
	if policy == Overwrite && same() {
		return answer{code: codeSame}, nil
	}
	file, temp, err := s.temp(h.mode)
	if err != nil {
		return answer{}, err
	}
	a := answer{}
	if _, err = s.writer(file).Write(content); err == nil {
		a, err = s.commit(file, temp, h, policy, same)
	}
	file.Close() // after a commit it is closed already
	if a.code != codeSaved {
		s.tmp.Remove(temp)
	}
	return a, err
}

// same says whether the file is there already, with this content.
func (s *store) same(h *header, content []byte) bool {
	dir, base := path.Split(h.path)
	parent, done, err := s.openFolder(dir)
	if err != nil {
		return false
	}
	defer done()
	info, err := parent.root.Lstat(base)
	if err != nil || !info.Mode().IsRegular() || info.Size() != h.size {
		return false
	}
	there, err := parent.root.ReadFile(base)
	return err == nil && string(there) == string(content)
}

// ParseOnExist returns the policy of this name.
func ParseOnExist(s string) (OnExist, error) {
	switch o := OnExist(s); o {
	case Rename, Skip, Overwrite, Fail:
		return o, nil
	}
	return "", fmt.Errorf("%q is none of rename, skip, overwrite, fail", s)
}
