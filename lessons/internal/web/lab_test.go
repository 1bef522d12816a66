package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// names of the pages with a lab, so that the tests read as what a reader does.
const (
	handshake = "/01-three-way-handshake.html"
	teardown  = "/02-four-way-teardown.html"
	window    = "/03-sliding-window.html"
	states    = "/04-tcp-states.html"
	compare   = "/05-tcp-vs-udp.html"
)

// packets are the labels of the diagram.
func (tb *tab) packets() []string {
	tb.t.Helper()
	return eval[[]string](tb, `[...document.querySelectorAll('.sequence g[role=button]')].map((g) => g.getAttribute('aria-label'))`)
}

// told is what stands under the diagram.
func (tb *tab) told() string {
	tb.t.Helper()
	return eval[string](tb, `document.querySelector('.told').textContent`)
}

// runs is how often the lab has played.
func (tb *tab) runs() int {
	tb.t.Helper()
	return eval[int](tb, `Number(document.getElementById('lab').dataset.played)`)
}

// then does something that plays the scene anew, and waits until it has.
func (tb *tab) then(do func()) {
	tb.t.Helper()
	n := tb.runs()
	do()
	tb.played(n + 1)
}

func (tb *tab) click(selector string) {
	tb.t.Helper()
	eval[any](tb, fmt.Sprintf(`document.querySelector(%q).dispatchEvent(new MouseEvent('click', {bubbles: true})), 0`, selector))
}

func (tb *tab) press(keys ...string) {
	tb.t.Helper()
	for _, key := range keys {
		tb.do(chromedp.KeyEvent(key))
	}
}

// tabTo presses Tab until what the selector names has the focus.
func (tb *tab) tabTo(selector string) {
	tb.t.Helper()
	for range 120 {
		if eval[bool](tb, fmt.Sprintf(`document.activeElement?.matches(%q) ?? false`, selector)) {
			return
		}
		tb.press(kb.Tab)
	}
	tb.t.Fatalf("no number of Tabs leads to %s", selector)
}

func TestLosingTheLastACKBringsTheFINAgainAndTIMEWAITAnswers(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	tb.open(at + teardown)
	require.Len(t, tb.packets(), 9)

	tb.then(func() { tb.click(`.sequence [data-n="9"]`) })
	got := tb.packets()
	require.Len(t, got, 11)
	require.Contains(t, got[8], "lost")
	require.Contains(t, got[9], "10 again FIN+ACK")
	require.Contains(t, got[9], "server to client")
	require.Contains(t, got[10], "11 ACK seq=2 ack=12")
	require.Contains(t, tb.told(), "The last ACK was lost, so the server sent its FIN again")
	require.Contains(t, eval[string](tb, `document.querySelector('.difference').textContent`), "3 new or changed, 1 gone")
	require.Equal(t, "#drop=9", eval[string](tb, `location.hash`))

	tb.shoot("experiment-last-ack-lost")

	// Whoever looks at the FIN that comes again sees the client still there to answer.
	eval[any](tb, `document.querySelector('.sequence [data-n="10"]').focus(), 0`)
	require.Contains(t, eval[string](tb, `document.querySelector('svg.states').getAttribute('aria-label')`), "client in TIME-WAIT, server in LAST-ACK")

	tb.then(func() { tb.click(`.sequence [data-n="9"]`) }) // once more lets it pass
	require.Len(t, tb.packets(), 9)
	tb.quiet()
}

