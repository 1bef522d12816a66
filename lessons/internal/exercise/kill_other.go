//go:build !unix

package exercise

import (
	"os/exec"
	"strconv"
)

// killWhole makes cmd's cancelling end what cmd has started, too: on Windows
// by the system's own taskkill.
func killWhole(cmd *exec.Cmd) {
	cmd.Cancel = func() error {
		if exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() == nil {
			return nil
		}
		return cmd.Process.Kill()
	}
}
