package web

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/lessons/internal/runner"
)

// One browser and one server are enough for all tests; each has a tab of its own.
var shared struct {
	sync.Once
	browser context.Context
	err     error // why there is none

	serving sync.Once
	origin  string

	stops []func()
}

func TestMain(m *testing.M) {
	checkInstead()
	status := m.Run()
	for _, stop := range shared.stops {
		stop()
	}
	http.DefaultClient.CloseIdleConnections()
	// chroma's regular expressions have a clock, which stops by itself.
	if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// root is the course's folder.
func root(t testing.TB) string {
	dir, err := os.Getwd()
	require.NoError(t, err)
	dir, err = runner.Root(dir)
	require.NoError(t, err)
	return dir
}

// chromium starts the browser, or skips the test where there is none.
func chromium(t testing.TB) context.Context {
	shared.Do(func() {
		var program string
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
			if program, shared.err = exec.LookPath(name); shared.err == nil {
				break
			}
		}
		if shared.err != nil {
			return
		}
		opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
			chromedp.Flag("lang", "en"), chromedp.Flag("force-prefers-reduced-motion", true))
		alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
		browser, stop := chromedp.NewContext(alloc)
		shared.stops = append(shared.stops, stop, stopAlloc)
		shared.browser = browser
		if err := chromedp.Do(browser); err != nil {
			panic(err) // it is there and does not start: that is no reason to skip
		}
	})
	if shared.err != nil {
		t.Skipf("skipped: no Chromium here (%v); install Debian's package chromium", shared.err)
	}
	return shared.browser
}

// A tab is one page of the browser, and what it has complained of.
type tab struct {
	t   testing.TB
	ctx context.Context
	own string // the origin that it may ask

	mu         sync.Mutex
	complaints []string
}

func newTab(t testing.TB, own string) *tab {
	ctx, cancel := chromedp.NewContext(chromium(t))
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx)) // opens the tab, which may stay for longer than one action
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(cancel)
	tb := &tab{t: t, ctx: ctx, own: own}
	require.NoError(t, chromedp.Listen(ctx, tb.listen))
	call(tb, runtime.Enable, cdp.Empty{})
	call(tb, log.Enable, cdp.Empty{})
	call(tb, network.Enable, network.EnableParams{})
	tb.look("light", 1280)
	return tb
}

func (tb *tab) listen(ev any) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	complain := func(format string, a ...any) { tb.complaints = append(tb.complaints, fmt.Sprintf(format, a...)) }
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		var args []string
		for _, a := range ev.Args {
			args = append(args, string(a.Value)+a.Description)
		}
		complain("console.%s: %s", ev.Type, strings.Join(args, " "))
	case *runtime.EventExceptionThrown:
		complain("exception: %s %+v", ev.ExceptionDetails.Text, ev.ExceptionDetails.Exception)
	case *log.EventEntryAdded:
		complain("log: %s %s", ev.Entry.Text, ev.Entry.URL)
	case *network.EventRequestWillBeSent:
		u := ev.Request.URL
		if !strings.HasPrefix(u, tb.own+"/") && !strings.HasPrefix(u, "blob:"+tb.own) && !strings.HasPrefix(u, "data:") {
			complain("request to another origin: %s", u)
		}
	}
}

// look sets the colours that the reader prefers, and the width of the window.
func (tb *tab) look(scheme string, width int64) {
	tb.t.Helper()
	call(tb, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
	call(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

func call[P, R any](tb *tab, cmd cdp.Command[P, R], params P) R {
	tb.t.Helper()
	res, err := chromedp.Call(tb.ctx, cmd, params)
	require.NoError(tb.t, err)
	return res
}

func (tb *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	tb.t.Helper()
	require.NoError(tb.t, chromedp.Do(tb.ctx, actions...))
}

// eval returns what a script gives; it waits for promises.
func eval[T any](tb *tab, script string) T {
	tb.t.Helper()
	v, err := chromedp.Run(tb.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	require.NoError(tb.t, err)
	return v
}

// open loads a page and waits until its lab, if it has one, has played.
func (tb *tab) open(url string) {
	tb.t.Helper()
	tb.do(chromedp.Navigate(url))
	tb.played(1)
}

// played waits until the lab has played n times.
func (tb *tab) played(n int) {
	tb.t.Helper()
	eval[bool](tb, fmt.Sprintf(`new Promise((done, failed) => {
		const lab = document.getElementById('lab');
		const look = () => !lab || Number(lab.dataset.played ?? 0) >= %d ? done(true)
			: lab.querySelector('[role=alert]:not([hidden])') ? failed(lab.querySelector('[role=alert]').textContent) : undefined;
		if (lab) new MutationObserver(look).observe(lab, { attributes: true, subtree: true });
		look();
	})`, n))
}

func (tb *tab) quiet() {
	tb.t.Helper()
	tb.mu.Lock()
	defer tb.mu.Unlock()
	require.Empty(tb.t, tb.complaints)
}

// shoot keeps a picture of the whole page in the folder that
// NETLESSONS_SCREENSHOTS names, to be looked at by people.
func (tb *tab) shoot(name string) {
	tb.t.Helper()
	dir := os.Getenv("NETLESSONS_SCREENSHOTS")
	if dir == "" {
		return
	}
	res := call(tb, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true), OptimizeForSpeed: new(true)})
	require.NoError(tb.t, os.MkdirAll(dir, 0o777))
	require.NoError(tb.t, os.WriteFile(filepath.Join(dir, name+".png"), res.Data, 0o666))
}

// served returns where the course is served, for as long as the tests run.
func served(t testing.TB) string {
	shared.serving.Do(func() {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		shared.origin = "http://" + ln.Addr().String()
		progress := func() map[int]string { return map[int]string{1: "passed", 2: "failed"} }
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- Serve(ctx, ln, root(t), progress, os.Stderr) }()
		shared.stops = append(shared.stops, func() { stop(); <-done })
	})
	return shared.origin
}

func get(t testing.TB, url string) string {
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, b.String())
	return b.String()
}

