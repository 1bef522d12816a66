package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// tool is something that sends files.
type tool struct {
	name     string
	transfer func(ctx context.Context, dir, source, target string) (measured, error)
}

type measured struct {
	took, cpu time.Duration
	rss       int64 // KiB
}

// tools are those to compare: rsync and nc first, then ours.
func tools(many bool) (tools []tool) {
	add := func(program string, t tool) {
		if _, err := exec.LookPath(program); err == nil {
			tools = append(tools, t)
		}
	}
	if !many {
		add("nc", tool{"nc", netcat})
	}
	add("rsync", tool{"rsync", rsync})
	if !many {
		add("socat", tool{"socat", socat})
		tools = append(tools, tool{"send -notes (raw)", ours(nil, "-notes")})
	}
	return append(tools,
		tool{"send (verified)", ours(nil)},
		tool{"send -pin (and TLS)", ours([]string{"-tls"})})
}

// ours sends by our programs.
func ours(receiveArgs []string, sendArgs ...string) func(ctx context.Context, dir, source, target string) (measured, error) {
	return func(ctx context.Context, dir, source, target string) (m measured, err error) {
		receive := exec.CommandContext(ctx, filepath.Join(dir, "receive"), append([]string{"-addr", "127.0.0.1:0", "-once", "-q", "-dir", target}, receiveArgs...)...)
		stdout, err := receive.StdoutPipe()
		if err != nil {
			return m, err
		}
		receive.Stderr = os.Stderr
		if err := receive.Start(); err != nil {
			return m, err
		}
		lines := bufio.NewReader(stdout)
		first, err := lines.ReadString('\n')
		if err != nil {
			return m, err
		}
		args := []string{"-q", "-addr", strings.TrimSpace(strings.TrimPrefix(first, "listening on "))}
		if len(receiveArgs) > 0 {
			hint, err := lines.ReadString('\n')
			if err != nil {
				return m, err
			}
			args = append(args, "-pin", strings.Fields(hint)[4])
		}
		go io.Copy(io.Discard, lines)
		send := exec.CommandContext(ctx, filepath.Join(dir, "send"), append(append(args, sendArgs...), source)...)
		send.Stderr = os.Stderr
		return both(send, receive)
	}
}

func netcat(ctx context.Context, _, source, target string) (measured, error) {
	port, err := freePort()
	if err != nil {
		return measured{}, err
	}
	out, err := os.Create(filepath.Join(target, "out"))
	if err != nil {
		return measured{}, err
	}
	defer out.Close()
	receive := exec.CommandContext(ctx, "nc", "-l", "127.0.0.1", port)
	receive.Stdout = out
	return whenListening(receive, func() *exec.Cmd {
		return exec.CommandContext(ctx, "sh", "-c", `exec nc -N 127.0.0.1 "$1" <"$2"`, "sh", port, source)
	})
}

func socat(ctx context.Context, _, source, target string) (measured, error) {
	port, err := freePort()
	if err != nil {
		return measured{}, err
	}
	receive := exec.CommandContext(ctx, "socat", "-u", "TCP-LISTEN:"+port+",bind=127.0.0.1", "OPEN:"+filepath.Join(target, "out")+",creat")
	return whenListening(receive, func() *exec.Cmd {
		return exec.CommandContext(ctx, "socat", "-u", "OPEN:"+source, "TCP:127.0.0.1:"+port)
	})
}

// rsync sends to a daemon. What that costs in CPU its children know alone.
func rsync(ctx context.Context, dir, source, target string) (m measured, err error) {
	port, err := freePort()
	if err != nil {
		return m, err
	}
	config := filepath.Join(dir, "rsyncd.conf")
	text := fmt.Sprintf("use chroot = no\n[target]\npath = %s\nread only = no\n", target)
	if os.Getuid() == 0 {
		text += "uid = 0\ngid = 0\n"
	}
	if err := os.WriteFile(config, []byte(text), 0o666); err != nil {
		return m, err
	}
	daemon := exec.CommandContext(ctx, "rsync", "--daemon", "--no-detach", "--address=127.0.0.1", "--port="+port, "--config="+config)
	if err := daemon.Start(); err != nil {
		return m, err
	}
	defer func() { daemon.Process.Signal(syscall.SIGTERM); daemon.Wait() }()
	err = retry(func() error {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err != nil {
		return m, err
	}
	start := time.Now()
	out, err := exec.CommandContext(ctx, "rsync", "-a", source, "rsync://127.0.0.1:"+port+"/target/").CombinedOutput()
	if err != nil {
		return m, fmt.Errorf("%w: %s", err, out)
	}
	return measured{took: time.Since(start)}, nil
}

// whenListening starts receive, and then a sender as soon as it gets through.
func whenListening(receive *exec.Cmd, send func() *exec.Cmd) (m measured, err error) {
	if err := receive.Start(); err != nil {
		return m, err
	}
	err = retry(func() (err error) {
		m, err = both(send(), nil)
		return err
	})
	if err != nil {
		receive.Process.Kill()
		receive.Wait()
		return m, err
	}
	start := time.Now()
	if err := receive.Wait(); err != nil {
		return m, err
	}
	m.took += time.Since(start)
	m.add(receive.ProcessState)
	return m, nil
}

// both runs send, and waits for the end of receive too, unless it is nil.
func both(send, receive *exec.Cmd) (m measured, err error) {
	start := time.Now()
	err = send.Run()
	if receive != nil {
		if err != nil {
			receive.Process.Kill()
		}
		err = errors.Join(err, receive.Wait())
	}
	m.took = time.Since(start)
	m.add(send.ProcessState)
	if receive != nil {
		m.add(receive.ProcessState)
	}
	return m, err
}

func (m *measured) add(p *os.ProcessState) {
	if p != nil {
		m.cpu += p.UserTime() + p.SystemTime()
		m.rss = max(m.rss, maxRSS(p))
	}
}

func retry(f func() error) (err error) {
	for range 200 {
		if err = f(); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

func freePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	return port, err
}

// firstByte starts send and waits for its first byte.
func (b *bench) firstByte(args []string) (time.Duration, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	send := exec.CommandContext(b.ctx, filepath.Join(b.dir, "send"), append(args, "-q", "-addr", ln.Addr().String(), b.large)...)
	start := time.Now()
	if err := send.Start(); err != nil {
		return 0, err
	}
	defer func() { send.Process.Kill(); send.Wait() }()
	conn, err := ln.Accept()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_, err = io.ReadFull(conn, make([]byte, 1))
	return time.Since(start), err
}
