package wire

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Flag is one of the names that [Params.Set] knows. The command line and the
// address of the page have them in common.
type Flag struct{ Name, Usage string }

// Flags are the names of all parameters, and what they are about.
func Flags() []Flag {
	return []Flag{
		{"variant", "another course of the scene: " + variants()},
		{"drop", "lose these packets, by their `NUMBERS`, as in 3,4"},
		{"dup", "let these packets arrive twice, by their `NUMBERS`"},
		{"delay", "let packets arrive later, as in 5=300ms,6=1s"},
		{"loss", "lose packets at random, with this `PROBABILITY` from 0 to 0.9"},
		{"seed", "another course of chance (default 1)"},
		{"latency", "of the wire, one way, up to 1h (default 10ms)"},
		{"msl", "maximum segment lifetime, up to 1h; TIME-WAIT takes twice as long (default 30s)"},
		{"rwnd", "size of the buffers in `BYTES`, from 4096; by itself as the scene wants it"},
	}
}

// Set gives a parameter the value that its text stands for.
func (p *Params) Set(name, text string) (err error) {
	switch name {
	case "variant":
		p.Variant = text
	case "drop":
		err = numbers(&p.Drop, text)
	case "dup":
		err = numbers(&p.Dup, text)
	case "delay":
		p.Delay, err = delays(text)
	case "loss":
		p.Loss, err = strconv.ParseFloat(text, 64)
		if err != nil || !(p.Loss >= 0 && p.Loss <= 0.9) {
			err = fmt.Errorf("must be 0 to 0.9")
		}
	case "seed":
		p.Seed, err = strconv.ParseUint(text, 10, 64)
		if err != nil {
			err = fmt.Errorf("must be a whole number from 0")
		}
	case "latency":
		p.Latency, err = duration(text)
	case "msl":
		p.MSL, err = duration(text)
	case "rwnd":
		p.Window, err = strconv.Atoi(text)
		if err != nil || p.Window < 4096 || p.Window > 1<<24 { // with less, this stack never offers a window again
			err = fmt.Errorf("must be 4096 to %d", 1<<24)
		}
	default:
		err = fmt.Errorf("there is no such flag")
	}
	return err
}

// duration reads how long the wire or a wait takes.
func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > time.Hour {
		return 0, fmt.Errorf("must be 0s to 1h, as in 25ms")
	}
	return d, nil
}

// numbers adds to list.
func numbers(list *[]int, text string) error {
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return fmt.Errorf("packets have numbers from 1, as in 3,4")
		}
		*list = append(*list, n)
	}
	return nil
}

func delays(text string) (map[int]time.Duration, error) {
	all := map[int]time.Duration{}
	for part := range strings.SplitSeq(text, ",") {
		number, by, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(number)
		d, err2 := duration(by)
		if err != nil || err2 != nil || n < 1 {
			return nil, fmt.Errorf("want packets and times, as in 5=300ms")
		}
		all[n] = d
	}
	return all, nil
}

func variants() string {
	var all []string
	for _, s := range Scenes {
		if len(s.Variants) > 0 {
			all = append(all, s.Name+" has "+strings.Join(s.Variants, ", "))
		}
	}
	return strings.Join(all, "; ")
}
