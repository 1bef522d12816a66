package kernel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func reexec(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("start the program again: %w", err)
	}
	for _, attr := range ways() {
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Args[0] = os.Args[0]
		cmd.Env = append(os.Environ(), privateEnv+"=1")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
		cmd.SysProcAttr = attr
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 5 * time.Second
		if err = cmd.Start(); err == nil {
			return wait(cmd)
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	return 0, fmt.Errorf("start in a private network: %w (%w)", ErrForbidden, err)
}

// ways are the ways to start, the best first. Root needs no user namespace, and
// in a container it may have one of the two only.
func ways() []*syscall.SysProcAttr {
	user := &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if mayCapture() != nil {
		return []*syscall.SysProcAttr{user}
	}
	return []*syscall.SysProcAttr{{Cloneflags: syscall.CLONE_NEWNET}, user, {}}
}

func wait(cmd *exec.Cmd) (int, error) {
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if status := exit.ExitCode(); status >= 0 {
		return status, nil
	}
	return 0, fmt.Errorf("the program in the private network: %w", err) // a signal has ended it
}

// mayCapture returns nil if this process has the right to capture packets.
func mayCapture() error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("capture packets: %w (%w)", ErrForbidden, err)
	}
	return unix.Close(fd)
}

// raise switches the loopback on, which a new network has off. Its packets
// become as large as those of an Ethernet, as in the lab.
func raise() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("switch the loopback on: %w", err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("switch the loopback on: %w", err)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo); err != nil {
		return fmt.Errorf("switch the loopback on: %w", err)
	}
	flags := lo.Uint16()
	if flags&unix.IFF_UP != 0 {
		return nil
	}
	lo.SetUint32(1500)
	err = unix.IoctlIfreq(fd, unix.SIOCSIFMTU, lo)
	if err == nil {
		lo.SetUint16(flags | unix.IFF_UP)
		err = unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
	}
	if err != nil {
		return fmt.Errorf("switch the loopback on: %w (%w)", ErrForbidden, err)
	}
	return nil
}
