package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// size is a number of bytes as a flag: 1500, 500K, 10M, 2G.
type size int64

var errSize = errors.New("give bytes per second, such as 500K or 10M")

func (s *size) Set(text string) error {
	number, unit := text, int64(1)
	for i, letter := range []string{"K", "M", "G"} {
		if rest, ok := strings.CutSuffix(strings.ToUpper(text), letter); ok {
			number, unit = rest, 1<<(10*(i+1))
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || n > 1<<62/unit {
		return errSize
	}
	*s = size(n * unit)
	return nil
}

func (s *size) String() string { return human(int64(*s)) }

// human is n bytes for people, in units of 1000.
func human(n int64) string {
	f, units := float64(n), []string{"kB", "MB", "GB", "TB"}
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	i := -1
	for f >= 1000 && i < len(units)-1 {
		f, i = f/1000, i+1
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}
