// Command demo shows one batch of calls made one after another and in
// parallel, and then the gateway as one file that runs anywhere.
package main

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"example.com/netlessons/batchapi"
	"example.com/netlessons/batchapi/internal/cli"
)

var names = []string{"users", "orders", "stock"} // of the services

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, _ io.Writer) error {
	fs := flag.NewFlagSet("demo [-delay 10ms]", flag.ContinueOnError)
	delay := fs.Duration("delay", 10*time.Millisecond, "how long each call takes")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *delay < time.Millisecond || *delay > 100*time.Millisecond {
		return cli.Usage(fs, "-delay %v: must be 1ms to 100ms", *delay)
	}

	services := batchapi.Services{}
	for _, name := range names {
		addr, stop, err := serve(ctx, batchapi.Backend(*delay))
		if err != nil {
			return err
		}
		defer stop()
		if err := services.Set(name + "=http://" + addr); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "a gateway, and %d services that take %v to answer a call\n\n", len(names), *delay)
	if err := compare(ctx, services, stdout); err != nil {
		return err
	}
	return deploy(ctx, services, stdout)
}

// compare sends the same batches to be made one after another and in
// parallel, and draws how long each took.
func compare(ctx context.Context, services batchapi.Services, stdout io.Writer) error {
	const most, width = 50, 44 // calls, columns
	transport := batchapi.NewTransport(most)
	defer transport.CloseIdleConnections()
	gateway := &batchapi.Gateway{Services: services, Transport: transport, Limit: most, Timeout: batchapi.MaxTimeout}
	addr, stop, err := serve(ctx, gateway.Handler())
	if err != nil {
		return err
	}
	defer stop()

	sizes := [...]int{1, 10, most}
	var times [len(sizes)][2]time.Duration
	var longest time.Duration
	for i, n := range sizes {
		for j, path := range [...]string{"/batch/serial", "/batch"} {
			start := time.Now()
			if _, err := post(ctx, addr, path, batch(n)); err != nil {
				return err
			}
			times[i][j] = time.Since(start)
			longest = max(longest, times[i][j])
		}
	}
	for i, n := range sizes {
		for j, how := range [...]string{"serial", "parallel"} {
			took := times[i][j]
			bar := strings.Repeat("█", max(1, int(width*took/longest)))
			fmt.Fprintf(stdout, "batch of %2d  %-8s %8.1f ms  %s\n", n, how, took.Seconds()*1000, bar)
		}
	}
	fmt.Fprint(stdout, "\nthe same answers in the same order, each time\n\n")
	return nil
}

// deploy builds the server as one file, starts it in a folder and an
// environment that hold nothing else, and lets it answer a batch.
func deploy(ctx context.Context, services batchapi.Services, stdout io.Writer) error {
	dir, err := os.MkdirTemp("", "batchapi")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := build(ctx, dir, stdout)
	if err != nil {
		return err
	}

	args := []string{"-addr", "127.0.0.1:0"}
	for name, base := range services {
		args = append(args, "-service", name+"="+base.String())
	}
	server := exec.CommandContext(ctx, file, args...)
	server.Dir = dir
	server.Env = []string{} // nil would mean ours. On Windows os/exec adds SYSTEMROOT: without it there is no network.
	var stderr bytes.Buffer
	server.Stderr = &stderr
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	stop := sync.OnceFunc(func() { server.Process.Kill(); server.Wait() }) // before dir goes: Windows keeps a running file
	defer stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop() // then stderr is complete
		return fmt.Errorf("start the server: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	fmt.Fprintln(stdout, "  started with nothing else in its folder and nothing in its environment:")
	calls := batch(2)
	response, err := post(ctx, strings.TrimPrefix(strings.TrimSpace(line), "listening on "), "/batch", calls)
	if err != nil {
		return err
	}
	request, err := json.Marshal(calls)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  ► %s\n  ◄ %s\n", request, bytes.TrimSpace(response))
	return nil
}

// build compiles the server into an empty folder and returns its one file.
func build(ctx context.Context, dir string, stdout io.Writer) (file string, err error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("find the go tool to build the server: %w; install Go, or add its folder to PATH", err)
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s"} // -s: without the tables for debuggers
	cmd := exec.CommandContext(ctx, goTool, append(args, "-o", dir, "example.com/netlessons/batchapi/cmd/server")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // no C library
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", fmt.Errorf("build the server: %w: %s; start the demo in the folder of its source", err, bytes.TrimSpace(out))
	}

	files, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("the build left %d files, want 1", len(files))
	}
	file = filepath.Join(dir, files[0].Name())
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	shared := ""
	if runtime.GOOS == "linux" { // elsewhere every program needs the system's own libraries
		if err := static(file); err != nil {
			return "", err
		}
		shared = ", needs no shared library"
	}
	fmt.Fprintf(stdout, "CGO_ENABLED=0 go %s\n  one file, %.1f MB%s\n", strings.Join(args, " "), float64(info.Size())/1e6, shared)
	return file, nil
}

// static is an error if a program for Linux needs a shared library.
func static(program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return err
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	if err == nil && len(libraries) > 0 {
		err = fmt.Errorf("the server needs %v, want a static program", libraries)
	}
	return err
}

// batch returns n calls, to each of the services in turn.
func batch(n int) []batchapi.Call {
	var calls []batchapi.Call
	for i := range n {
		calls = append(calls, batchapi.Call{Service: names[i%len(names)], Path: fmt.Sprint("/", i+1)})
	}
	return calls
}

// post sends a batch to the gateway at addr and returns its response. It is an
// error if that is not every answer in its place.
func post(ctx context.Context, addr, path string, calls []batchapi.Call) ([]byte, error) {
	body, err := json.Marshal(calls)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Close = true // leave no connection behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	response, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var answers []batchapi.Answer
	if err := json.Unmarshal(response, &answers); err != nil || len(answers) != len(calls) {
		return nil, fmt.Errorf("%d calls got %s: %s", len(calls), resp.Status, response)
	}
	for i, got := range answers {
		if want := (batchapi.Answer{Status: 200, Body: "answer to " + calls[i].Path}); got != want {
			return nil, fmt.Errorf("answer %d is %+v, want %+v", i+1, got, want)
		}
	}
	return response, nil
}

// serve runs a server in the background and returns what stops it.
func serve(ctx context.Context, handler http.Handler) (addr string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { batchapi.Serve(ctx, ln, handler, slog.New(slog.DiscardHandler)) })
	return ln.Addr().String(), func() { cancel(); wg.Wait() }, nil
}