func TestTheAddressHoldsTheExperiment(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	hash := func() string {
		t.Helper()
		return eval[string](tb, `document.getElementById('lab').dataset.hash`)
	}
	// A link to an experiment shows it.
	tb.open(at + teardown + "#drop=9")
	require.Contains(t, tb.told(), "The last ACK was lost")
	lost := hash()

	// So does an address that is typed, and Back and Forward lead through them.
	seen := []string{lost}
	for _, tt := range []struct{ hash, want string }{
		{"variant=simultaneous", "CLOSING"},
		{"latency=25ms&msl=2s&drop=9,10&dup=4&delay=5=40ms", "2 MSL are 4s"},
		{"loss=0.3&seed=7", "(lost)"},
		{"", "Step 4, packet 9:"},
	} {
		tb.then(func() { eval[any](tb, fmt.Sprintf(`location.hash = %q, 0`, tt.hash)) })
		require.Contains(t, tb.told(), tt.want, tt.hash)
		require.NotContains(t, seen, hash(), "the address changes nothing")
		seen = append(seen, hash())
	}
	for i := len(seen) - 2; i >= 0; i-- {
		tb.then(func() { eval[any](tb, `history.back(), 0`) })
		require.Equal(t, seen[i], hash(), "Back, to experiment %d", i)
	}
	tb.then(func() { eval[any](tb, `history.forward(), 0`) })
	require.Equal(t, seen[1], hash())

	// What is done in the page is in the address, which another reader can open.
	tb.then(func() { tb.click(`.sequence [data-n="4"]`) })
	address, done := eval[string](tb, `location.href`), hash()
	require.Contains(t, address, "#variant=simultaneous&drop=4")
	tb.do(chromedp.Navigate("about:blank"))
	tb.open(address)
	require.Equal(t, done, hash())
	tb.quiet()
}

func TestTheCopiedCommandPrintsTheSameTrace(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	for _, tt := range []struct{ name, page string }{
		{"packets lost, late and doubled", teardown + "#drop=9&dup=4&delay=5=40ms,6=1s&latency=25ms&msl=2s"},
		{"chance", window + "#loss=0.1&seed=5"},
		{"a variant", handshake + "#variant=backlog"},
		{"both protocols", compare + "#loss=0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tb.do(chromedp.Navigate("about:blank"))
			tb.open(at + tt.page)
			command := strings.Fields(eval[string](tb, `document.querySelector('.command').dataset.json`))
			require.Equal(t, []string{"go", "run", "./tcp-handshake/cmd/wire"}, command[:3])
			cmd := exec.Command(command[0], command[1:]...)
			cmd.Dir, cmd.Env = root(t), append(os.Environ(), "GOWORK=") // the course's own
			out, err := cmd.Output()
			require.NoError(t, err)
			sum := sha256.Sum256(out)
			require.Equal(t, hex.EncodeToString(sum[:]), eval[string](tb, `document.getElementById('lab').dataset.hash`))
		})
	}
}

func TestLessonTwoIsDoneByKeyboardAlone(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	tb.open(at + teardown)

	// Lose the last ACK.
	tb.tabTo(`.sequence g[role=button]`)
	tb.press(kb.End)
	tb.then(func() { tb.press(kb.Enter) })
	require.Contains(t, tb.told(), "The last ACK was lost")
	require.Equal(t, "9", eval[string](tb, `document.activeElement.dataset.n`), "the focus stays where it was")

	// Let it pass again, and let an ACK be late.
	tb.then(func() { tb.press("p") })
	tb.press(kb.Home, kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowDown)
	tb.then(func() { tb.press("d") })
	require.Equal(t, "#delay=5=300ms", eval[string](tb, `location.hash`))

	// Read a header field of the packet in focus.
	tb.tabTo(`.field`)
	tb.press(kb.End)
	require.NotEmpty(t, eval[string](tb, `document.querySelector('.explain b').textContent`))
	require.NotZero(t, eval[int](tb, `document.querySelectorAll('.hex .lit').length`))

	// Turn what the wire does, and how the connection ends.
	tb.do(chromedp.Navigate("about:blank"))
	tb.open(at + teardown)
	tb.tabTo(`select[name=variant]`)
	tb.then(func() { tb.press("b") })
	require.Contains(t, tb.told(), "Both ends close before they hear of each other")
	tb.tabTo(`.settings summary`)
	tb.press(kb.Enter)
	tb.tabTo(`input[name=latency]`)
	tb.then(func() { tb.press(kb.ArrowRight) })
	require.Contains(t, eval[string](tb, `location.hash`), "latency=11ms")

	// Go through it packet by packet, and predict one.
	tb.tabTo(`.player button`)
	tb.press(kb.Enter)
	require.Equal(t, 0, eval[int](tb, `document.querySelectorAll('.sequence g[role=button]:not(.later)').length`))
	tb.press(kb.Tab, kb.Tab, kb.Tab)
	tb.press(kb.Enter)
	require.Equal(t, 1, eval[int](tb, `document.querySelectorAll('.sequence g[role=button]:not(.later)').length`))
	tb.tabTo(`.bar [aria-pressed]`)
	tb.press(kb.Enter)
	require.Contains(t, eval[string](tb, `document.querySelector('.asking legend').textContent`), "Which flags")
	tb.shoot("experiment-predict")
	tb.press(" ") // SYN
	tb.tabTo(`.asking button`)
	tb.press(kb.Enter)
	require.Contains(t, eval[string](tb, `document.querySelector('.asking').textContent`), "✓ Right: SYN")

	// Take it along, and check the exercise.
	tb.tabTo(`[data-copy=command]`)
	tb.tabTo(`.keep [data-form=text]`)
	tb.tabTo(`.live > details > summary`)
	tb.press(kb.Enter)
	require.Contains(t, eval[string](tb, `new Promise((done) => { const look = () => { const t = document.querySelector('.live > details pre').textContent; t ? done(t) : setTimeout(look, 5); }; look(); })`), "FIN-WAIT-1")
	tb.tabTo(`#check button`)
	tb.quiet()
}

