//go:build unix

package exercise

import (
	"os/exec"
	"syscall"
)

// killWhole makes cmd's cancelling end what cmd has started, too.
func killWhole(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
