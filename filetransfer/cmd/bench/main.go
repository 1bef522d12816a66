// Command bench sends the same file with nc, socat, rsync and this module's
// send and receive, in turn, several times, and compares the medians. Tools
// that are not installed are left out. It needs the Go tool, to build ours.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/netlessons/filetransfer/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("bench [-mib 2048] [-files 10000] [-rounds 5] [-dir DIR]", flag.ContinueOnError)
	mib := fs.Int64("mib", 2048, "size of the large file in `MIB`; twice as much room is needed")
	files := fs.Int("files", 10000, "`NUMBER` of small files, of 4 KiB each")
	rounds := fs.Int("rounds", 5, "`NUMBER` of times that each tool sends")
	base := fs.String("dir", memory(), "`DIR` for the files; best one in memory")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if *mib < 1 || *files < 1 || *rounds < 1 {
		return cli.Usage(fs, "the numbers must be at least 1")
	}
	dir, err := os.MkdirTemp(*base, "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{ctx: ctx, dir: dir, large: filepath.Join(dir, "large.bin"), many: filepath.Join(dir, "many"), log: stderr}
	if err := b.prepare(*mib, *files); err != nil {
		return err
	}
	large, err := b.compare(b.large, tools(false), *rounds)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "one file of %d MiB, medians of %d:\n\n", *mib, *rounds)
	printTable(stdout, large, *mib<<20)
	many, err := b.compare(b.many, tools(true), *rounds)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\n%d files of 4 KiB, medians of %d:\n\n", *files, *rounds)
	printTable(stdout, many, int64(*files)<<12)
	fmt.Fprintln(stdout, "\nfirst byte on the wire after the start of send:")
	for _, args := range [][]string{{"-notes"}, nil} {
		took, err := b.firstByte(args)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "  %-14s %.1f ms\n", strings.Join(append([]string{"send"}, args...), " "), took.Seconds()*1e3)
	}
	return nil
}

// memory is a folder in memory, where the system has one.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

type bench struct {
	ctx              context.Context
	dir, large, many string
	log              io.Writer
}

// prepare builds our programs and writes what is to be sent.
func (b *bench) prepare(mib int64, files int) error {
	for _, name := range []string{"send", "receive"} {
		build := exec.CommandContext(b.ctx, "go", "build", "-o", b.dir+string(filepath.Separator), "example.com/netlessons/filetransfer/cmd/"+name)
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // there may be no C compiler
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	random := rand.NewChaCha8([32]byte{})
	file, err := os.Create(b.large)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.CopyN(file, random, mib<<20); err != nil {
		return err
	}
	buf := make([]byte, 4<<10)
	for i := range files {
		folder := filepath.Join(b.many, fmt.Sprint(i/1000))
		if i%1000 == 0 {
			if err := os.MkdirAll(folder, 0o777); err != nil {
				return err
			}
		}
		random.Read(buf)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), buf, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// result is what one tool needed, in each round.
type result struct {
	name string
	took []time.Duration
	cpu  []time.Duration // of both ends; 0 where it cannot be told
	rss  int64           // the largest, in KiB, of either end; 0 where it cannot be told
}

// compare lets each tool send source once in each round: what else the machine
// does hits all of them.
func (b *bench) compare(source string, tools []tool, rounds int) ([]result, error) {
	var results []result
	for _, t := range tools {
		results = append(results, result{name: t.name})
	}
	for round := range rounds {
		for i, t := range tools {
			fmt.Fprintf(b.log, "round %d: %s\n", round+1, t.name)
			if err := b.measure(t, source, &results[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	return results, nil
}

func (b *bench) measure(t tool, source string, r *result) error {
	target := filepath.Join(b.dir, "target")
	if err := os.Mkdir(target, 0o777); err != nil {
		return err
	}
	defer os.RemoveAll(target)
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Minute)
	defer cancel()
	m, err := t.transfer(ctx, b.dir, source, target)
	if err != nil {
		return err
	}
	if err := sameSize(source, target); err != nil {
		return err
	}
	r.took, r.cpu, r.rss = append(r.took, m.took), append(r.cpu, m.cpu), max(r.rss, m.rss)
	return nil
}

// sameSize compares the bytes in all files at source and below target.
func sameSize(source, target string) error {
	sum := func(path string) (n int64, err error) {
		err = filepath.Walk(path, func(_ string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() {
				n += info.Size()
			}
			return err
		})
		return n, err
	}
	want, err := sum(source)
	got, err2 := sum(target)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%d bytes arrived of %d", got, want)
	}
	return nil
}

// printTable prints medians, and how many times as fast as nc and rsync each is.
func printTable(w io.Writer, results []result, size int64) {
	fmt.Fprintf(w, "  %-22s %8s", "", "MB/s")
	var base []result
	for _, r := range results {
		if r.name == "nc" || r.name == "rsync" {
			base = append(base, r)
		}
	}
	for _, r := range base {
		fmt.Fprintf(w, " %10s", "÷ "+r.name)
	}
	fmt.Fprintf(w, " %11s %8s\n", "CPU s/GiB", "MiB RSS")
	for _, r := range results {
		took := median(r.took)
		fmt.Fprintf(w, "  %-22s %8.0f", r.name, float64(size)/took.Seconds()/1e6)
		for _, other := range base {
			fmt.Fprintf(w, " %10.2f", median(other.took).Seconds()/took.Seconds())
		}
		cpu, rss := "–", "–"
		if c := median(r.cpu); c > 0 {
			cpu = fmt.Sprintf("%.2f", c.Seconds()/(float64(size)/(1<<30)))
		}
		if r.rss > 0 {
			rss = fmt.Sprint(r.rss >> 10)
		}
		fmt.Fprintf(w, " %11s %8s\n", cpu, rss)
	}
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
