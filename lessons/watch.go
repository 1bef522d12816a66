package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/term"

	"example.com/netlessons/lessons/internal/exercise"
)

// settle is how long a file must be quiet: an editor's save is many changes.
const settle = 100 * time.Millisecond

// A watcher checks one exercise whenever its file changes.
type watcher struct {
	*app
	view
	e        exercise.Exercise
	files    *fsnotify.Watcher
	checked  []byte // what the last check was of
	outcomes chan outcome
	running  sync.WaitGroup
	stop     context.CancelFunc // of the check that runs
	number   int                // of the last check that began
}

type outcome struct {
	number int
	source []byte
	res    exercise.Result
	err    error
}

func (a *app) watch(ctx context.Context, c command, args []string) error {
	flags := a.flags(c)
	w := watcher{app: a, view: view{race: true}, outcomes: make(chan outcome), stop: func() {}}
	flags.BoolVar(&w.verbose, "v", false, a.say(flagVerbose))
	others, err := a.parse(flags, c, args, 1)
	if err != nil {
		return err
	}
	if w.e, err = a.chosen(flags, others); err != nil {
		return err
	}
	if w.files, err = fsnotify.NewWatcher(); err != nil {
		return err
	}
	defer w.files.Close()
	restore, err := a.singleKeys()
	if err != nil {
		return err
	}
	defer restore()

	ctx, cancel := context.WithCancel(ctx)
	defer w.running.Wait()
	defer cancel()
	return w.loop(ctx, keys(ctx, a.stdin))
}

func (w *watcher) loop(ctx context.Context, keys <-chan byte) error {
	if err := w.begin(ctx, w.e); err != nil {
		return err
	}
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.files.Events:
			if filepath.Base(e.Name) == "exercise.go" && !e.Has(fsnotify.Chmod) {
				settled = time.After(settle)
			}
		case err := <-w.files.Errors:
			w.warn(err)
		case <-settled:
			w.check(ctx)
		case o := <-w.outcomes:
			if o.number < w.number { // the file has changed since
				continue
			}
			if o.err != nil {
				return o.err
			}
			w.showResult(w.e, o.source, o.res, w.view)
			fmt.Fprintln(w.out, "\n"+faint.Render(w.say(watchKeys)))
		case key, ok := <-keys:
			if !ok {
				keys = nil
				continue
			}
			if quit, err := w.key(ctx, key); quit || err != nil {
				return err
			}
		}
	}
}

// begin turns to an exercise, and checks it as it is.
func (w *watcher) begin(ctx context.Context, e exercise.Exercise) error {
	for _, dir := range w.files.WatchList() {
		w.files.Remove(dir)
	}
	// The folder and not the file: most editors write another file and rename it.
	if err := w.files.Add(e.File()); err != nil {
		return err
	}
	w.e, w.checked = e, nil
	fmt.Fprintf(w.out, w.say(watching)+"\n", bold.Render(w.rel(e.Source())))
	w.check(ctx)
	return nil
}

// check begins a check, and ends the one that runs. A file that is the same as
// before needs none, and one that is away for a moment will come back.
func (w *watcher) check(ctx context.Context) {
	source, err := os.ReadFile(w.e.Source())
	if err != nil || w.checked != nil && bytes.Equal(source, w.checked) {
		return
	}
	w.checked = source
	w.stop()
	ctx, w.stop = context.WithCancel(ctx)
	w.number++
	e, number := w.e, w.number
	fmt.Fprintln(w.out, "\n"+faint.Render(w.say(watchChecks)))
	w.running.Go(func() {
		source, res, err := w.checkFile(ctx, e, w.view)
		select {
		case w.outcomes <- outcome{number, source, res, err}:
		case <-ctx.Done():
		}
	})
}

func (w *watcher) key(ctx context.Context, key byte) (quit bool, err error) {
	const ctrlC, ctrlD = 3, 4
	switch key {
	case 'q', ctrlC, ctrlD:
		return true, nil
	case 'h':
		return false, w.nextHint(w.e)
	case 'l':
		return false, w.showList()
	case 'n':
		return false, w.goOn(ctx)
	}
	return false, nil
}

// goOn turns to the next exercise that has not been passed.
func (w *watcher) goOn(ctx context.Context) error {
	all, err := exercise.All(w.root)
	if err != nil {
		return err
	}
	records, broken := w.store.Records()
	w.warn(broken)
	var later []exercise.Exercise
	for _, e := range all {
		if e.Number > w.e.Number {
			later = append(later, e)
		}
	}
	e, ok := firstOpen(later, records)
	if !ok {
		fmt.Fprintln(w.out, w.say(watchLast))
		return w.showNext(all, records)
	}
	if records[w.e.Folder].Passed == nil {
		w.para(0, fmt.Sprintf(w.say(watchNotDone), w.e.Number, e.Number, w.title(e.Lesson)))
	}
	return w.begin(ctx, e)
}

// keys returns what is typed. It ends with r.
func keys(ctx context.Context, r io.Reader) <-chan byte {
	c := make(chan byte)
	go func() {
		defer close(c)
		buf := make([]byte, 1)
		for {
			if _, err := r.Read(buf); err != nil {
				return
			}
			select {
			case c <- buf[0]:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

// singleKeys makes a terminal give each key at once. The terminal then leaves
// the beginning of a line to us.
func (a *app) singleKeys() (restore func(), err error) {
	in, ok := a.stdin.(*os.File)
	if !ok || !a.terminal() || !term.IsTerminal(int(in.Fd())) {
		return func() {}, nil
	}
	old, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, err
	}
	out, stderr := a.out.Forward, a.stderr
	a.out.Forward, a.stderr = lineStart{out}, lineStart{stderr}
	return func() {
		a.out.Forward, a.stderr = out, stderr
		term.Restore(int(in.Fd()), old)
	}, nil
}

// lineStart sends the cursor to the beginning of each line.
type lineStart struct{ w io.Writer }

func (l lineStart) Write(p []byte) (int, error) {
	_, err := l.w.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}
