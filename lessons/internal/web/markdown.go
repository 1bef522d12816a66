package web

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/formatters/html"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/alecthomas/chroma/v2/styles"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// A link turns where a text points to into where its page does.
type link func(target string) string

// render makes HTML of a text in Markdown, and returns its first heading.
func render(source []byte, to link) (body, title string, err error) {
	md := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(
			gmhtml.WithUnsafe(), // the texts are the course's own, and hold <details>
			renderer.WithNodeRenderers(util.Prioritized(codeRenderer{}, 100)),
		),
	)
	doc := md.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext(parser.WithIDs(headingIDs{}))))
	err = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			n.Destination = []byte(to(string(n.Destination)))
		case *ast.Image:
			n.Destination = []byte(to(string(n.Destination)))
		case *extast.Table:
			n.SetAttributeString("tabindex", []byte("0")) // what scrolls can be reached by keyboard
		case *ast.Text:
			n.SetSoftLineBreak(n.SoftLineBreak() && !chineseGoesOn(n, source))
		case *ast.Heading:
			if n.Level == 1 && title == "" {
				title = plainText(n, source)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", "", err
	}
	var b bytes.Buffer
	if err := md.Renderer().Render(&b, source, doc); err != nil {
		return "", "", err
	}
	body = summary.ReplaceAllStringFunc(b.String(), func(line string) string { return ticked.ReplaceAllString(line, "<code>$1</code>") })
	body = code.ReplaceAllStringFunc(body, func(span string) string {
		if len(span) > len("<code></code>")+24 { // longer than a line of a telephone; others stay on one
			return strings.Replace(span, "<code>", `<code class="long">`, 1)
		}
		return span
	})
	body = bold.ReplaceAllString(body, "$1")
	body = strings.ReplaceAll(body, " · ", "&nbsp;· ") // between two languages: no line begins with it
	return option.ReplaceAllString(body, "$1<wbr>$2"), title, nil
}

// Markdown leaves HTML as it is; what is code in the line of a <details> becomes
// code here. No browser ends a line before a hyphen, and Chinese has no spaces;
// but Markdown wants one where bold text ends with a full stop.
var (
	summary = regexp.MustCompile(`<summary>.*?</summary>`)
	ticked  = regexp.MustCompile("`([^`]+)`")
	code    = regexp.MustCompile(`<code>.*?</code>`)
	bold    = regexp.MustCompile(`([。？！：]</strong>) `)
	option  = regexp.MustCompile(`([\p{Han}，。、；：）])(<code>-)`)
)

// chineseGoesOn is whether a line of text and the next one are Chinese where they
// meet: then the line break is no space.
func chineseGoesOn(line *ast.Text, source []byte) bool {
	if line.NextSibling() == nil {
		return false
	}
	last, _ := utf8.DecodeLastRune(line.Segment.Value(source))
	first, _ := utf8.DecodeRuneInString(plainText(line.NextSibling(), source))
	return wide.MatchString(string(last)) && wide.MatchString(string(first))
}

func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// headingIDs names headings as GitHub does, so that one link works in both
// places, also to a Chinese heading.
type headingIDs map[string]bool

func (h headingIDs) Generate(value []byte, _ ast.NodeKind) []byte {
	id := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.TrimSpace(string(value)))
	unique := id
	for i := 1; h[unique]; i++ {
		unique = fmt.Sprintf("%s-%d", id, i)
	}
	h[unique] = true
	return []byte(unique)
}

func (h headingIDs) Put(value []byte) { h[string(value)] = true }

// codeRenderer colours the code blocks.
type codeRenderer struct{}

func (codeRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindFencedCodeBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkSkipChildren, nil
		}
		block := n.(*ast.FencedCodeBlock)
		var code strings.Builder
		for i := range block.Lines().Len() {
			line := block.Lines().At(i)
			code.Write(line.Value(source))
		}
		return ast.WalkSkipChildren, highlight(w, code.String(), lexers.Get(string(block.Language(source))))
	})
}

// highlight writes code with a class for each kind of word; the style sheet has
// the colours. What scrolls can be reached by keyboard.
func highlight(w io.Writer, code string, lexer chroma.Lexer) error {
	if lexer == nil {
		lexer = lexers.Fallback
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, code)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := html.New(html.WithClasses(true), html.WithPreWrapper(wrapper{})).Format(&b, styles.Fallback, tokens); err != nil {
		return err
	}
	_, err = io.WriteString(w, columns(b.String()))
	return err
}

// columns marks what a terminal draws two columns wide, in HTML whose only
// Chinese is text. The style sheet makes it so; dom.js has the same.
func columns(html string) string {
	return wide.ReplaceAllString(html, `<span class="wide">$0</span>`)
}

var wide = regexp.MustCompile(`[\p{Han}\x{3000}-\x{303F}\x{FF01}-\x{FF60}]+`)

type wrapper struct{}

func (wrapper) Start(code bool, _ string) string {
	if code {
		return `<pre class="code" tabindex="0"><code>`
	}
	return `<pre class="code" tabindex="0">`
}

func (wrapper) End(code bool) string {
	if code {
		return "</code></pre>\n"
	}
	return "</pre>\n"
}

// relative tells a link into the repository from one to elsewhere, or to a place
// in the same text.
func relative(target string) (path, fragment string, ok bool) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" || strings.HasPrefix(u.Path, "/") {
		return "", "", false
	}
	return u.Path, u.EscapedFragment(), true
}
