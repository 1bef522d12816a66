package main

import (
	"os"
	"syscall"
)

// maxRSS is the most memory that a process had, in KiB.
func maxRSS(p *os.ProcessState) int64 {
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss
	}
	return 0
}
