// want: "Kind and Size are those of the link itself: ask os.Stat what it leads to"
// zh: "Kind 和 Size 成了链接本身的：它指向什么，要问 os.Stat"

// Package exercise is lesson 8: what a program can learn about a path without
// opening it.
package exercise

import (
	"errors"
	"io/fs"
	"os"
)

// Facts is what is worth telling about a path.
type Facts struct {
	Name string // without the folders before it
	Kind Kind
	Size int64 // bytes of content, if it is a file; 0 if it is anything else
	Link bool  // the path is a symbolic link; the rest is about what it leads to
}

// Kind says what is at a path.
type Kind string

// The kinds. A device, a pipe and a socket are none of the first three.
const (
	File   Kind = "file"
	Folder Kind = "folder"
	Link   Kind = "link"
	Other  Kind = "other"
)

// An Outcome says in a word how Describe ended.
type Outcome string

// The outcomes of Describe.
const (
	Found      Outcome = "found"
	Missing    Outcome = "missing"     // nothing has this name
	BrokenLink Outcome = "broken link" // a link has it, but what it leads to is missing
	NotAllowed Outcome = "not allowed" // a folder on the way may not be entered
	Failed     Outcome = "failed"      // anything else
)

// ErrBrokenLink is what Describe returns, wrapped, for a broken link.
var ErrBrokenLink = errors.New("a link that leads nowhere")

// FactsOf tells what info says, all but Facts.Link. Notes [stat].
func FactsOf(info fs.FileInfo) Facts {
	facts := Facts{Name: info.Name(), Kind: Other}
	switch mode := info.Mode(); {
	case mode.IsRegular(): // not: "no folder", for there is more on a disk than both
		facts.Kind, facts.Size = File, info.Size()
	case mode.IsDir():
		facts.Kind = Folder
	case mode&fs.ModeSymlink != 0:
		facts.Kind = Link
	}
	return facts
}

// Describe tells about path, an absolute or a relative one. A symbolic link is
// followed: Name is the link's, Kind and Size are those of what it leads to. An
// error wraps what os.Stat or os.Lstat returned.
func Describe(path string) (Facts, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Facts{}, err
	}
	facts := FactsOf(info)
	facts.Link = facts.Kind == Link
	return facts, nil
}

// OutcomeOf tells what an error of Describe means; nil means Found.
func OutcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Found
	case errors.Is(err, ErrBrokenLink): // before Missing, which it is too
		return BrokenLink
	case errors.Is(err, fs.ErrNotExist):
		return Missing
	case errors.Is(err, fs.ErrPermission):
		return NotAllowed
	}
	return Failed
}
