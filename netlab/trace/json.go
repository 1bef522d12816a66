package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Write writes t as JSON, in the form that SCHEMA.md describes. Each host,
// packet and event has a line of its own, so that grep finds it and diff
// compares two traces. Write refuses what [Read] would refuse.
func (t *Trace) Write(w io.Writer) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("write trace: %w", err)
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `{"version":%d,"seed":%d`, t.Version, t.Seed)
	err := errors.Join(
		writeList(out, "hosts", t.Hosts),
		writeList(out, "packets", t.Packets),
		writeList(out, "events", t.Events),
	)
	out.WriteString("}\n")
	if err = errors.Join(err, out.Flush()); err != nil {
		return fmt.Errorf("write trace: %w", err)
	}
	return nil
}

// writeList writes one member of the trace, an element to a line.
func writeList[E any](out *bufio.Writer, name string, list []E) error {
	fmt.Fprintf(out, ",\n%q:[", name)
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // "->" in a note stays readable
	for i, element := range list {
		line.Reset()
		if err := enc.Encode(element); err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		out.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
	}
	_, err := out.WriteString("\n]")
	return err
}

// Read reads what [Trace.Write] has written, and gives back an equal trace (if
// its texts are UTF-8). It refuses another version than [Version], a field or
// kind that it does not know, and a trace that does not fit together: all names
// and numbers in what Read returns lead somewhere. An empty list is read as nil.
func Read(r io.Reader) (*Trace, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read trace: %w", err)
	}
	t, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("read trace: %w", err)
	}
	return t, nil
}

func parse(text []byte) (*Trace, error) {
	// The version comes first: of a newer trace, it explains all other errors.
	var form struct{ Version *int }
	if err := json.Unmarshal(text, &form); err != nil {
		return nil, fmt.Errorf("%w; this is not JSON, or not all of it: write the trace again", err)
	}
	if form.Version == nil {
		return nil, errors.New(`no "version"; pass a file that Trace.Write has made`)
	}
	if err := checkVersion(*form.Version); err != nil {
		return nil, err
	}

	t := &Trace{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(t); err != nil {
		return nil, fmt.Errorf("%w; SCHEMA.md has the fields of version %d", err, Version)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	t.Hosts, t.Packets, t.Events = orNil(t.Hosts), orNil(t.Packets), orNil(t.Events)
	return t, nil
}

// orNil returns nil for an empty list, as a lab's trace has it.
func orNil[E any](list []E) []E {
	if len(list) == 0 {
		return nil
	}
	return list
}

func checkVersion(v int) error {
	switch {
	case v > Version:
		return fmt.Errorf("it has version %d, and this program knows version %d; use a newer program", v, Version)
	case v < Version:
		return fmt.Errorf("it has version %d, and this program knows version %d; run the lab again to make a new trace", v, Version)
	}
	return nil
}

// check tells whether t fits together, so that those who read it can rely on
// it. Errors name the place as jq would: .events[12].
func (t *Trace) check() error {
	if err := checkVersion(t.Version); err != nil {
		return err
	}
	known := map[string]bool{}
	for i, h := range t.Hosts {
		switch {
		case h.Name == "":
			return fmt.Errorf(".hosts[%d] has no name; give it one", i)
		case known[h.Name]:
			return fmt.Errorf(".hosts[%d] is a second %q; give each host a name of its own", i, h.Name)
		case len(h.Addrs) == 0:
			return fmt.Errorf(".hosts[%d], %q, has no address; list those that its packets have", i, h.Name)
		}
		known[h.Name] = true
	}
	for i, p := range t.Packets {
		switch {
		case p.N != i+1:
			return fmt.Errorf(".packets[%d] has the number %d; number packets from 1, in their order", i, p.N)
		case !known[p.From]:
			return fmt.Errorf(".packets[%d] is from %q; list that host in .hosts", i, p.From)
		case p.To != "" && !known[p.To]:
			return fmt.Errorf(`.packets[%d] is to %q; list that host in .hosts, or write ""`, i, p.To)
		case len(p.Bytes) == 0:
			return fmt.Errorf(".packets[%d] has no bytes; give it all from its IP header on", i)
		}
	}
	for i, e := range t.Events {
		if i > 0 && e.At < t.Events[i-1].At {
			return fmt.Errorf(".events[%d] is at %v, before the one that precedes it; sort events by time", i, e.At)
		}
		if err := t.checkEvent(e, known); err != nil {
			return fmt.Errorf(".events[%d], %q, %w", i, e.Kind, err)
		}
	}
	return nil
}

func (t *Trace) checkEvent(e Event, known map[string]bool) error {
	switch e.Kind {
	case Send, Deliver, Drop, Faulted:
		if e.Packet == 0 {
			return errors.New("has no packet; give the number of one in .packets")
		}
	case Info:
		if e.TCP == nil {
			return errors.New("has no tcp; give what the end knows")
		}
	case State, Call, Block, Return, Timer, Note:
	default:
		return fmt.Errorf("is no kind of event; SCHEMA.md has the kinds of version %d", Version)
	}
	switch {
	case e.Host == "" && e.Kind != Note:
		return errors.New("has no host; give the name of one in .hosts")
	case e.Host != "" && !known[e.Host]:
		return fmt.Errorf("is of %q; list that host in .hosts", e.Host)
	case e.Packet < 0 || e.Packet > len(t.Packets):
		return fmt.Errorf("has packet %d; give a number from 1 to %d, which is how many .packets there are", e.Packet, len(t.Packets))
	case e.At < 0:
		return fmt.Errorf("is at %v; the lab begins at 0", e.At)
	}
	return nil
}
