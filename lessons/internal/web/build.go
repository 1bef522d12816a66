package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"example.com/netlessons/lessons/internal/course"
)

// A builder makes what pages need of tcp-handshake/cmd/lab: the program for the
// browser, and the diagrams for readers without scripts. Both are built once,
// when they are first wanted, and kept in bin/.
type builder struct {
	ctx  context.Context
	root string
	log  io.Writer // told once, since the first build takes a while

	say    sync.Once
	mu     sync.Mutex
	native string // the program for this machine, once built
	scenes map[[2]string]recorded
	packed []byte // lab.bin
	script []byte // wasm_exec.js
}

func newBuilder(ctx context.Context, root string, log io.Writer) *builder {
	return &builder{ctx: ctx, root: root, log: log, scenes: map[[2]string]recorded{}}
}

func (b *builder) bin(name string) string { return filepath.Join(b.root, "bin", "web", name) }

// goBuild builds cmd/lab into bin/web/name.
func (b *builder) goBuild(name string, env []string, flags ...string) error {
	if _, err := os.Stat(b.bin(name)); errors.Is(err, fs.ErrNotExist) {
		b.say.Do(func() { fmt.Fprintln(b.log, "building the lab for the browser, the first time only …") })
	}
	args := append([]string{"build", "-buildvcs=false", "-o", b.bin(name)}, flags...)
	cmd := exec.CommandContext(b.ctx, "go", append(args, "./tcp-handshake/cmd/lab")...)
	cmd.Dir, cmd.Env = b.root, append(append(os.Environ(), "GOWORK="), env...) // the course's own
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the lab: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// forBrowser makes the lab small: without inlining a tenth is saved, and nobody
// sees the difference in speed. IPv6, which no scene uses, is left out where
// netlab knows the tag.
// Package tcp keeps its inlining, for netlab tells timers by names that depend
// on it.
var forBrowser = []string{
	"-trimpath", "-tags=noipv6", "-ldflags=-s -w",
	"-gcflags=all=-l", "-gcflags=gvisor.dev/gvisor/pkg/tcpip/transport/tcp=",
}

// wasm returns lab.bin, which is the lab for the browser, gzipped. One source
// always makes the same bytes.
func (b *builder) wasm() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.packed != nil {
		return b.packed, nil
	}
	if err := b.goBuild("lab.wasm", []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}, forBrowser...); err != nil {
		return nil, err
	}
	program, err := os.Stat(b.bin("lab.wasm"))
	if err != nil {
		return nil, err
	}
	if packed, err := os.Stat(b.bin("lab.bin")); err == nil && !packed.ModTime().Before(program.ModTime()) {
		b.packed, err = os.ReadFile(b.bin("lab.bin"))
		return b.packed, err
	}
	text, err := os.ReadFile(b.bin("lab.wasm"))
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	z.Write(text) // a Buffer never fails
	z.Close()
	if err := os.WriteFile(b.bin("lab.bin"), packed.Bytes(), 0o666); err != nil {
		return nil, err
	}
	b.packed = packed.Bytes()
	return b.packed, nil
}

// wasmExec returns the script that comes with Go and starts its wasm programs.
func (b *builder) wasmExec() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.script != nil {
		return b.script, nil
	}
	out, err := exec.CommandContext(b.ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	b.script, err = os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "lib", "wasm", "wasm_exec.js"))
	return b.script, err
}

// record plays a scene on this machine. The zero recorded stands for one that
// could not be played, so that a text does without it.
func (b *builder) record(scene, lang string) recorded {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := [2]string{scene, lang}
	if r, ok := b.scenes[key]; ok {
		return r
	}
	r, err := b.play(scene, lang)
	if err != nil {
		fmt.Fprintln(b.log, err)
		return r
	}
	b.scenes[key] = r
	return r
}

func (b *builder) play(scene, lang string) (r recorded, err error) {
	if b.native == "" {
		name := "lab"
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		if err := b.goBuild(name, nil); err != nil {
			return r, err
		}
		b.native = b.bin(name)
	}
	out, err := exec.CommandContext(b.ctx, b.native, "-lang", lang, scene).Output()
	if err != nil {
		return r, fmt.Errorf("record scene %s: %w", scene, err)
	}
	return r, json.Unmarshal(out, &r)
}

// files are those of the site that are no pages, by name.
func (b *builder) files() (map[string]func() ([]byte, error), error) {
	all := map[string]func() ([]byte, error){"lab.bin": b.wasm, "wasm_exec.js": b.wasmExec}
	entries, err := assets.ReadDir("assets")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		all[e.Name()] = func() ([]byte, error) { return assets.ReadFile("assets/" + e.Name()) }
	}
	return all, nil
}

// Site writes the course into dir, as files that any host serves from any path.
// It returns an error for each link in the texts that leads nowhere.
func Site(ctx context.Context, root, dir string, log io.Writer) error {
	b := newBuilder(ctx, root, log)
	p := &pages{root: root, recorded: b.record, static: true}
	files, err := b.files()
	if err != nil {
		return err
	}
	files["offline.js"] = b.offline
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text, err := files[name]()
		if err != nil {
			return err
		}
		if err := writeFile(dir, name, text); err != nil {
			return err
		}
	}
	wanted := []string{"index.html", "index.zh.html"}
	lessons, err := p.lessons()
	if err != nil {
		return err
	}
	for _, l := range lessons {
		wanted = append(wanted, l.Folder+".html", l.Folder+".zh.html")
	}
	written := map[string]bool{}
	var dead []error
	for len(wanted) > 0 {
		name := wanted[0]
		wanted = wanted[1:]
		if written[name] {
			continue
		}
		written[name] = true
		text, links, err := p.page(name)
		if text == nil {
			return err
		}
		dead = append(dead, err)
		if err := writeFile(dir, name, text); err != nil {
			return err
		}
		wanted = append(wanted, links...)
	}
	return errors.Join(dead...)
}

func writeFile(dir, name string, text []byte) error {
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o666)
}

// hasLesson tells whether the course has a lesson n to check.
func hasLesson(n int) bool {
	_, ok := course.Find(n)
	return ok
}
