package weave

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
)

// Region returns a part of a Go file, without its indentation, and the line
// where it begins. It is named "decl Serve", "decl Room.Join", "Step 3" or
// "Step 2 to 4", or is empty for the whole file.
func Region(text, name string) (line int, code string, err error) {
	kind, what, _ := strings.Cut(name, " ")
	lines := strings.SplitAfter(text, "\n")
	var from, to int // indices into lines
	switch kind {
	case "":
		to = len(lines)
	case "decl":
		from, to, err = declaration(text, what)
	case "Step":
		from, to, err = steps(lines, what)
	default:
		err = fmt.Errorf("no region is called %q; say decl NAME or Step N", name)
	}
	if err != nil {
		return 0, "", err
	}
	indent := lines[from][:indentation(lines[from])]
	var b strings.Builder
	for _, l := range lines[from:to] {
		b.WriteString(strings.TrimPrefix(l, indent))
	}
	return from + 1, strings.TrimRight(b.String(), "\n") + "\n", nil
}

// declaration finds the top-level declaration of name, or of Type.Method.
func declaration(text, name string) (from, to int, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return 0, 0, err
	}
	for _, d := range file.Decls {
		names, doc := declared(d)
		for _, n := range names {
			if n != name {
				continue
			}
			begin := d.Pos()
			if doc != nil {
				begin = doc.Pos()
			}
			return fset.Position(begin).Line - 1, fset.Position(d.End()).Line, nil
		}
	}
	return 0, 0, fmt.Errorf("no declaration of %s", name)
}

// declared returns what a declaration declares.
func declared(d ast.Decl) (names []string, doc *ast.CommentGroup) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil && len(d.Recv.List) == 1 {
			receiver := d.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			if id, ok := receiver.(*ast.Ident); ok {
				name = id.Name + "." + name
			}
		}
		return []string{name}, d.Doc
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, id := range s.Names {
					names = append(names, id.Name)
				}
			}
		}
		return names, d.Doc
	}
	return nil, nil
}

// steps finds the lines of the steps "3" or "2 to 4": each begins with its
// comment and ends where the next one begins, or with what encloses it.
func steps(lines []string, what string) (from, to int, err error) {
	first, last, isRange := strings.Cut(what, " to ")
	if !isRange {
		last = first
	}
	end, err := strconv.Atoi(last)
	if err != nil {
		return 0, 0, fmt.Errorf("step %q is no number", what)
	}
	from = -1
	for i, l := range lines {
		trimmed := strings.TrimSpace(l)
		switch {
		case from < 0:
			if strings.HasPrefix(trimmed, "// Step "+first+":") {
				from = i
			}
		case strings.HasPrefix(trimmed, fmt.Sprintf("// Step %d:", end+1)),
			trimmed != "" && indentation(l) < indentation(lines[from]):
			return from, i, nil
		}
	}
	if from < 0 {
		return 0, 0, fmt.Errorf("no comment begins with // Step %s and a colon", first)
	}
	return from, len(lines), nil
}

func indentation(line string) int {
	return len(line) - len(strings.TrimLeft(line, "\t "))
}
