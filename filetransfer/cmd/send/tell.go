package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"example.com/netlessons/filetransfer/framed"
)

// teller tells how the transfer goes: by a bar on a terminal, in lines
// elsewhere, in JSON, or not at all.
type teller struct {
	mu    sync.Mutex // of what is printed
	out   io.Writer  // results
	json  *json.Encoder
	bar   *progressbar.ProgressBar
	lines io.Writer // progress in lines
	every time.Duration
	start time.Time
}

func newTeller(o options, stdout, stderr io.Writer) *teller {
	t := &teller{start: time.Now(), out: stdout, lines: stderr, every: 5 * time.Second}
	file, _ := stderr.(*os.File)
	switch {
	case o.quiet:
		t.out, t.lines = io.Discard, io.Discard
	case o.asJSON:
		t.json, t.every = json.NewEncoder(stdout), time.Second
	case file != nil && term.IsTerminal(int(file.Fd())):
		t.useBar(stderr)
	}
	return t
}

func (t *teller) useBar(w io.Writer) {
	t.every = 100 * time.Millisecond
	t.bar = progressbar.NewOptions64(1, progressbar.OptionSetWriter(w), progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
}

// file tells what became of one file. With a bar, only what is unexpected.
func (t *teller) file(o framed.Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.json != nil {
		line := map[string]any{"event": "file", "path": o.Path, "bytes": o.Size, "status": o.Status}
		if o.As != "" {
			line["as"] = o.As
		}
		if o.Err != nil {
			line["error"] = o.Err.Error()
		}
		t.json.Encode(line)
		return
	}
	var text string
	switch {
	case o.Status == framed.Failed:
		return // the error at the end tells it
	case o.Status == framed.Same:
		text = "already there"
	case o.Status == framed.Skipped:
		text = "skipped: another is there"
	case o.As != o.Name:
		text = fmt.Sprintf("%d bytes sent, saved as %q", o.Size, o.As)
	default:
		text = fmt.Sprintf("%d bytes sent", o.Size)
	}
	if t.bar != nil {
		if o.As == o.Name || o.Status == framed.Same {
			return
		}
		t.bar.Clear()
	}
	fmt.Fprintf(t.out, "%s: %s\n", o.Path, text)
}

// follow tells the progress again and again until stop is called.
func (t *teller) follow(progress func() framed.Progress) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(t.every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				t.progress(progress(), time.Since(t.start))
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

// progress counts what the receiver has confirmed, not what was written to a
// socket: hundreds of kilobytes may wait in there.
func (t *teller) progress(p framed.Progress, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rate := speed(p, took)
	if t.json != nil {
		t.json.Encode(map[string]any{"event": "progress", "files": p.Files, "bytes": p.Bytes,
			"total_files": p.TotalFiles, "total_bytes": p.TotalBytes, "counted": p.Counted, "bytes_per_second": rate})
		return
	}
	if !p.Counted || p.TotalBytes == 0 || p.Bytes == p.TotalBytes {
		return
	}
	left := "?"
	if rate > 0 {
		left = (time.Duration((p.TotalBytes-p.Bytes)/rate) * time.Second).String()
	}
	if t.bar == nil {
		fmt.Fprintf(t.lines, "%d%% of %s confirmed, %s/s, %s left\n", 100*p.Bytes/p.TotalBytes, human(p.TotalBytes), human(rate), left)
		return
	}
	t.bar.Describe(fmt.Sprintf("%s of %s, %s/s, %s left", human(p.Bytes), human(p.TotalBytes), human(rate), left))
	t.bar.ChangeMax64(p.TotalBytes)
	t.bar.Set64(p.Bytes)
}

// speed is how many bytes a second have arrived; what was there did not.
func speed(p framed.Progress, took time.Duration) int64 {
	return int64(float64(p.Bytes-p.There) / took.Seconds())
}

// end tells the sum, where there is one to tell.
func (t *teller) end(p framed.Progress, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	took := time.Since(t.start)
	if t.json != nil {
		line := map[string]any{"event": "end", "files": p.Files, "bytes": p.Bytes, "sent_bytes": p.Sent, "seconds": took.Seconds()}
		if err != nil {
			line["error"] = err.Error()
		}
		t.json.Encode(line)
		return
	}
	if t.bar != nil {
		t.bar.Clear()
	}
	if t.bar != nil || p.TotalFiles > 1 {
		fmt.Fprintf(t.out, "%d files, %s confirmed in %.1f s, %s/s\n", p.Files, human(p.Bytes), took.Seconds(), human(speed(p, took)))
	}
}
