package trace_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab/trace"
)

func TestTheSchemaHasEveryFieldAndNoOther(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		heading string
		of      reflect.Type
	}{
		{"The trace", reflect.TypeFor[trace.Trace]()},
		{"A host", reflect.TypeFor[trace.Host]()},
		{"A packet, as its sender made it", reflect.TypeFor[trace.Packet]()},
		{"An event", reflect.TypeFor[trace.Event]()},
		{"What an end knows: `tcp`", reflect.TypeFor[trace.TCPInfo]()},
	} {
		t.Run(tt.heading, func(t *testing.T) {
			t.Parallel()
			var documented []field
			for _, row := range table(t, tt.heading) {
				documented = append(documented, field{names(row[0])[0], strings.Contains(row[1], "optional")})
			}
			if diff := cmp.Diff(fields(tt.of), documented); diff != "" {
				t.Errorf("fields of %v (-Go +SCHEMA.md):\n%s", tt.of, diff)
			}
		})
	}
}

func TestTheSchemaHasEveryKindAndNoOther(t *testing.T) {
	t.Parallel()
	var documented []string
	for _, row := range table(t, kindsHeading) {
		documented = append(documented, names(row[0])...)
	}
	if diff := cmp.Diff(kinds(t), documented); diff != "" {
		t.Errorf("kinds (-trace.go +SCHEMA.md):\n%s", diff)
	}
}

func TestTheExampleOfTheSchemaHasEveryFieldAndKind(t *testing.T) {
	t.Parallel()
	text := example(t)
	for _, kind := range kinds(t) {
		require.Contains(t, text, `"kind":"`+kind+`"`)
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[trace.Trace](), reflect.TypeFor[trace.Host](), reflect.TypeFor[trace.Packet](),
		reflect.TypeFor[trace.Event](), reflect.TypeFor[trace.TCPInfo](),
	} {
		for _, f := range fields(typ) {
			require.Contains(t, text, `"`+f.Name+`":`)
		}
	}
}

func TestEventsHaveTheFieldsThatTheSchemaSays(t *testing.T) {
	t.Parallel()
	always, atTimes := map[string][]string{}, map[string][]string{}
	for _, row := range table(t, kindsHeading) {
		kind := names(row[0])[0]
		always[kind], atTimes[kind] = names(row[1]), names(row[2])
	}
	seen := map[string]bool{}
	for _, lab := range labs {
		for _, e := range lab.run(t).Events {
			text, err := json.Marshal(e)
			require.NoError(t, err)
			var has map[string]any
			require.NoError(t, json.Unmarshal(text, &has))
			kind := string(e.Kind)
			seen[kind] = true
			for _, name := range always[kind] {
				require.Contains(t, has, name, "%s", text)
			}
			for name := range has {
				allowed := slices.Concat([]string{"at", "kind", "host"}, always[kind], atTimes[kind])
				require.Contains(t, allowed, name, "%s", text)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(kinds(t))), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("kinds of events in the labs of this test (-all +seen):\n%s", diff)
	}
}

const kindsHeading = "The kinds of events"

// schema returns the section of SCHEMA.md under a heading.
func schema(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("SCHEMA.md")
	require.NoError(t, err)
	_, section, ok := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n## "+heading+"\n")
	require.True(t, ok, "SCHEMA.md has no section %q", heading)
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

// example returns the JSON of SCHEMA.md.
func example(t *testing.T) string {
	t.Helper()
	_, text, ok := strings.Cut(schema(t, "An example"), "```json\n")
	require.True(t, ok, "SCHEMA.md has no example in JSON")
	text, _, _ = strings.Cut(text, "```")
	return text
}

// table returns the cells of the rows of a section's table, without its head.
func table(t *testing.T, heading string) (rows [][]string) {
	t.Helper()
	for line := range strings.Lines(schema(t, heading)) {
		if strings.HasPrefix(line, "| ") {
			rows = append(rows, strings.Split(line, "|")[1:])
		}
	}
	require.Greater(t, len(rows), 2, "no table under %q", heading)
	return rows[2:]
}

// names returns what a cell has in backticks.
func names(cell string) (found []string) {
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		found = append(found, match[1])
	}
	return found
}

type field struct {
	Name     string
	Optional bool
}

// fields returns the members of a type's JSON.
func fields(typ reflect.Type) (all []field) {
	for f := range typ.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, field{name, options != ""})
	}
	return all
}

// kinds returns the constants of type Kind in trace.go, which no list in the
// package can forget.
func kinds(t *testing.T) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "trace.go", nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Kind" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			all = append(all, text)
		}
		return true
	})
	require.NotEmpty(t, all)
	return all
}
