package main

import (
	"os"
	"os/exec"
	"syscall"
)

// privateNetwork reports whether a program may have a network of its own, and
// capture there: by the rights of root, or by a user namespace.
func privateNetwork() bool {
	if fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0); err == nil {
		syscall.Close(fd)
		return true
	}
	cmd := exec.Command("go", "version")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	return cmd.Run() == nil
}