// names are the first page, all lessons, and one of each kind of what they link to.
func names(t testing.TB) []string {
	all, err := (&pages{root: root(t)}).lessons()
	require.NoError(t, err)
	list := []string{"index.html", "index.zh.html"}
	for _, l := range all {
		list = append(list, l.Folder+".html", l.Folder+".zh.html")
	}
	return append(list, "src/lessons/NOTES.md.html", "src/lessons/GLOSSARY.md.html", "src/lessons/TEACHING.md.html", "src/lessons/TEACHING.zh.md.html",
		"src/tcp-handshake/README.zh.md.html", "src/udp-echo/server.go.html", "src/tcp-handshake/wire.html")
}

func TestEachPageLoadsWithoutAComplaint(t *testing.T) {
	chromium(t)
	at := served(t)
	axe := axeSource(t)
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tb := newTab(t, at)
			tb.open(at + "/" + name)
			for _, look := range []struct {
				name, scheme string
				width        int64
				rules        string // of axe
			}{
				{"light", "light", 1280, "{}"},
				{"dark", "dark", 1280, "{runOnly: ['color-contrast']}"},
				{"narrow", "light", 375, ""},
				{"open", "light", 375, ""},
			} {
				tb.look(look.scheme, look.width)
				if look.name == "open" {
					eval[any](tb, `document.querySelectorAll('details').forEach((d) => { d.open = true; }), 0`)
				}
				tb.fits(look.width)
				tb.shoot(strings.ReplaceAll(strings.TrimSuffix(name, ".html"), "/", "-") + "-" + look.name)
				for _, fault := range eval[[]string](tb, faults) {
					t.Errorf("%s: %s", look.name, fault)
				}
				// In the dark only the colours differ, and they are the same in both languages.
				if look.name == "light" || look.name == "dark" && !strings.Contains(name, ".zh") && name < "07" {
					tb.violations(axe, look.rules, look.name)
				}
			}
			tb.look("light", 320)
			tb.fits(320)
			tb.look("light", 2560)
			tb.fits(2560)
			tb.quiet()
		})
	}
}

// faults finds what nobody can read well: a lesson's number out of the window,
// a figure's text that is too small, on another one or cut off, a number on two
// lines, a field on a rule, English in a Chinese figure.
const faults = `(() => {
	const all = [], box = (el) => el.getBoundingClientRect();
	const texts = (selector) => [...document.querySelectorAll(selector)].filter((el) => el.textContent && el.checkVisibility());
	for (const a of texts('header nav a')) if (box(a).left < 0 || box(a).right > innerWidth) all.push('lesson ' + a.textContent + ' is out of the window');
	for (const el of texts('main svg text')) {
		const svg = el.ownerSVGElement, size = parseFloat(getComputedStyle(el).fontSize) * box(svg).width / svg.viewBox.baseVal.width;
		if (size < 8) all.push(size.toFixed(1) + ' pixels of ' + el.textContent);
		if (box(el).left < box(svg).left - 1 || box(el).right > box(svg).right + 1) all.push('cut off: ' + el.textContent);
	}
	for (const el of texts('.sequence .state')) {
		const band = el.previousElementSibling;
		if (band.matches('.band') && box(el).width > box(band).width) all.push('wider than its band: ' + el.textContent);
		for (const rest of document.querySelectorAll('.sequence .break')) {
			if (box(el).bottom - 4 > box(rest).top && box(el).top + 4 < box(rest).bottom) all.push('under a break: ' + el.textContent);
		}
	}
	const flat = texts('.sequence :is(.time, .said, .state, .note), .sequence .label:not([transform])');
	flat.forEach((a, i) => flat.slice(i + 1).forEach((b) => {
		const across = Math.min(box(a).right, box(b).right) - Math.max(box(a).left, box(b).left);
		if (across > 2 && Math.min(box(a).bottom, box(b).bottom) - Math.max(box(a).top, box(b).top) > 5) all.push(a.textContent + ' is on ' + b.textContent);
	}));
	for (const el of texts('.sequence .time:not(.later)')) {
		if (box(el).right > box(document.querySelector('.sequence .life')).left) all.push('among the arrows: ' + el.textContent);
	}
	for (const el of texts('.plots td')) {
		const range = document.createRange();
		range.selectNodeContents(el);
		if (range.getClientRects().length > 1) all.push('two lines: ' + el.textContent);
	}
	const bar = document.querySelector('.bar');
	for (const el of bar?.checkVisibility() ? texts('.controls :is(select, summary)') : []) {
		if (box(el).bottom > box(bar).top - 4) all.push('on the rule: ' + el.textContent);
	}
	for (const el of texts(':lang(zh) > body .sequence .said')) {
		if (/\b(of|bytes|returns|later)\b/.test(el.textContent)) all.push('English: ' + el.textContent);
	}
	return all;
})()`

