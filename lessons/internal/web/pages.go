// Package web is the course in a browser: the lessons' texts as pages, with the
// lab of lessons 1 to 5 in them. It serves them from a working copy, where the
// exercises can be checked too, or writes them as files that any host serves.
package web

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/chroma/v2/lexers"

	"example.com/netlessons/lessons/internal/course"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

//go:embed assets
var assets embed.FS

// pages makes the pages of the course.
type pages struct {
	root     string                            // the folder with go.work
	progress func() map[int]string             // nil unless the course is served
	token    string                            // lets a page start a check; "" if it may not
	recorded func(scene, lang string) recorded // the diagrams for readers without scripts
	static   bool                              // the pages are files, and may be opened as such
}

// recorded is what cmd/lab says of a scene.
type recorded struct {
	Text string
	SVG  template.HTML
	Tell []string
}

// Figure is the text with its columns.
func (r recorded) Figure() template.HTML {
	return template.HTML(columns(template.HTMLEscapeString(r.Text)))
}

// A lesson is one that has a text.
type lesson struct {
	course.Lesson
	Folder string // in lessons/
	Scene  string // of the lab, or ""
}

var numbered = regexp.MustCompile(`^(\d\d)-[a-z0-9-]+$`)

// lessons are those with a text, in their order.
func (p *pages) lessons() ([]lesson, error) {
	entries, err := os.ReadDir(filepath.Join(p.root, "lessons"))
	if err != nil {
		return nil, err
	}
	var all []lesson
	for _, e := range entries {
		m := numbered.FindStringSubmatch(e.Name())
		if m == nil || !p.exists(path.Join("lessons", e.Name(), "README.md")) {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		l := lesson{Folder: e.Name()}
		l.Lesson, _ = course.Find(n)
		l.Number = n
		if len(l.Demo) > 1 && l.Demo[0] == "tcp-handshake/cmd/wire" {
			l.Scene = l.Demo[1]
		}
		all = append(all, l)
	}
	return all, nil
}

// view is what page.html shows.
type view struct {
	Lang, Other, OtherName string // of the page, and its link to the other language
	TextLang               string // of the text, if there is no translation
	Base                   string // leads to the folder of index.html
	Title                  string
	Home                   string
	Menu                   []item
	Cards                  []item
	More                   []item        // texts beside the lessons
	Before, After          template.HTML // the text, around the lab
	Scene                  string
	Static                 bool
	Recorded               recorded
	Check                  *check
	Previous, Next         *item
	Words                  words
}

type item struct {
	Number             int
	Title, Shows, Href string
	Here               bool
	State              string // of the exercise, in words, or ""
	Done               bool
}

type check struct {
	Number     int
	Token, URL string
}

// page returns a page by its name, as in 01-three-way-handshake.zh.html, and
// all pages that it links to. It returns [fs.ErrNotExist] if there is none.
func (p *pages) page(name string) (html []byte, links []string, err error) {
	all, err := p.lessons()
	if err != nil {
		return nil, nil, err
	}
	lang := "en"
	bare := strings.TrimSuffix(name, ".html")
	if strings.HasSuffix(strings.TrimSuffix(bare, ".md"), ".zh") || strings.HasSuffix(bare, ".zh-CN.md") {
		lang = "zh"
	}
	v := view{Lang: htmlLang(lang), TextLang: htmlLang(lang), Words: wordsIn[lang], Base: strings.Repeat("../", strings.Count(name, "/")), Static: p.static}
	r := &linker{pages: p, lang: lang, base: v.Base}
	v.Home = v.Base + "index" + suffix(lang)
	v.OtherName = map[string]string{"en": "中文", "zh": "English"}[lang]

	if source, ok := strings.CutPrefix(bare, "src/"); ok && bare != name {
		err = r.source(&v, strings.TrimSuffix(source, ".zh"))
	} else if strings.TrimSuffix(bare, ".zh") == "index" {
		v.Title, v.Other = v.Words.Course, "index"+suffix(other(lang))
		v.Cards, v.Recorded = p.items(all, lang, "", -1), p.record(all, "handshake", lang)
	} else if i := slices.IndexFunc(all, func(l lesson) bool { return l.Folder == strings.TrimSuffix(bare, ".zh") }); i >= 0 && bare != name {
		v.Other = all[i].Folder + suffix(other(lang))
		err = r.lesson(&v, all, i)
	} else {
		err = fmt.Errorf("page %s: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, err
	}
	here := slices.IndexFunc(all, func(l lesson) bool { return strings.HasPrefix(name, l.Folder+".") })
	v.Menu, v.More = p.items(all, lang, v.Base, here), r.more()
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return nil, nil, err
	}
	return b.Bytes(), r.pagesLinked, errors.Join(r.dead...)
}

// more are the texts beside the lessons, in the language of the page if there are two.
func (r *linker) more() []item {
	var items []item
	for i, name := range []string{"NOTES", "GLOSSARY", "TEACHING"} {
		file := r.inLanguage("lessons/" + name + ".md")
		if r.exists(file) {
			items = append(items, item{Title: wordsIn[r.lang].More[i], Href: r.to(".", file)})
		}
	}
	return items
}

// inLanguage returns the same text in the language of the page, if there is one.
func (r *linker) inLanguage(file string) string {
	if r.lang == "zh" && !strings.HasSuffix(file, ".zh.md") {
		return r.twin(file)
	}
	return file
}

// twin returns the same text in the other language, or what has no other one.
func (p *pages) twin(file string) string {
	other := strings.TrimSuffix(file, ".md") + ".zh.md"
	if text, ok := strings.CutSuffix(file, ".zh.md"); ok {
		other = text + ".md"
	}
	if path.Ext(file) == ".md" && p.exists(other) {
		return other
	}
	return file
}

// sourcePage names the page of a file for readers of a language, who stay among
// the pages of theirs. The name of a Chinese text says enough.
func (p *pages) sourcePage(file, lang string) string {
	if strings.HasSuffix(file, ".zh.md") {
		return "src/" + file + ".html"
	}
	return "src/" + file + suffix(lang)
}

// record returns what is recorded of a scene that one of the lessons has.
func (p *pages) record(all []lesson, scene, lang string) recorded {
	if p.recorded == nil || !slices.ContainsFunc(all, func(l lesson) bool { return l.Scene == scene }) {
		return recorded{}
	}
	return p.recorded(scene, lang)
}

func (p *pages) items(all []lesson, lang, base string, here int) []item {
	var progress map[int]string
	if p.progress != nil {
		progress = p.progress()
	}
	var items []item
	for i, l := range all {
		it := item{Number: l.Number, Title: l.Title, Shows: l.Shows, Href: base + l.Folder + suffix(lang), Here: i == here}
		if lang == "zh" {
			it.Title, it.Shows = l.TitleZH, l.ShowsZH
		}
		it.Title = cmp.Or(it.Title, l.Folder)
		it.Shows = strings.ReplaceAll(it.Shows, "`", "")
		it.State = progress[l.Number]
		it.Done = it.State == "passed"
		if words := wordsIn[lang].States[it.State]; words != "" {
			it.State = words
		}
		items = append(items, it)
	}
	return items
}

// A linker makes the text of one page, and collects where it leads.
type linker struct {
	*pages
	lang, base  string
	pagesLinked []string
	dead        []error
}

// lesson fills in the text of a lesson, and what belongs into it.
func (r *linker) lesson(v *view, all []lesson, i int) error {
	l := all[i]
	file := path.Join("lessons", l.Folder, "README"+map[string]string{"en": ".md", "zh": ".zh.md"}[r.lang])
	if !r.exists(file) { // not translated yet
		file, v.TextLang = path.Join("lessons", l.Folder, "README.md"), "en"
	}
	body, title, err := r.markdown(file)
	if err != nil {
		return err
	}
	v.Title = cmp.Or(title, l.Title)
	body = languageLink.ReplaceAllString(body, "") // the page has its own
	v.Before = template.HTML(body)
	if at := strings.Index(body, "<h2"); at >= 0 {
		v.Before, v.After = template.HTML(body[:at]), template.HTML(body[at:])
	}
	if v.Scene = l.Scene; v.Scene != "" {
		v.Recorded = r.record(all, l.Scene, r.lang)
	}
	if r.exists(path.Join("lessons", l.Folder, "exercise.go")) {
		v.Check = &check{Number: l.Number, Token: r.token, URL: fmt.Sprintf("%scheck/%d?lang=%s", r.base, l.Number, r.lang)}
	}
	items := r.items(all, r.lang, r.base, -1)
	if i > 0 {
		v.Previous = &items[i-1]
	}
	if i+1 < len(items) {
		v.Next = &items[i+1]
	}
	return nil
}

// source fills in a file of the repository, or the list of a folder.
func (r *linker) source(v *view, name string) error {
	v.Title = name
	v.TextLang = v.Lang
	v.Other = r.sourcePage(r.twin(name), other(r.lang))
	r.pagesLinked = append(r.pagesLinked, v.Other)
	info, err := r.stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return r.folder(v, name)
	}
	if path.Ext(name) == ".md" {
		body, title, err := r.markdown(name)
		body = languageLink.ReplaceAllString(body, "") // the page has its own
		v.Before, v.Title = template.HTML(body), cmp.Or(title, name)
		return err
	}
	text, err := r.read(name)
	if err != nil {
		return err
	}
	if bytes.ContainsRune(text, 0) {
		return fmt.Errorf("%s is no text: %w", name, fs.ErrNotExist)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<h1>%s</h1>\n", template.HTMLEscapeString(name))
	if err := highlight(&b, string(text), lexers.Match(path.Base(name))); err != nil {
		return err
	}
	v.Before = template.HTML(b.String())
	return nil
}

func (r *linker) folder(v *view, name string) error {
	entries, err := os.ReadDir(filepath.Join(r.root, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<h1>%s</h1>\n<ul>\n", template.HTMLEscapeString(name))
	for _, e := range entries {
		if hidden(e.Name()) || e.IsDir() && name == "." {
			continue
		}
		target := r.to(name, e.Name())
		fmt.Fprintf(&b, "<li><a href=\"%s\">%s</a></li>\n", template.HTMLEscapeString(target), template.HTMLEscapeString(e.Name()))
	}
	b.WriteString("</ul>\n")
	v.Before = template.HTML(b.String())
	return nil
}

func (r *linker) markdown(file string) (body, title string, err error) {
	text, err := r.read(file)
	if err != nil {
		return "", "", err
	}
	return render(text, func(target string) string { return r.to(path.Dir(file), target) })
}

// languageLink is the paragraph with which a text leads to its translation.
var languageLink = regexp.MustCompile(`<p><a href="[^"]*">(中文|English)</a></p>\n?`)

var lessonText = regexp.MustCompile(`^lessons/(\d\d-[a-z0-9-]+)(/README(\.zh)?\.md)?$`)

// to turns a link from a text in dir into one to a page.
func (r *linker) to(dir, target string) string {
	name, fragment, ok := relative(target)
	if !ok {
		return target
	}
	name = path.Join(dir, name)
	if fragment != "" {
		fragment = "#" + fragment
	}
	page := r.sourcePage(r.inLanguage(name), r.lang)
	if m := lessonText.FindStringSubmatch(name); m != nil {
		lang := r.lang
		if m[2] != "" {
			lang = map[string]string{"": "en", ".zh": "zh"}[m[3]]
		}
		page = m[1] + suffix(lang)
		name = path.Join("lessons", m[1], "README.md")
	} else if name == "." || name == "README.md" {
		page, name = "index"+suffix(r.lang), "README.md"
	} else if name == "README.zh-CN.md" {
		page = "index" + suffix("zh")
	}
	info, err := r.stat(name)
	switch {
	case err != nil:
		r.dead = append(r.dead, fmt.Errorf("%s: link to %s: %w", dir, target, err))
		return target
	case info.IsDir() && r.exists(path.Join(name, "README.md")):
		page = r.sourcePage(r.inLanguage(name+"/README.md"), r.lang)
	}
	r.pagesLinked = append(r.pagesLinked, page)
	return r.base + page + fragment
}

// hidden are files that are nobody's to read in the course.
func hidden(element string) bool {
	return strings.HasPrefix(element, ".") && element != "." || element == "bin" || element == "node_modules"
}

// stat and read look into the working copy, and never beside it.
func (p *pages) stat(name string) (fs.FileInfo, error) {
	root, err := p.open(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Stat(filepath.FromSlash(name))
}

func (p *pages) read(name string) ([]byte, error) {
	root, err := p.open(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(filepath.FromSlash(name))
}

func (p *pages) open(name string) (*os.Root, error) {
	if !fs.ValidPath(name) || slices.ContainsFunc(strings.Split(name, "/"), hidden) {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return os.OpenRoot(p.root)
}

func (p *pages) exists(name string) bool {
	_, err := p.stat(name)
	return err == nil
}

func suffix(lang string) string {
	if lang == "zh" {
		return ".zh.html"
	}
	return ".html"
}

func other(lang string) string {
	if lang == "zh" {
		return "en"
	}
	return "zh"
}

func htmlLang(lang string) string {
	if lang == "zh" {
		return "zh-CN"
	}
	return "en"
}
