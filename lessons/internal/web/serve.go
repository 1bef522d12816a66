package web

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/netlessons/lessons/internal/cli"
)

// ServeCommand is `lessons serve`. progress tells how far the exercises of the
// working copy are, by lesson: "passed", "failed" or "open".
func ServeCommand(ctx context.Context, args []string, stdout, stderr io.Writer, root string, progress func() map[int]string) error {
	fs := flag.NewFlagSet("lessons serve [-addr HOST:PORT]", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9000", "where to listen")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "listening on %s\nopen http://%s/ in a browser; stop with Ctrl-C\n", ln.Addr(), ln.Addr())
	return Serve(ctx, ln, root, progress, stderr)
}

// SiteCommand is `lessons site`.
func SiteCommand(ctx context.Context, args []string, stdout, stderr io.Writer, root string) error {
	fs := flag.NewFlagSet("lessons site -out DIR", flag.ContinueOnError)
	out := fs.String("out", "", "the `FOLDER` to write the pages into")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *out == "" {
		return cli.Usage(fs, "say where to write with -out")
	}
	if err := Site(ctx, root, *out, stderr); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "wrote %s; any file host serves it\n", *out)
	return nil
}

// A server serves the pages of a working copy, and checks its exercises.
type server struct {
	pages
	*builder
	files  map[string]func() ([]byte, error)
	addr   string // host and port that it listens on
	self   string // the program that has the command check; "" if nobody may start one
	checks sync.Mutex
}

// Serve serves the course until ctx ends, and returns nil then.
//
// A check runs what is in the working copy, so nobody but the pages themselves
// may start one: the server listens on loopback, answers to its own names only
// (else a foreign name could be made to lead here), refuses other origins, and
// wants a token that is new at each start. On any other address it serves the
// texts, and starts nothing.
func Serve(ctx context.Context, ln net.Listener, root string, progress func() map[int]string, log io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{builder: newBuilder(ctx, root, log), addr: ln.Addr().String()}
	s.pages = pages{root: root, recorded: s.builder.record}
	if addr, ok := ln.Addr().(*net.TCPAddr); ok && addr.IP.IsLoopback() {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		s.self, s.token, s.progress = self, rand.Text(), progress
	} else {
		fmt.Fprintf(log, "%s can be reached by others: exercises are not checked from its pages\n", s.addr)
	}
	var err error
	if s.files, err = s.builder.files(); err != nil {
		return err
	}
	srv := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	var building sync.WaitGroup
	defer building.Wait()
	building.Go(func() { s.wasm() }) // ready, or nearly, when the first page asks; it is told what is wrong then
	select {
	case err = <-done:
		cancel()
		return err
	case <-ctx.Done():
	}
	grace, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer end()
	if err := srv.Shutdown(grace); err != nil {
		srv.Close()
	}
	<-done // http.ErrServerClosed
	return nil
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{name...}", s.serve)
	mux.HandleFunc("POST /check/{n}", s.serveCheck)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.self != "" && !s.own(r) {
			http.Error(w, "this is the course of another address; open http://"+s.addr+"/", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	})
}

// own tells whether a request is made to this server by a name of its own, and
// by none but its own pages.
func (s *server) own(r *http.Request) bool {
	_, port, _ := net.SplitHostPort(s.addr)
	names := []string{s.addr, "localhost:" + port}
	isOwn := func(host string) bool {
		for _, name := range names {
			if strings.EqualFold(host, name) {
				return true
			}
		}
		return false
	}
	origin, has := strings.CutPrefix(r.Header.Get("Origin"), "http://")
	if r.Header.Get("Origin") != "" && (!has || !strings.EqualFold(origin, r.Host)) {
		return false
	}
	return isOwn(r.Host)
}

// serve answers with a page or a file.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	name := cmp.Or(r.PathValue("name"), "index.html")
	text, kind, err := s.content(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.NotFound(w, r)
		return
	case text == nil && err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	case err != nil:
		fmt.Fprintln(s.log, err) // a link that leads nowhere: a text in the making
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(text))
	h.Set("ETag", tag)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && path.Ext(name) != ".bin" {
		h.Set("ETag", strings.TrimSuffix(tag, `"`)+`-gzip"`)
		h.Set("Content-Encoding", "gzip")
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		z.Write(text) // a Buffer never fails
		z.Close()
		text = packed.Bytes()
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

func (s *server) content(name string) (text []byte, kind string, err error) {
	if file, ok := s.files[name]; ok {
		text, err = file()
		kind = cmp.Or(kinds[path.Ext(name)], mime.TypeByExtension(path.Ext(name)), "application/octet-stream")
		return text, kind, err
	}
	text, _, err = s.page(name)
	return text, "text/html; charset=utf-8", err
}

// kinds do not depend on what the machine takes a file for.
var kinds = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".bin": "application/octet-stream",
}

// serveCheck runs the check of a lesson and streams what it prints. The last
// line is the character EOT and the exit status.
func (s *server) serveCheck(w http.ResponseWriter, r *http.Request) {
	if s.token == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Token")), []byte(s.token)) != 1 {
		http.Error(w, "the server was started anew; load the page again", http.StatusForbidden)
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	lang := cmp.Or(r.FormValue("lang"), "en")
	if err != nil || !hasLesson(n) || wordsIn[lang].Course == "" {
		http.NotFound(w, r)
		return
	}
	if !s.checks.TryLock() {
		http.Error(w, "a check is running; wait for its end", http.StatusConflict)
		return
	}
	defer s.checks.Unlock()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	out := flusher{w, http.NewResponseController(w)}
	out.rc.Flush()
	cmd := exec.CommandContext(r.Context(), s.self, "-lang", lang, "check", strconv.Itoa(n))
	cmd.Dir = s.pages.root
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { // the page is gone; let the check clean up
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return cmd.Process.Kill() // Windows knows no such signal
		}
		return nil
	}
	cmd.WaitDelay = 5 * time.Second
	status := 0
	if err := cmd.Run(); err != nil {
		status = 1
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() > 0 {
			status = cmd.ProcessState.ExitCode()
		} else {
			fmt.Fprintln(out, err)
		}
	}
	fmt.Fprintf(out, "\n\x04 %d", status)
}

// A flusher sends at once what is written.
type flusher struct {
	w  io.Writer
	rc *http.ResponseController
}

func (f flusher) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	if err == nil {
		err = f.rc.Flush()
	}
	return n, err
}
