// Package browser_test runs the page in Chromium, without a window, against the
// real server.
package browser_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const timeout = time.Minute // never reached unless something is broken

// chromium is one browser for all tests; nil with the reason why there is none.
// The environment variable CHROMIUM names one that must start.
var (
	chromium context.Context
	missing  string
)

func TestMain(m *testing.M) {
	stop := start()
	code := m.Run()
	stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func start() (stop func()) {
	path := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		missing = "no Chromium found: install one, or name it in the environment variable CHROMIUM"
		return func() {}
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has none for root
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, _ := chromedp.NewContext(allocator)
	stop = func() {
		chromedp.Cancel(browser)
		stopAllocator()
	}
	if err := chromedp.Do(browser); err != nil {
		missing = fmt.Sprintf("%s does not start: %v", path, err)
		return stop
	}
	chromium = browser
	return stop
}

// person is somebody with a browser of their own: nothing that one stores is
// known to another.
type person struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	logged []string // by the page, to the console
}

type look struct {
	width, height int64 // 0: a laptop's
	dark          bool
	language      string // English if left out
	hurried       bool   // the page's clocks run 30 times as fast
	patient       bool   // the page tries nothing again by itself: its clocks for more than 0.1 s stand still
}

// visit opens url. When the test ends, the page must not have logged anything.
func visit(t *testing.T, url string, look look) *person {
	t.Helper()
	if chromium == nil && os.Getenv("CHROMIUM") != "" {
		t.Fatal(missing)
	} else if chromium == nil {
		t.Skip(missing)
	}
	tab, _ := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	p := &person{t: t, ctx: tab}
	require.NoError(t, chromedp.Listen(tab, p.listen)) // opens the tab
	t.Cleanup(func() {
		require.NoError(t, chromedp.Cancel(tab))
		p.mu.Lock()
		defer p.mu.Unlock()
		require.Empty(t, p.logged, "the page wrote to the console")
	})
	var cancel context.CancelFunc
	p.ctx, cancel = context.WithTimeout(tab, timeout)
	t.Cleanup(cancel)

	scheme, language := "light", cmp.Or(look.language, "en-GB")
	if look.dark {
		scheme = "dark"
	}
	command(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	command(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: cmp.Or(look.width, 1200), Height: cmp.Or(look.height, 760), DeviceScaleFactor: 1,
	})
	command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	command(p, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "test", AcceptLanguage: language})
	var wait string
	switch {
	case look.hurried:
		wait = "ms / 30"
	case look.patient:
		wait = "ms > 100 ? 1e9 : ms"
	}
	if wait != "" {
		command(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: "{ const later = setTimeout; window.setTimeout = (act, ms) => later(act, " + wait + "); }",
		})
	}
	p.do(chromedp.Navigate(url))
	return p
}

func command[P, R any](p *person, cmd cdp.Command[P, R], params P) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, cmd, params)
	require.NoError(p.t, err)
}

// listen collects what the page logs. What Chromium itself says about a server
// that is away is not the page's.
func (p *person) listen(event any) {
	var line string
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, arg := range event.Args {
			line += string(arg.Value) + arg.Description
		}
	case *runtime.EventExceptionThrown:
		line = event.ExceptionDetails.Text
		if exception := event.ExceptionDetails.Exception; exception != nil {
			line += " " + exception.Description
		}
	case *log.EventEntryAdded:
		if strings.Contains(event.Entry.Text, "WebSocket connection to") {
			return
		}
		line = event.Entry.Text
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.logged = append(p.logged, line)
}

func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, steps...))
}

// until waits for a JavaScript expression to become true; it shows the page's
// text if it does not.
func (p *person) until(expression string, args ...any) {
	p.t.Helper()
	expression = fmt.Sprintf(expression, args...)
	ctx, cancel := context.WithTimeout(p.ctx, timeout/3) // not by the page's clocks
	defer cancel()
	poll := chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))
	if err := chromedp.Do(ctx, poll); err != nil {
		p.keep("failed")
		p.t.Fatalf("never true: %s: %v\nthe page shows:\n%s", expression, err,
			evaluate[string](p, `document.title + "\n" + document.body.innerText`))
	}
}

func evaluate[T any](p *person, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p.t, err)
	return value
}

// join fills in the form with which the page greets.
func (p *person) join(nick, room string) {
	p.t.Helper()
	p.do(
		chromedp.SetValue("#join-nick", nick),
		chromedp.SetValue("#join-room", room),
		chromedp.Click("#join-go"),
	)
	p.until("!document.querySelector('#join').open && document.querySelector('#room').textContent === '# %s'", strings.ToLower(room))
}

// say types into the field and presses Enter.
func (p *person) say(text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys("#text", text))
	p.press("Enter", 0)
}

func (p *person) press(key string, modifiers int64) {
	p.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		command(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: key, Code: key, Modifiers: modifiers})
	}
}

// sees waits until a message with exactly this text is there.
func (p *person) sees(text string) {
	p.t.Helper()
	p.until("[...document.querySelectorAll('.scroller:not([hidden]) .log .text')].some((e) => e.textContent === %q)", text)
}

// notices waits until the page itself says text in the log in sight.
func (p *person) notices(text string) {
	p.t.Helper()
	p.until("[...document.querySelectorAll('.scroller:not([hidden]) .log .notice')].some((e) => e.textContent.includes(%q))", text)
}

// keep stores a picture of the page with the test's artefacts: in the folder
// that the environment variable SCREENSHOTS names, or where go test -artifacts
// keeps them.
func (p *person) keep(name string) {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	require.NoError(p.t, err)
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		dir = p.t.ArtifactDir()
	}
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}
