package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

var (
	importLine = regexp.MustCompile(`(?m)^import (.*) from '\./([a-z]+\.js)';$`)
	exportName = regexp.MustCompile(`(?m)^export (?:const|async function|function) (\w+)`)
	rename     = regexp.MustCompile(`(\w+) as (\w+)`)
)

// offline returns one classic script that holds the whole lab, wasm included.
// From file:// a browser loads neither modules nor workers nor wasm; this it
// runs. Each module becomes a function that returns what it exports.
func (b *builder) offline() ([]byte, error) {
	var out strings.Builder
	out.WriteString("// All of the lab in one file, for pages that are opened as files.\nfunction netlabOffline() {\nconst modules = {};\n")
	done := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		if done[name] {
			return nil
		}
		done[name] = true
		text, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return err
		}
		source := string(text)
		for _, m := range importLine.FindAllStringSubmatch(source, -1) {
			if err := add(m[2]); err != nil {
				return err
			}
		}
		var exports []string
		for _, m := range exportName.FindAllStringSubmatch(source, -1) {
			exports = append(exports, m[1])
		}
		source = importLine.ReplaceAllStringFunc(source, func(line string) string {
			m := importLine.FindStringSubmatch(line)
			names := rename.ReplaceAllString(strings.TrimPrefix(m[1], "* as "), "$1: $2")
			return fmt.Sprintf("const %s = modules['%s'];", names, m[2])
		})
		source = exportName.ReplaceAllStringFunc(source, func(s string) string { return strings.TrimPrefix(s, "export ") })
		source = strings.ReplaceAll(source, "import.meta.url", "document.baseURI")
		fmt.Fprintf(&out, "modules['%s'] = (() => {\n%sreturn { %s };\n})();\n", name, source, strings.Join(exports, ", "))
		return nil
	}
	if err := add("lab.js"); err != nil {
		return nil, err
	}
	out.WriteString("}\n")

	wasm, err := b.wasm()
	if err != nil {
		return nil, err
	}
	script, err := b.wasmExec()
	if err != nil {
		return nil, err
	}
	worker, err := assets.ReadFile("assets/worker.js")
	if err != nil {
		return nil, err
	}
	data := "const labFile = 'data:application/octet-stream;base64," + base64.StdEncoding.EncodeToString(wasm) + "';\n"
	source, err := json.Marshal(string(script) + "\n" + data + string(worker))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&out, "globalThis.netlabWorker = () => URL.createObjectURL(new Blob([%s], { type: 'text/javascript' }));\n", source)
	out.WriteString("if (document.readyState === 'loading') addEventListener('DOMContentLoaded', netlabOffline);\nelse netlabOffline();\n")
	return []byte(out.String()), nil
}