// fits fails if the page has to be scrolled sideways.
func (tb *tab) fits(width int64) {
	tb.t.Helper()
	wide := eval[int64](tb, `new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(document.documentElement.scrollWidth))))`)
	if wide > width {
		tb.t.Errorf("%d pixels wide in a window of %d", wide, width)
	}
}

func TestAFigureOfTextIsDrawnAsInATerminal(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	for _, name := range []string{compare, "/05-tcp-vs-udp.zh.html", "/10-why-go.zh.html"} {
		tb.open(at + name)
		// Lines stand close, so that what goes down is one line, and a Chinese character is as wide as two others.
		wrong := eval[[]string](tb, `(async () => {
			const wrong = [], wide = /[\p{Script=Han}\u3000-\u303f\uff01-\uff60]/u;
			const form = document.querySelector('.live > details:last-child');
			if (form) {
				const written = new Promise((done) => new MutationObserver(done).observe(form, { subtree: true, childList: true }));
				form.open = true;
				await written;
			}
			for (const pre of document.querySelectorAll('article pre, .live pre')) {
				const style = getComputedStyle(pre);
				if (parseFloat(style.lineHeight) > 1.5 * parseFloat(style.fontSize)) wrong.push('lines of ' + style.lineHeight);
				const ruler = pre.appendChild(Object.assign(document.createElement('span'), { textContent: '0'.repeat(100) }));
				const column = ruler.getBoundingClientRect().width / 100;
				ruler.remove();
				const walk = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT), range = document.createRange();
				let line = '';
				range.setStart(pre, 0);
				for (let node = walk.nextNode(); node; node = walk.nextNode()) {
					node.textContent.split(/(\n)/).reduce((at, part) => {
						if (part === '\n') {
							range.setEnd(node, at);
							const want = [...line].reduce((sum, c) => sum + (wide.test(c) ? 2 : 1), 0), got = range.getBoundingClientRect().width / column;
							if (wide.test(line) && !line.includes('\t') && Math.abs(want - got) > 1) wrong.push(got.toFixed(1) + ' columns and not ' + want + ': ' + line);
							range.setStart(node, at + 1);
							line = '';
						} else line += part;
						return at + part.length;
					}, 0);
				}
			}
			return wrong;
		})()`)
		if diff := cmp.Diff([]string{}, wrong); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	tb.quiet()
}

// axeSource returns axe-core. Without it the test is skipped: it is fetched by
// `npm install axe-core` and looked for in the course's folder, or where
// NETLESSONS_AXE says.
func axeSource(t testing.TB) string {
	file := os.Getenv("NETLESSONS_AXE")
	if file == "" {
		file = filepath.Join(root(t), "node_modules", "axe-core", "axe.min.js")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("skipped: no axe-core (%v); run npm install axe-core, or set NETLESSONS_AXE to axe.min.js", err)
	}
	return string(text)
}

// violations fails for what keeps some readers from a page.
func (tb *tab) violations(axe, rules, where string) {
	tb.t.Helper()
	eval[any](tb, axe+";0")
	found := eval[[]string](tb, `axe.run(document, `+rules+`).then((r) => r.violations
		.filter((v) => v.impact === 'serious' || v.impact === 'critical')
		.map((v) => v.id + ': ' + v.help + ': ' + v.nodes.slice(0, 3).map((n) => n.html + ' ' + n.failureSummary).join(' | ')))`)
	for _, v := range found {
		tb.t.Errorf("%s: %s", where, v)
	}
}
