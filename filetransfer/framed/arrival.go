package framed

import (
	"cmp"
	"fmt"
	"io"
	"os"
)

// arrival is a large file on its way in.
//
//	header ──► prepare: what is there already? ──► answer: go on from offset
//	data   ──► checked, written, hashed        ──► answer: progress
//	end    ──► digest compared, renamed        ──► answer: saved
type arrival struct {
	*header
	c       *conversation
	ready   chan struct{} // closed when the rest is set, and the sender has its answer
	refused bool          // that answer was final

	file   *os.File // under its temporary name; nil: the file in place may be the same
	out    io.Writer
	temp   string
	hash   hashing
	offset int64 // bytes there
	told   int64 // bytes the sender knows of
}

// prepare finds out how much of the file is there, and answers.
func (a *arrival) prepare() {
	defer close(a.ready)
	ans, err := a.find()
	if a.refused = err != nil || ans.code.final(); a.refused {
		a.giveUp(true)
		a.c.over(a.index)
	}
	a.c.answer(a.header, ans, err) // if that fails, so does the next read
	a.c.out.flush()
}

// find opens what there is, and decides what to answer. The same size and time
// in place is most likely the same file; the sender's digest will tell.
func (a *arrival) find() (answer, error) {
	s, policy := a.c.store, a.c.OnExist
	a.hash = newHashing()
	info, err := s.dir.Lstat(a.path)
	switch exists := err == nil; {
	case exists && policy == Fail:
		return answer{}, errExists
	case exists && policy == Skip:
		return answer{code: codeSkipped}, nil
	case exists && info.Mode().IsRegular() && info.Size() == a.size && info.ModTime().Equal(a.mtime):
		file, err := s.dir.Open(a.path)
		if err != nil {
			return answer{}, err
		}
		defer file.Close()
		return a.goOn(file, a.size)
	}
	if err := a.open(); err != nil {
		return answer{}, err
	}
	info, err = a.file.Stat()
	if err != nil {
		return answer{}, err
	}
	have := info.Size()
	if have > a.size { // it is no part of this
		if have, err = 0, a.file.Truncate(0); err != nil {
			return answer{}, err
		}
	}
	if err := s.checkRoom(a.size - have); err != nil {
		return answer{}, err
	}
	return a.goOn(a.file, have)
}

// goOn offers to go on after the first n bytes, and leaves file there.
func (a *arrival) goOn(file *os.File, n int64) (answer, error) {
	sum, err := a.hash.prefix(a.c.ctx, file, n)
	a.offset, a.told = n, n
	return answer{code: codeGoOn, offset: n, digest: sum}, err
}

func (a *arrival) open() (err error) {
	s := a.c.store
	if a.file, a.temp, err = s.openPart(a.c.ctx, a.header); err != nil {
		return err
	}
	a.out = s.writer(a.file)
	return nil
}

// fromStart throws away what was there: the sender has something else.
func (a *arrival) fromStart() error {
	a.hash = newHashing()
	a.offset, a.told = 0, 0
	if a.file == nil {
		if err := a.open(); err != nil {
			return err
		}
	}
	if err := a.file.Truncate(0); err != nil {
		return err
	}
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return a.c.store.checkRoom(a.size)
}

// data writes content where the file ends. To begin again at 0 is allowed at any
// time; a gap never is.
func (a *arrival) data(offset int64, content []byte) error {
	if offset == 0 && a.offset > 0 {
		if err := a.fromStart(); err != nil {
			return a.refuse(err, true)
		}
	}
	if offset != a.offset || int64(len(content)) > a.size-a.offset || a.file == nil {
		return errMalformed
	}
	if _, err := a.out.Write(content); err != nil {
		return a.refuse(err, true)
	}
	a.offset += int64(len(content))
	a.hash.Write(content)
	if a.offset-a.told < progressEvery {
		return nil
	}
	a.told = a.offset
	ans := answer{index: a.index, code: codeProgress, offset: a.offset}
	return cmp.Or(a.c.out.write(kindAnswer, ans.append(nil)), a.c.out.flush())
}

// end compares size and digest, and only then gives the file its name.
func (a *arrival) end(e end) error {
	switch {
	case !e.whole || a.offset != a.size:
		return a.refuse(gaveUp(e), true)
	case a.hash.sum() != e.digest:
		return a.refuse(errDigest, false)
	}
	a.c.over(a.index)
	if a.file == nil {
		return a.c.answer(a.header, answer{code: codeSame}, nil)
	}
	ans, err := a.c.store.commit(a.file, a.temp, a.header, a.c.OnExist, nil)
	a.file = nil
	if err != nil {
		err = fmt.Errorf("all is here, but it could not get its name: %w", err)
	}
	a.c.store.drop(a.temp, err != nil) // after a commit that name is gone anyway
	return a.c.answer(a.header, ans, err)
}

// refuse tells the sender that the file is not taken, and why. What has come so
// far is kept, if keep says so, to go on from there another time.
func (a *arrival) refuse(err error, keep bool) error {
	a.c.over(a.index)
	a.giveUp(keep)
	return a.c.answer(a.header, answer{}, err)
}

// giveUp closes what is open. It comes after prepare.
func (a *arrival) giveUp(keep bool) {
	if a.file != nil {
		a.file.Close()
		a.c.store.drop(a.temp, keep)
		a.file = nil
	}
}
