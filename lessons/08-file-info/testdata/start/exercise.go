// Package exercise is lesson 8: what a program can learn about a path without
// opening it. Fill in what says TODO.
package exercise

import (
	"errors"
	"io/fs"
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

var errTODO = errors.New("TODO: still to be written")

// FactsOf tells what info says, all but Facts.Link. Notes [stat].
func FactsOf(info fs.FileInfo) Facts {
	// TODO: Name, as the notes have it.
	// TODO: Kind: what does info.Mode() tell that info.IsDir() does not?
	// TODO: Size, and for which kinds it says something about content.
	return Facts{}
}

// Describe tells about path, an absolute or a relative one. A symbolic link is
// followed: Name is the link's, Kind and Size are those of what it leads to. An
// error wraps what os.Stat or os.Lstat returned.
func Describe(path string) (Facts, error) {
	// TODO: os.Lstat tells about the path itself, also if it is a link.
	// TODO: os.Stat tells about what a link leads to. What if that is missing?
	return Facts{}, errTODO
}

// OutcomeOf tells what an error of Describe means; nil means Found.
func OutcomeOf(err error) Outcome {
	// TODO: errors come wrapped: == does not find what is inside.
	return Failed
}
