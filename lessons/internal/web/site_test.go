package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

var (
	target = regexp.MustCompile(`(?:href|src)="([^"]+)"`)
	anchor = regexp.MustCompile(` id="([^"]+)"`)
)

func TestTheSiteHasNoDeadLinkAndWorksBelowAnyPath(t *testing.T) {
	chromium(t)
	dir := t.TempDir()
	require.NoError(t, Site(t.Context(), root(t), filepath.Join(dir, "a", "b"), t.Output()))

	// Each link leads to a file of the site, and to a place in it.
	files := os.DirFS(filepath.Join(dir, "a", "b"))
	ids := map[string]map[string]bool{}
	links := map[string][]string{}
	require.NoError(t, fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".html" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		ids[name] = map[string]bool{}
		for _, m := range anchor.FindAllSubmatch(text, -1) {
			ids[name][string(m[1])] = true
		}
		for _, m := range target.FindAllSubmatch(text, -1) {
			links[name] = append(links[name], strings.ReplaceAll(string(m[1]), "&amp;", "&"))
		}
		return err
	}))
	require.Greater(t, len(ids), 10)
	for name, all := range links {
		for _, link := range all {
			u, err := url.Parse(link)
			require.NoError(t, err, "%s: %s", name, link)
			if u.Scheme != "" {
				continue
			}
			require.False(t, strings.HasPrefix(u.Path, "/"), "%s: %s works below no path", name, link)
			to := name
			if u.Path != "" {
				to = path.Join(path.Dir(name), u.Path)
			}
			_, err = fs.Stat(files, to)
			if err != nil || u.Fragment != "" && !ids[to][u.Fragment] {
				t.Errorf("%s: %s leads nowhere", name, link)
			}
		}
	}

	// The lab runs below a path, from a host that knows nothing of it.
	host := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer host.Close()
	tb := newTab(t, host.URL)
	tb.open(host.URL + "/a/b" + handshake)
	require.Len(t, tb.packets(), 3)
	require.Zero(t, eval[int](tb, `document.querySelectorAll('#check button').length`), "a static page starts no check")
	require.Contains(t, eval[string](tb, `document.querySelector('#check code')?.textContent ?? 'go run ./lessons check'`), "go run ./lessons check")
	tb.quiet()

	// From a file too, though browsers load no module from there.
	file := newTab(t, "file://")
	file.open("file://" + filepath.ToSlash(filepath.Join(dir, "a", "b", teardown)))
	require.Len(t, file.packets(), 9)
	file.then(func() { file.click(`.sequence [data-n="9"]`) })
	require.Contains(t, file.told(), "The last ACK was lost")
	require.Contains(t, eval[string](file, `location.href`), "#drop=9")
}

func TestALinkThatLeadsNowhereFailsTheSite(t *testing.T) {
	dir := courseOf(t, map[string]string{"lessons/06-a/README.md": "# A\n\n[there](nowhere.go)\n"})
	_, _, err := (&pages{root: dir}).page("06-a.html")
	require.ErrorContains(t, err, "link to nowhere.go")
}

func TestTextsBecomePages(t *testing.T) {
	dir := courseOf(t, map[string]string{
		"lessons/06-a/README.md":    "# A lesson\n\n[中文](README.zh.md)\n\n[notes](../NOTES.md#udp-server-x) [code](exercise.go) [next](../07-b/README.md) [all](../../README.md) [here](#why) [module](../../udp-echo/) [far](https://go.dev/)\n\n## Why?\n\n## Why?\n",
		"lessons/06-a/README.zh.md": "# 一课\n\n## 为什么？\n\n[下一课](../07-b/README.zh.md) [模块](../../udp-echo/) [说明](../../udp-echo/README.md)\n\n<details>\n<summary>1. `x < y`？</summary>\n\n是。\n</details>\n",
		"lessons/06-a/exercise.go":  "package a\n", "lessons/07-b/README.md": "# B\n", "lessons/07-b/README.zh.md": "# 乙\n", "lessons/NOTES.md": "# Notes\n",
		"README.md": "# All\n", "udp-echo/README.md": "# Echo\n\n[中文](README.zh.md)\n", "udp-echo/README.zh.md": "# 回声\n",
		"lessons/GLOSSARY.md": "# Words\n", "lessons/TEACHING.md": "# Teaching\n", "lessons/TEACHING.zh.md": "# 教学\n",
	})
	p := pages{root: dir}
	text, links, err := p.page("06-a.html")
	require.NoError(t, err)
	for _, want := range []string{
		`href="src/lessons/NOTES.md.html#udp-server-x"`, `href="src/lessons/06-a/exercise.go.html"`, `href="07-b.html"`, `href="index.html"`,
		`href="#why"`, `href="src/udp-echo/README.md.html"`, `href="https://go.dev/"`, `<h2 id="why">`, `<h2 id="why-1">`, `<title>A lesson · netlessons</title>`,
	} {
		require.Contains(t, string(text), want)
	}
	require.NotContains(t, string(text), ">中文</a></p>", "the page has its own link to the other language")
	require.Contains(t, links, "src/udp-echo/README.md.html")
	for _, name := range []string{"NOTES.md", "GLOSSARY.md", "TEACHING.md"} {
		require.Contains(t, links, "src/lessons/"+name+".html", "each page leads there")
	}

	text, _, err = p.page("06-a.zh.html")
	require.NoError(t, err)
	for _, want := range []string{`<html lang="zh-CN">`, `<h2 id="为什么">`, `href="07-b.zh.html"`, `hreflang="en"`,
		`href="src/udp-echo/README.zh.md.html">模块`, `href="src/udp-echo/README.zh.md.html">说明`, `href="src/lessons/NOTES.md.zh.html"`, `href="src/lessons/TEACHING.zh.md.html"`, `<summary>1. <code>x < y</code>？</summary>`} {
		require.Contains(t, string(text), want)
	}

	text, _, err = p.page("src/lessons/06-a/exercise.go.zh.html")
	require.NoError(t, err)
	require.Contains(t, string(text), `href="../../../06-a.zh.html"`, "who reads Chinese stays among Chinese pages")
	require.Contains(t, string(text), `class="language" href="../../../src/lessons/06-a/exercise.go.html"`)

	text, _, err = p.page("src/udp-echo/README.md.html")
	require.NoError(t, err)
	require.Contains(t, string(text), `class="language" href="../../src/udp-echo/README.zh.md.html"`)
	require.NotContains(t, string(text), ">中文</a></p>")

	text, _, err = p.page("07-b.zh.html")
	require.NoError(t, err)
	require.Contains(t, string(text), "<h1 id=\"乙\">")
	require.NoError(t, os.Remove(filepath.Join(dir, "lessons", "07-b", "README.zh.md")))
	text, _, err = p.page("07-b.zh.html")
	require.NoError(t, err)
	require.Contains(t, string(text), `<article lang="en">`)
	require.Contains(t, string(text), "还没有中文版")
}

