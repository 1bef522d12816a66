package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cable"
	"example.com/netlessons/chatroom/protocol"
)

const alt, shift = 1, 8 // the modifier keys, as Chromium counts

func TestTwoPagesTalk(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/?room=tea", look{})
	ann.keep("join")
	ann.join("ann", "tea")
	bob := visit(t, "http://"+addr+"/?room=tea", look{dark: true})
	bob.join("bob", "tea")
	ann.notices("bob joined")
	ann.until("document.querySelector('#here').textContent === '2 people here'")

	ann.say("hi, bob")
	bob.sees("hi, bob")
	bob.say("hi, ann; 你好")
	ann.sees("hi, ann; 你好")
	ann.until("document.querySelector('#text').value === '' && document.querySelector('.waiting').childElementCount === 0")

	bob.say("/nick rob")
	bob.notices("You are now rob")
	ann.notices("bob is now rob")
	ann.until("[...document.querySelectorAll('#names bdi')].map((e) => e.textContent).join() === 'ann,rob'")
	bob.say("/help")
	bob.notices("/nick NAME")
	bob.say("/nonsense")
	bob.notices("There is no such command.")
	ann.keep("two-pages-light")
	bob.keep("two-pages-dark")

	eve := visit(t, "http://"+addr+"/?room=tea", look{})
	eve.join("eve", "tea")
	eve.sees("hi, bob") // the history
	eve.do(chromedp.Click("#leave"))
	eve.until("document.querySelector('#join').open")
	ann.notices("eve left")
}

func TestWhatOthersWriteIsTextAndNothingElse(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "tea")
	elements := evaluate[int](ann, "document.querySelectorAll('script, img, b, style, link').length")
	mallory := newFriend(t, addr, "<b>mallory</b>", "tea")
	for _, text := range []string{
		"<script>document.title = 'broken into'</script>",
		"<img src=x onerror=\"document.title = 'broken into'\">",
		"</li></ol><style>* { display: none }</style>",
		"javascript:alert(1) &lt;b&gt; \u202ebackwards",
	} {
		mallory.say(text)
		ann.sees(text)
	}
	require.Equal(t, elements, evaluate[int](ann, "document.querySelectorAll('script, img, b, style, link').length"))
	require.Equal(t, "#tea · Chatroom", evaluate[string](ann, "document.title"))
	require.Equal(t, []string{"ann", "<b>mallory</b>"}, evaluate[[]string](ann, "[...document.querySelectorAll('#names bdi')].map((e) => e.textContent)"))
	ann.keep("script-as-text")
}

func TestAThousandMessagesStayUsable(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "tea")
	bob := newFriend(t, addr, "bob", "tea")
	for i := range 1000 {
		bob.say(fmt.Sprintf("message %d of a thousand", i+1))
	}
	ann.sees("message 1000 of a thousand")
	require.Equal(t, 500, evaluate[int](ann, "document.querySelector('.log').childElementCount"), "older lines leave the page")
	require.Equal(t, "bob", evaluate[string](ann, "document.querySelector('.log li:not(.again) bdi').textContent"), "the first line has a name")
	ann.until("(({ scrollTop, scrollHeight, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)(document.querySelector('.scroller'))")

	// Who reads what was said before is left in peace, and told of new messages.
	ann.do(chromedp.Focus("#text"))
	ann.press("PageUp", 0)
	ann.until("!document.querySelector('#newest').hidden")
	top := evaluate[string](ann, "String(document.querySelector('.scroller').scrollTop)")
	bob.say("and one more")
	ann.until("document.title === '(1) #tea · Chatroom'")
	require.Equal(t, top, evaluate[string](ann, "String(document.querySelector('.scroller').scrollTop)"))
	ann.keep("thousand-messages")
	ann.say("still here")
	ann.sees("still here")
	ann.until("document.title === '#tea · Chatroom' && document.querySelector('#newest').hidden")
}

func TestRoomsAreMarkedUntilTheyAreRead(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "lobby")
	bob := newFriend(t, addr, "bob", "tea")
	ann.say("/rooms")
	ann.notices("Rooms: #lobby (1), #tea (1)")
	ann.do(chromedp.Click("#others button")) // tea
	ann.until("document.querySelector('#room').textContent === '# tea'")
	ann.until("document.querySelector('#here').textContent === '2 people here'")
	bob.say("seen at once")
	ann.sees("seen at once")
	require.Equal(t, "#tea · Chatroom", evaluate[string](ann, "document.title"))

	ann.do(chromedp.Focus("#text"))
	ann.press("ArrowUp", alt)
	ann.until("document.querySelector('#room').textContent === '# lobby'")
	for range 3 {
		bob.say("are you there?")
	}
	ann.until("document.title === '(3) #lobby · Chatroom'")
	ann.until("document.querySelector('#mine li:nth-child(2)').textContent === '# tea3 3 unread'")
	ann.keep("unread")
	ann.press("ArrowDown", alt)
	ann.until("document.title === '#tea · Chatroom' && document.querySelector('#mine .badge') === null")
	ann.sees("are you there?")
	require.Equal(t, "new", evaluate[string](ann, "document.querySelector('.scroller:not([hidden]) .new').textContent"))
}

