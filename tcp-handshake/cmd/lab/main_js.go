package main

import (
	"crypto/sha256"
	"encoding/hex"
	"syscall/js"

	"example.com/netlessons/tcp-handshake/wire"
)

// main gives the page two functions and stays, to answer them:
//
//	netlab.run(scene, [flag, …]) → {error} or {json, hash}
//	netlab.form(name, language)  → {error} or {bytes}, of what was run last
func main() {
	var last *played
	object := js.Global().Get("Object").New()
	object.Set("run", js.FuncOf(func(_ js.Value, in []js.Value) any {
		args := make([]string, in[1].Length())
		for i := range args {
			args[i] = in[1].Index(i).String()
		}
		r, err := play(in[0].String(), args)
		if err != nil {
			return failed(err)
		}
		text, err := r.form("json", "")
		if err != nil {
			return failed(err)
		}
		last = r
		return map[string]any{"json": string(text), "hash": hash(text)}
	}))
	object.Set("form", js.FuncOf(func(_ js.Value, in []js.Value) any {
		if last == nil {
			return map[string]any{"error": "run a scene first"}
		}
		text, err := last.form(in[0].String(), wire.Language(in[1].String()))
		if err != nil {
			return failed(err)
		}
		bytes := js.Global().Get("Uint8Array").New(len(text))
		js.CopyBytesToJS(bytes, text)
		return map[string]any{"bytes": bytes}
	}))
	js.Global().Set("netlab", object)
	select {}
}

func failed(err error) map[string]any { return map[string]any{"error": err.Error()} }

// hash tells two traces apart.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