func TestALineBreakBetweenChineseCharactersIsNoSpace(t *testing.T) {
	for source, want := range map[string]string{
		"每一个\n包":          "<p>每一个包</p>",
		"结束。\n开始":         "<p>结束。开始</p>",
		"用\nTCP":          "<p>用\nTCP</p>",
		"the bytes,\nthe": "<p>the bytes,\nthe</p>",
		"A\n**port**":     "<p>A\n<strong>port</strong></p>",
		"with\n`go test`": "<p>with\n<code>go test</code></p>",
		"叫\n**端口**。":      "<p>叫<strong>端口</strong>。</p>",
		"no end:\nnobody": "<p>no end:\nnobody</p>",
	} {
		got, _, err := render([]byte(source), func(target string) string { return target })
		require.NoError(t, err)
		require.Equal(t, want, strings.TrimSpace(got))
	}
}

func TestTheLabHoldsNothingOfTheMachineThatBuiltIt(t *testing.T) {
	b := newBuilder(t.Context(), root(t), t.Output())
	packed, err := b.wasm()
	require.NoError(t, err)
	z, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	program, err := io.ReadAll(z)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(program, []byte("\x00asm")))
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	for _, dir := range []string{root(t), strings.TrimSpace(string(goroot)) + string(filepath.Separator)} {
		require.False(t, bytes.Contains(program, []byte(dir)), "%s is in it", dir)
	}
}

func TestThePageAndTheTerminalKnowTheSameScenes(t *testing.T) {
	b := newBuilder(t.Context(), root(t), t.Output())
	all, err := (&pages{root: root(t)}).lessons()
	require.NoError(t, err)
	var scenes []string
	for _, l := range all {
		if l.Scene == "" {
			continue
		}
		scenes = append(scenes, l.Scene)
		for _, lang := range []string{"en", "zh"} {
			r := b.record(l.Scene, lang)
			require.NotEmpty(t, r.Text, l.Scene)
			require.Contains(t, string(r.SVG), "<svg", l.Scene)
		}
	}
	if diff := cmp.Diff([]string{"handshake", "teardown", "window", "states", "compare"}, scenes); diff != "" {
		t.Errorf("scenes (-want +got):\n%s", diff)
	}
}

func TestTheScriptIsSmallEnoughToBeRead(t *testing.T) {
	entries, err := assets.ReadDir("assets")
	require.NoError(t, err)
	lines := 0
	for _, e := range entries {
		if path.Ext(e.Name()) == ".js" {
			text, err := assets.ReadFile("assets/" + e.Name())
			require.NoError(t, err)
			lines += strings.Count(string(text), "\n")
		}
	}
	require.LessOrEqual(t, lines, 1500)
}

func TestTheFirstLessonIsSmallEnoughToWaitFor(t *testing.T) {
	at := served(t)
	files := []string{strings.TrimPrefix(handshake, "/"), "style.css", "icon.svg", "lab.bin", "wasm_exec.js"}
	entries, err := assets.ReadDir("assets")
	require.NoError(t, err)
	for _, e := range entries {
		if path.Ext(e.Name()) == ".js" && e.Name() != "check.js" {
			files = append(files, e.Name())
		}
	}
	sum := 0
	for _, name := range files {
		sum += transferred(t, at+"/"+name)
	}
	const most = 2_200_000 // bytes
	t.Logf("%d bytes", sum)
	require.LessOrEqual(t, sum, most, "what has cmd/lab begun to import?")
}

// transferred is how many bytes come for a file.
func transferred(t testing.TB, url string) int {
	req, err := http.NewRequest("GET", url, nil)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "gzip") // and count it as it comes
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode, url)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	return int(n)
}