func TestPredictKnowsWhatTheStackDoes(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	tb.open(at + handshake)
	// Answers as the trace has them: flags, then numbers, then a state.
	type answer struct{ fill, want string }
	eval[any](tb, `[...document.querySelectorAll('.bar button')].find((b) => b.textContent === 'Predict').click(), 0`)
	for _, a := range []answer{
		{`form.elements.SYN.checked = true`, "✓ Right: SYN"},
		{`form.elements.seq.value = 0, form.elements.ack.value = 7`, "✗ The stack does: seq=0 ack=1"},
		{`form.elements.state.value = 'ESTABLISHED'`, "✓ Right: ESTABLISHED"},
	} {
		eval[any](tb, fmt.Sprintf(`{ const form = document.querySelector('.asking form'); %s; form.requestSubmit(); 0 }`, a.fill))
		require.Contains(t, eval[string](tb, `document.querySelector('.asking').textContent`), a.want)
		eval[any](tb, `document.querySelector('.asking button').click(), 0`)
	}
	require.Contains(t, eval[string](tb, `document.querySelector('.asking').textContent`), "2 of 3 right")
	tb.do(chromedp.Reload())
	tb.played(1)
	eval[any](tb, `[...document.querySelectorAll('.bar button')].find((b) => b.textContent === 'Predict').click(), 0`)
	require.Contains(t, eval[string](tb, `document.querySelector('.asking').textContent`), "best so far: 2 of 3")
	tb.quiet()
}

