// Command lab is the wire of lessons 1 to 5 as a page has it: built for
// js/wasm, it gives the page two functions; elsewhere it plays one scene and
// prints all that a page shows of it, as JSON, for readers without scripts.
//
// What is played is said in the words of cmd/wire: a scene, and its flags.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/trace"
	"example.com/netlessons/tcp-handshake/wire"
)

// A played is a scene that has been played.
type played struct {
	scene  wire.Scene
	params wire.Params
	trace  *trace.Trace
	pairs  *wire.Comparison // scene compare, else nil
}

// play plays a scene with the flags of cmd/wire, as in "-drop", "3,4".
func play(name string, args []string) (*played, error) {
	var r played
	for i := 0; i < len(args); i += 2 {
		flag, ok := strings.CutPrefix(args[i], "-")
		if !ok || i+1 == len(args) {
			return nil, fmt.Errorf("want a flag and its value, not %q", args[i:])
		}
		if err := r.params.Set(flag, args[i+1]); err != nil {
			return nil, fmt.Errorf("-%s %s: %w", flag, args[i+1], err)
		}
	}
	var err error
	if name == "compare" {
		var c wire.Comparison
		if c, err = wire.Compare(r.params); err == nil {
			r.pairs, r.trace = &c, c.Pairs[len(c.Pairs)-1].TCP.Trace
		}
		return &r, err
	}
	var ok bool
	if r.scene, ok = wire.Find(name); !ok {
		return nil, fmt.Errorf("there is no scene %q", name)
	}
	r.trace, err = r.scene.Play(r.params)
	return &r, err
}

// form returns what was played in one of the forms that a page shows or keeps.
// Form json is, byte for byte, what cmd/wire prints with -json.
func (r *played) form(name string, lang wire.Language) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch name {
	case "json":
		if r.pairs != nil {
			enc := json.NewEncoder(&b)
			enc.SetIndent("", "  ")
			err = enc.Encode(r.pairs)
		} else {
			err = r.trace.Write(&b)
		}
	case "trace": // of scene compare, one of those that are compared
		err = r.trace.Write(&b)
	case "text":
		if r.pairs != nil {
			err = r.pairs.Text(&b, lang, false)
		} else {
			err = diagram.Text(&b, r.trace, diagram.TextOptions{})
		}
	case "svg":
		err = diagram.SVG(&b, r.trace)
	case "pcapng":
		err = writePcapng(&b, r.trace)
	case "tell":
		sentences := []string{}
		if r.pairs == nil {
			sentences = append(sentences, r.scene.Tell(r.trace, r.params, lang)...)
		}
		err = json.NewEncoder(&b).Encode(sentences)
	case "samples":
		err = json.NewEncoder(&b).Encode(append([]wire.Sample{}, wire.Samples(r.trace)...))
	default:
		err = fmt.Errorf("there is no form %q", name)
	}
	return b.Bytes(), err
}
