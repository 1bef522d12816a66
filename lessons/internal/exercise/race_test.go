//go:build race

package exercise

// The race detector is to see this package at work, whatever was proven without it.
func init() { *again = true }
