package exercise

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Edited is the state of a file that has changed since its last check.
const Edited State = "edited"

// A Record is what is known of one exercise.
type Record struct {
	Checks  int        `json:"checks"`           // how often it was checked
	Passed  *time.Time `json:"passed,omitempty"` // for the first time
	State   State      `json:"state"`            // of the last check, and what that found
	Sum     string     `json:"sum"`              // of the file that was checked
	Good    int        `json:"tests_passed"`
	Tests   int        `json:"tests"`
	Mistake string     `json:"mistake,omitempty"`
	Hints   int        `json:"hints"`            // the step of the ladder that was shown last
	Hinted  string     `json:"hinted,omitempty"` // the mistake it was about
}

// A Store keeps a student's progress and copies of what was checked, in plain
// files of the working copy that git ignores.
type Store struct {
	dir string
}

// OpenStore returns the store of the working copy at root. Nothing is written
// before there is something to keep.
func OpenStore(root string) Store { return Store{filepath.Join(root, ".netlessons")} }

// Records returns what is known, by the exercises' folders. A file that cannot
// be understood is set aside, and progress begins anew: the error says so, and
// is no reason to stop.
func (s Store) Records() (map[string]Record, error) {
	name := filepath.Join(s.dir, "progress.json")
	records := map[string]Record{}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return records, nil
	}
	if err != nil {
		return records, err
	}
	if err := json.Unmarshal(text, &records); err != nil {
		aside := fmt.Sprintf("%s.broken-%.8s", name, sum(text))
		err = fmt.Errorf("read %s: %w; it is kept as %s, and progress begins anew", name, err, aside)
		return map[string]Record{}, errors.Join(err, os.Rename(name, aside))
	}
	return records, nil
}

// Update changes the record of one exercise.
func (s Store) Update(e Exercise, change func(*Record)) error {
	records, broken := s.Records()
	r := records[e.Folder]
	change(&r)
	records[e.Folder] = r
	text, err := json.MarshalIndent(records, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	return errors.Join(broken, writeFile(filepath.Join(s.dir, "progress.json"), append(text, '\n')))
}

// Checked records a check of the student's file, whose bytes were source.
func (s Store) Checked(e Exercise, source []byte, res Result, now time.Time) error {
	return s.Update(e, func(r *Record) {
		r.Checks++
		r.State, r.Sum = res.State, sum(source)
		r.Good, r.Tests = res.Count()
		r.Mistake = ""
		if res.Mistake != nil {
			r.Mistake = res.Mistake.Name
		}
		if res.State == Passed && r.Passed == nil {
			now = now.UTC().Truncate(time.Second)
			r.Passed = &now
		}
	})
}

// Keep puts a copy of the student's file away, unless there is one already.
// Whatever happens to the file later, to git, or to the disk's other files,
// nothing that was ever checked is lost.
func (s Store) Keep(e Exercise, source []byte) error {
	dir := filepath.Join(s.dir, "kept", e.Folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	id := sum(source)[:8] + ".txt"
	for _, f := range files {
		if strings.HasSuffix(f.Name(), id) {
			return nil
		}
	}
	return writeFile(filepath.Join(dir, fmt.Sprintf("%04d-%s", len(files)+1, id)), source)
}

// LastKept returns the newest copy's path, or "".
func (s Store) LastKept(e Exercise) string {
	dir := filepath.Join(s.dir, "kept", e.Folder)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		return ""
	}
	return filepath.Join(dir, files[len(files)-1].Name())
}

// Now returns the state of the student's file as it is on disk.
func (r Record) Now(e Exercise) (State, error) {
	source, err := os.ReadFile(e.Source())
	if errors.Is(err, fs.ErrNotExist) {
		return Missing, nil
	}
	if err != nil {
		return "", err
	}
	if same, err := e.Untouched(); same || err != nil {
		return NotStarted, err
	}
	if r.Sum != sum(source) {
		return Edited, nil
	}
	return r.State, nil
}

func sum(source []byte) string {
	h := sha256.Sum256(source)
	return hex.EncodeToString(h[:])
}