func TestTheServersErrorsAreActedUpon(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	newFriend(t, addr, "ann", "tea")
	ann := visit(t, "http://"+addr+"/", look{})
	for _, tt := range []struct {
		name, nick, room string
		want, wantFocus  string
	}{
		{"a nickname that is taken", "ann", "tea", "This nickname is taken. Choose another.", "join-nick"},
		{"a nickname with a space", "a b", "tea", "A nickname has 1 to 20 characters, without spaces or invisible ones.", "join-nick"},
		{"a room that cannot be", "ann", "../tea", "A room's name has 1 to 32 lower-case letters, digits, - and _.", "join-room"},
	} {
		ann.do(
			chromedp.SetValue("#join-nick", tt.nick),
			chromedp.SetValue("#join-room", tt.room),
			chromedp.Click("#join-go"),
		)
		ann.until("document.querySelector('#wrong').textContent === %q", tt.want)
		require.Equal(t, tt.wantFocus, evaluate[string](ann, "document.activeElement.id"), tt.name)
	}
	ann.keep("nickname-taken")
	ann.join("anna", "Tea") // a room's name is in lower case
}

func TestATooLongMessageIsGivenBackAndTheOthersAreSaid(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "tea")
	ann.do(chromedp.SetValue("#text", strings.Repeat("much too long ", 400)))
	ann.do(chromedp.Focus("#text"))
	ann.press("Enter", 0)
	ann.say("short")
	ann.sees("short")
	ann.until("document.querySelector('.failed .why')?.textContent === 'Not sent: too long. Say it in shorter messages.'")
	ann.do(chromedp.Click(".failed button"))
	require.Contains(t, evaluate[string](ann, "document.querySelector('#text').value"), "much too long")
	require.Equal(t, 0, evaluate[int](ann, "document.querySelectorAll('.waiting li').length"))
}

func TestAPageThatIsLoadedAgainIsWhereItWas(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "tea")
	ann.say("hello")
	ann.sees("hello")
	ann.do(chromedp.Reload())
	ann.sees("hello")
	require.Equal(t, "ann", evaluate[string](ann, "document.querySelector('#me').textContent"))
	require.False(t, evaluate[bool](ann, "document.querySelector('#join').open"))
}

func TestAPageThatLosesItsConnectionFetchesWhatItMissed(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	wire := cable.New(t, addr)
	ann := visit(t, "http://"+wire.Addr+"/", look{patient: true}) // the button shall bring it back
	ann.join("ann", "tea")
	bob := newFriend(t, addr, "bob", "tea")
	bob.say("before")
	ann.sees("before")

	wire.Pull()
	ann.until("document.querySelector('#status').textContent === 'Connection lost. Trying again …'")
	for i := range 3 {
		bob.say(fmt.Sprintf("missed %d", i+1))
	}
	ann.say("said meanwhile")
	ann.until("document.querySelector('.waiting .why').textContent === 'waits for the connection'")
	ann.keep("connection-lost")

	wire.PlugIn()
	ann.do(chromedp.Click("#retry"))
	ann.notices("Back. 3 messages missed and fetched.")
	ann.sees("said meanwhile")
	ann.until("document.querySelector('#here').textContent === '2 people here' && document.querySelector('#retry').hidden")
	ann.keep("connection-back")
	require.Equal(t, []string{"before", "missed 1", "missed 2", "missed 3", "said meanwhile"}, said(ann))
}

func TestAConnectionThatGoesSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	wire := cable.New(t, addr)
	ann := visit(t, "http://"+wire.Addr+"/", look{hurried: true})
	ann.join("ann", "tea")
	ann.say("hello")
	ann.sees("hello")
	wire.Freeze()
	ann.say("anybody?")
	ann.until("document.querySelector('#status').textContent === 'Connection lost. Trying again …'")
	wire.PlugIn()
	ann.sees("anybody?")
	require.Equal(t, []string{"hello", "anybody?"}, said(ann))
}

