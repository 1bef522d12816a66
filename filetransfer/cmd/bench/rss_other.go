//go:build !linux

package main

import "os"

// maxRSS cannot be told here in a unit that is known.
func maxRSS(*os.ProcessState) int64 { return 0 }
