package browser_test

import (
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom/internal/cable"
)

// contrasts returns every visible text whose colour stands out less than 4.5 to
// 1 from what is behind it (WCAG 2, level AA).
const contrasts = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const paint = (...colours) => {
		canvas.fillStyle = "white";
		for (const colour of ["white", ...colours]) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
		return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
	};
	const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => e ? [...behind(e.parentElement), getComputedStyle(e).backgroundColor] : [];
	const open = document.querySelector("dialog[open]") ?? document.body;
	return [...open.querySelectorAll("*")]
		.filter((e) => e.checkVisibility({ visibilityProperty: true }) && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
		.filter((e) => {
			const grounds = behind(e), faded = Number(getComputedStyle(e).opacity);
			canvas.globalAlpha = 1;
			const ground = paint(...grounds);
			canvas.globalAlpha = 1;
			const ink = paint(...grounds, getComputedStyle(e).color).map((v, i) => v * faded + ground[i] * (1 - faded));
			const [a, b] = [light(ink), light(ground)].sort((a, b) => b - a);
			return (a + 0.05) / (b + 0.05) < 4.5;
		})
		.map((e) => e.id + "." + e.className + ": " + e.textContent.trim().slice(0, 30));
})()`

// wide returns what is wider than its place and has to be scrolled sideways.
const wide = `[document.documentElement, ...document.querySelectorAll("body, nav, main, aside, dialog, .scroller")]
	.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.tagName + "." + e.className)`

func TestThePageCanBeReadInLightAndDarkOnWideAndNarrowScreensInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		look look
	}{
		{"wide-light-en", look{width: 1200}},
		{"wide-dark-zh", look{width: 1200, dark: true, language: "zh-CN"}},
		{"narrow-light-zh", look{width: 320, language: "zh-CN"}},
		{"narrow-dark-en", look{width: 320, dark: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr, _ := serve(t, "127.0.0.1:0")
			wire := cable.New(t, addr)
			p := visit(t, "http://"+wire.Addr+"/?room=茶馆", tt.look)
			check := func(what string) {
				p.keep(tt.name + "-" + what)
				require.Empty(t, evaluate[[]string](p, contrasts), "too little contrast: %s", what)
				require.Empty(t, evaluate[[]string](p, wide), "wider than the screen: %s", what)
				require.Empty(t, nameless(p), "without a name for those who cannot see: %s", what)
			}
			check("join")
			p.join("ann", "茶馆")
			mallory := newFriend(t, addr, "MMMMMMMMMMMMMMMMMMMM", "茶馆")
			newFriend(t, addr, "小李", "a-room-with-quite-a-long-name-32")
			mallory.say("你好！")
			mallory.say("a_word_that_is_much_longer_than_a_narrow_screen_can_be_wide_and_has_no_space")
			p.say("TIME_WAIT: 为什么要等 2MSL？")
			p.sees("TIME_WAIT: 为什么要等 2MSL？")
			p.say("/rooms")
			p.until("!document.querySelector('#elsewhere').hidden")
			check("room")
			if tt.look.width == 320 {
				p.do(chromedp.Click("#show-rooms"))
				check("rooms")
				p.press("Escape", 0)
				require.Equal(t, "show-rooms", evaluate[string](p, "document.activeElement.id"))
				p.do(chromedp.Click("#show-people"))
				check("people")
				p.do(chromedp.Click("#people .close"))
			}
			wire.Pull()
			p.until("!document.querySelector('#retry').hidden")
			p.do(chromedp.Focus("#text"))
			p.say("gone?")
			p.until("document.querySelector('.waiting li') !== null")
			check("lost")
		})
	}
}

// nameless returns the fields and buttons that have no name in the tree that
// screen readers see.
func nameless(p *person) (roles []string) {
	p.t.Helper()
	tree, err := chromedp.Call(p.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(p.t, err)
	controls := 0
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		switch role := string(node.Role.Value); role {
		case `"button"`, `"textbox"`, `"log"`, `"dialog"`, `"navigation"`, `"complementary"`:
			controls++
			if node.Name == nil || string(node.Name.Value) == `""` {
				roles = append(roles, role)
			}
		}
	}
	require.NotZero(p.t, controls)
	return roles
}

func TestTheLanguageCanBeChangedAtAnyTime(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{language: "zh-CN"})
	require.Equal(t, "加入", evaluate[string](ann, "document.querySelector('#join-go').textContent"))
	ann.join("ann", "tea")
	newFriend(t, addr, "bob", "tea")
	ann.notices("bob 来了")
	require.Equal(t, "zh-CN", evaluate[string](ann, "document.documentElement.lang"))
	ann.do(chromedp.Click("nav .language"))
	ann.notices("bob joined")
	ann.until("document.querySelector('#here').textContent === '2 people here'")
	ann.do(chromedp.Reload())
	ann.until("document.querySelector('#here').textContent === '2 people here'") // it is remembered
}