func TestAPageOutlivesItsServerAndSaysThatMessagesMayBeMissing(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "tea")
	ann.say("before")
	ann.sees("before")
	stop()
	ann.notices("The server is shutting down.")
	serve(t, addr)
	ann.notices("Messages may be missing here: the server no longer has them.")
	ann.notices("Back.")
	ann.say("after")
	ann.sees("after")
	require.Equal(t, []string{"before", "after"}, said(ann))
	ann.keep("server-restarted")
}

// said is what has been said in the room in sight.
func said(p *person) []string {
	p.t.Helper()
	return evaluate[[]string](p, "[...document.querySelectorAll('.scroller:not([hidden]) .log .text')].map((e) => e.textContent)")
}

func TestANicknameThatIsTakenOnTheWayBackIsAskedFor(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, "127.0.0.1:0")
	wire := cable.New(t, addr)
	ann := visit(t, "http://"+wire.Addr+"/", look{})
	ann.join("ann", "tea")
	ann.say("before")
	ann.sees("before")
	wire.Pull()
	stop()
	serve(t, addr)
	newFriend(t, addr, "ann", "tea") // another one
	wire.PlugIn()
	ann.until("document.querySelector('#wrong').textContent === 'This nickname is taken. Choose another.'")
	ann.join("anna", "tea")
	ann.notices("Back.")
	ann.say("after")
	ann.sees("after")
	require.Equal(t, []string{"before", "after"}, said(ann))
}

func TestASessionThatGoesOnElsewhereCanBeFetchedBack(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "tea")
	session := evaluate[string](ann, "JSON.parse(sessionStorage.getItem('chatroom.places'))[0].session")
	elsewhere, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: "ann", Room: "tea", Session: session})
	require.NoError(t, err)
	defer elsewhere.Close()
	ann.until("document.querySelector('#status').textContent === 'This conversation goes on in another tab.'")
	require.NoError(t, elsewhere.Send("said elsewhere"))
	for m := (protocol.Message{}); m.Text != "said elsewhere"; {
		m, err = elsewhere.Receive()
		require.NoError(t, err)
	}
	ann.do(chromedp.Click("#retry"))
	ann.sees("said elsewhere")
	ann.notices("Back. 1 message missed and fetched.")
	for err == nil {
		_, err = elsewhere.Receive()
	}
	require.True(t, websocket.IsCloseError(err, protocol.CloseMoved), err)
}

// The server with other servers behind it is played here.
func TestWhatCannotBePassedOnWaitsUntilTheOtherServersAreBack(t *testing.T) {
	t.Parallel()
	back := make(chan bool)
	refs := make(chan string, 2)
	addr := play(t, func(conn *websocket.Conn) {
		send := func(m protocol.Message) { conn.WriteMessage(websocket.TextMessage, m.Encode()) }
		none := 0
		send(protocol.Message{Type: protocol.Welcome, Nick: "ann", Room: "tea", Session: "s", History: &none, People: []string{"ann"}, Count: 1})
		send(protocol.Message{Type: protocol.Status, Code: protocol.Detached, Text: "the link is down"})
		for n := uint64(1); ; {
			var m protocol.Message
			if conn.ReadJSON(&m) != nil {
				return
			}
			switch {
			case m.Ref == "": // the page asks for the rooms
			case n == 1:
				n++
				refs <- m.Ref
				send(protocol.Message{Type: protocol.Error, Code: protocol.Unavailable, Text: "not sent", Ref: m.Ref})
				<-back
				send(protocol.Message{Type: protocol.Status, Code: protocol.Attached, Text: "the link is back"})
			default:
				refs <- m.Ref
				send(protocol.Message{Type: protocol.Said, ID: n, Time: 1, From: "ann", Text: m.Text, Ref: m.Ref})
			}
		}
	})
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "tea")
	ann.until("document.querySelector('#status').textContent.startsWith('The server has lost the other servers.')")
	ann.say("hello")
	ann.until("document.querySelector('.waiting .why')?.textContent === 'waits for the other servers'")
	back <- true
	ann.notices("The other servers are back.")
	ann.sees("hello")
	ann.until("document.querySelector('#status').textContent === '' && document.querySelector('.waiting li') === null")
	require.Equal(t, <-refs, <-refs)
}

func TestEnterSendsUnlessItBreaksALineOrChoosesACharacter(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	ann := visit(t, "http://"+addr+"/", look{})
	ann.join("ann", "tea")
	ann.do(chromedp.SendKeys("#text", "ni"))
	evaluate[bool](ann, `document.querySelector("#text").dispatchEvent(
		new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))`)
	require.Equal(t, "ni", evaluate[string](ann, "document.querySelector('#text').value"))
	ann.press("Enter", shift)
	require.Equal(t, "ni", evaluate[string](ann, "document.querySelector('#text').value.trim()"))
	ann.press("Enter", 0)
	ann.sees("ni")
}
