//go:build !linux

package main

// privateNetwork is what Linux alone has.
func privateNetwork() bool { return false }