func TestThePacketInFocusIsExplainedToTheLastByte(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	for _, name := range []string{handshake, window, states} {
		tb.open(at + name)
		got := eval[string](tb, `Promise.all([import('./packet.js'), import('./fields.js'), import('./engine.js')]).then(async ([{ decode }, { fields }, { run }]) => {
			const trace = JSON.parse((await run(document.getElementById('lab').dataset.scene, [])).json);
			const wrong = [];
			for (const p of trace.packets) {
				const bytes = Uint8Array.from(atob(p.bytes), (c) => c.charCodeAt(0));
				const seen = new Set();
				for (const [name, from, to] of decode(bytes)) {
					if (fields[name]?.length !== 4) wrong.push('packet ' + p.n + ': no words for ' + name);
					for (let i = from; i < to; i++) seen.add(i);
				}
				if (seen.size !== bytes.length) wrong.push('packet ' + p.n + ': ' + seen.size + ' of ' + bytes.length + ' bytes explained');
			}
			return JSON.stringify(wrong);
		})`)
		if diff := cmp.Diff("[]", got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEachDownloadIsWhatItsNameSays(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	for _, page := range []string{teardown, compare} {
		tb.open(at + page)
		for form, want := range map[string]string{"pcapng": "\n\r\r\n", "svg": "<svg ", "json": "{", "text": "TIME-WAIT"} {
			if page == compare && form == "text" {
				want = "messages delivered"
			}
			got := eval[string](tb, fmt.Sprintf(`new Promise((done) => {
				const make = URL.createObjectURL;
				URL.createObjectURL = (blob) => { URL.createObjectURL = make; blob.text().then(done); return 'data:,'; };
				document.querySelector('[data-form=%s]').click();
			})`, form))
			if form == "text" {
				require.Contains(t, got, want)
			} else {
				require.True(t, strings.HasPrefix(got, want), "%s begins with %.20q", form, got)
			}
		}
	}
	tb.quiet()
}

func TestWithoutScriptsTheRecordedDiagramIsThere(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	call(tb, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	tb.do(chromedp.Navigate(at+teardown), chromedp.WaitVisible(chromedp.CSS(".recorded svg")), chromedp.WaitVisible(chromedp.CSS(".recorded .note")))
	tb.shoot("without-scripts")
	tb.quiet()

	text := get(t, at+compare)
	require.Contains(t, text, "messages delivered", "scene compare is a table")
	require.Contains(t, get(t, at+"/05-tcp-vs-udp.zh.html"), "送达的消息")
}

func TestPrintedItIsAHandout(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	tb.open(at + teardown)
	call(tb, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	require.Empty(t, eval[[]string](tb, `[...document.querySelectorAll('button, header, .controls, .keep')].filter((el) => el.checkVisibility()).map((el) => el.outerHTML)`))
	require.True(t, eval[bool](tb, `document.querySelector('.sequence').checkVisibility()`))
	tb.shoot("printed")
}

func TestTheButtonRunsTheCheckAndShowsItsOutput(t *testing.T) {
	chromium(t)
	origin, _ := start(t, "127.0.0.1:0")
	tb := newTab(t, origin)
	tb.open(origin + "/06-udp-client-server.html")
	tb.click("#check button")
	verdict := eval[string](tb, `new Promise((done) => { const look = () => { const v = document.querySelector('#check .verdict').textContent; v ? done(v) : setTimeout(look, 5); }; look(); })`)
	require.Equal(t, "✓ The check passes.", verdict)
	require.Equal(t, "checking 6 en", eval[string](tb, `document.querySelector('#check pre').textContent.trim()`))
	tb.quiet()
}

func TestAForeignValueInTheAddressIsOnlyText(t *testing.T) {
	chromium(t)
	at := served(t)
	tb := newTab(t, at)
	tb.do(chromedp.Navigate(at + handshake + "#variant=" + `%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E%3B%20rm%20-rf`))
	said := eval[string](tb, `new Promise((done) => { const look = () => { const a = document.querySelector('[role=alert]'); a && !a.hidden ? done(a.textContent) : setTimeout(look, 5); }; look(); })`)
	require.Contains(t, said, "has no variant")
	require.Zero(t, eval[int](tb, `document.querySelectorAll('#lab img').length`))
	tb.quiet()
}

// BenchmarkPage measures what a reader waits for: the first lesson from an empty
// cache until it is usable, with the bytes that came, and one run after a click.
func BenchmarkPage(b *testing.B) {
	chromium(b)
	at := served(b)
	get(b, at+"/lab.bin") // built before
	tb := newTab(b, at)
	var first []float64
	for b.Loop() {
		call(tb, network.ClearBrowserCache, cdp.Empty{})
		tb.do(chromedp.Navigate("about:blank"))
		begin := time.Now()
		tb.open(at + handshake)
		first = append(first, time.Since(begin).Seconds())
	}
	b.ReportMetric(median(first)*1000, "ms/first-lesson")
	b.ReportMetric(eval[float64](tb, `performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation')).reduce((sum, e) => sum + e.transferSize, 0)`)/1e6+float64(transferred(b, at+"/lab.bin")+transferred(b, at+"/wasm_exec.js"))/1e6, "MB/first-lesson") // the worker's are not the page's
	for _, page := range []string{handshake, teardown, window, states, compare} {
		tb.do(chromedp.Navigate("about:blank"))
		tb.open(at + page)
		if page == compare {
			continue
		}
		times := eval[[]float64](tb, `(async () => {
			const lab = document.getElementById('lab'), all = [];
			for (let i = 0; i < 30; i++) {
				const done = new Promise((done) => new MutationObserver((_, o) => { o.disconnect(); requestAnimationFrame(done); }).observe(lab, { attributeFilter: ['data-played'] }));
				const begin = performance.now();
				lab.querySelector('.sequence [data-n="2"]').dispatchEvent(new MouseEvent('click', { bubbles: true }));
				await done;
				all.push(performance.now() - begin);
			}
			return all;
		})()`)
		b.ReportMetric(median(times), "ms/click-"+strings.TrimSuffix(page[1:3], "/"))
	}
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
