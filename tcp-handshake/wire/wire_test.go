package wire_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/netlab/trace"
	"example.com/netlessons/tcp-handshake/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What each scene shows, packet by packet, and what is told about it.
func TestScenes(t *testing.T) {
	connect := []string{"client SYN", "server SYN, ACK", "client ACK"}
	for _, tt := range []struct {
		name        string
		scene       string
		params      wire.Params
		wantPackets []string // nil: not compared
		wantTold    []string
	}{
		{"the three steps", "handshake", wire.Params{}, connect, []string{
			"Step 1, packet 1: the client sends SYN.", "Step 2, packet 2: the server acknowledges it", "Step 3, packet 3: the client acknowledges that SYN.",
			"Dial returned after 20ms", "Accept returned after 30ms"}},
		{"the SYN is lost", "handshake", wire.Params{Drop: []int{1}}, []string{"client SYN lost", "client SYN again", "server SYN, ACK", "client ACK"}, []string{
			"Step 1, packet 1 (lost), again as packet 2 after 1s", "Dial returned after 1.02s"}},
		{"the SYN+ACK is lost", "handshake", wire.Params{Drop: []int{2}}, nil, []string{
			"Step 2, packet 2 (lost), again as packet 4 after 1s"}},
		{"the last ACK is lost: Dial and Accept believe different things for a second", "handshake", wire.Params{Drop: []int{3}},
			[]string{"client SYN", "server SYN, ACK", "client ACK lost", "server SYN, ACK again", "client ACK"}, []string{
				"Step 3, packet 3 (lost), again as packet 5 after 1s", "Dial returned after 20ms", "Accept returned after 1.03s"}},
		{"nobody listens", "handshake", wire.Params{Variant: "refuse"}, []string{"client SYN", "server RST, ACK"}, []string{
			"Instead of step 2, packet 2: the server's system answers RST.", "Dial returned after 20ms: connect: connection refused."}},
		{"nobody accepts", "handshake", wire.Params{Variant: "backlog"},
			append(connect[:3:3], "client SYN", "client SYN again"), []string{"Nobody calls Accept. All the same 1 of 2 Dials returned", "(the last is packet 5)"}},
		{"the four steps", "teardown", wire.Params{}, append(connect[:3:3],
			"client FIN, ACK", "server ACK", "server ACK 10 bytes", "server FIN, ACK", "client ACK", "client ACK"), []string{
			"Step 1, packet 4: the client sends FIN", "Step 2, packet 5: the server acknowledges it. The connection is half closed.",
			"The server still sends, packet 6", "Step 3, packet 7: the server sends its own FIN.", "Step 4, packet 9: the client sends the last ACK",
			"The client was in TIME-WAIT for 60s; 2 MSL are 60s"}},
		{"the last ACK is lost", "teardown", wire.Params{Drop: []int{9}, MSL: time.Second}, append(connect[:3:3],
			"client FIN, ACK", "server ACK", "server ACK 10 bytes", "server FIN, ACK", "client ACK", "client ACK lost", "server FIN, ACK again", "client ACK"), []string{
			"Step 4, packet 9 (lost), again as packet 11 after 220ms", "that is what 2 MSL is for", "The client was in TIME-WAIT for 2.22s; 2 MSL are 2s, counted from the last FIN that came."}},
		{"both close at once", "teardown", wire.Params{Variant: "simultaneous"}, append(connect[:3:3],
			"client FIN, ACK", "server FIN, ACK", "server ACK", "client ACK"), []string{
			"packet 4 from the client crosses packet 5 from the server", "The client got a FIN while its own was not acknowledged: CLOSING.", "The server was in TIME-WAIT for 60s"}},
		{"close with data unread", "teardown", wire.Params{Variant: "unread"}, append(connect[:3:3],
			"server ACK 10 bytes", "client ACK", "client RST, ACK"), []string{"The client closes with data unread.", "the client sends RST, packet 6, instead of FIN", "CLOSED at once"}},
		{"close with linger 0", "teardown", wire.Params{Variant: "linger"}, append(connect[:3:3], "client RST, ACK"), []string{
			"Close with linger 0 means: give up at once. The client sends RST, packet 4"}},
		{"a RST is lost", "teardown", wire.Params{Variant: "linger", Drop: []int{4}}, nil, []string{"Nothing answers a RST, so it is not sent again"}},
		{"the window closes, is probed, and opens", "window", wire.Params{}, nil, []string{
			"Packet 9 says win=0", "from 30ms to 3.08s", "packets 10, 12, 14", "packet 16 offers 2840 bytes: the window update"}},
		{"the four paths", "states", wire.Params{}, nil, []string{
			"Path 1, active open, the client: SYN_SENT 0s > ESTABLISHED 20ms.",
			"Path 2, active close, the client: FIN_WAIT_1 30ms > FIN_WAIT_2 50ms > TIME_WAIT 50ms > CLOSED 60.05s.",
			"Path 3, passive open, the server: LISTEN 0s > SYN_RCVD 10ms > ESTABLISHED 30ms.",
			"Path 4, passive close, the server: CLOSE_WAIT 40ms > LAST_ACK 40ms > CLOSED 60ms.",
			"when both close at once: CLOSING"}},
	} {
		t.Run(tt.scene+": "+tt.name, func(t *testing.T) {
			t.Parallel()
			scene, tr := play(t, tt.scene, tt.params)
			if tt.wantPackets != nil {
				if diff := cmp.Diff(tt.wantPackets, packets(tr)); diff != "" {
					t.Errorf("packets (-want +got):\n%s", diff)
				}
			}
			told := strings.Join(scene.Tell(tr, tt.params, wire.English), "\n")
			for _, want := range tt.wantTold {
				require.Contains(t, told, want)
			}
		})
	}
}

// Whatever packet is lost, doubled or late, a scene ends, and what is told of
// it, in either language, is what happened.
func TestWhatIsToldIsWhatHappened(t *testing.T) {
	for _, scene := range wire.Scenes {
		for _, variant := range append([]string{""}, scene.Variants...) {
			t.Run(scene.Name+" "+variant, func(t *testing.T) {
				t.Parallel()
				_, plain := play(t, scene.Name, wire.Params{Variant: variant})
				for n := range len(plain.Packets) + 1 { // 0: none
					for _, p := range []wire.Params{
						{Drop: []int{n}}, {Dup: []int{n}}, {Drop: []int{n, n + 1}},
						{Delay: map[int]time.Duration{n: 300 * time.Millisecond}},
					} {
						p.Variant = variant
						_, tr := play(t, scene.Name, p)
						for _, lang := range []wire.Language{wire.English, wire.Chinese} {
							told := scene.Tell(tr, p, lang)
							require.NotEmpty(t, told, "%+v", p)
							requireTrue(t, tr, told, p)
						}
					}
				}
			})
		}
	}
}

func TestHeavyLossEndsToo(t *testing.T) {
	for _, scene := range wire.Scenes {
		for seed := range uint64(10) {
			p := wire.Params{Loss: 0.4, Seed: seed + 1}
			_, tr := play(t, scene.Name, p)
			requireTrue(t, tr, scene.Tell(tr, p, wire.English), p)
		}
	}
}

// requireTrue holds every packet that is named in told against the trace.
func requireTrue(t *testing.T, tr *trace.Trace, told []string, p wire.Params) {
	t.Helper()
	lost := map[int]bool{}
	for _, e := range tr.Events {
		if e.Kind == trace.Drop {
			lost[e.Packet] = true
		}
	}
	named := regexp.MustCompile(`(again as |重发为)?(?:packet|第) (\d+)(?: 个包)?(?: after [^ ,:()]+)?( \(lost\)|（丢失）)?`)
	for _, sentence := range told {
		if strings.HasPrefix(sentence, "Path") || strings.HasPrefix(sentence, "路径") {
			continue
		}
		for _, m := range named.FindAllStringSubmatch(sentence, -1) {
			if strings.HasPrefix(sentence, m[0]+" 步") { // "第 1 步" is a step
				continue
			}
			n, err := strconv.Atoi(m[2])
			require.NoError(t, err)
			require.LessOrEqual(t, n, len(tr.Packets), "%q of %+v", sentence, p)
			require.GreaterOrEqual(t, n, 1)
			if m[3] != "" {
				require.True(t, lost[n], "%q of %+v: packet %d was not lost", sentence, p, n)
			}
		}
	}
}

func TestEveryStateOfTheNotesIsReached(t *testing.T) {
	_, tr := play(t, "states", wire.Params{})
	drawn := wire.StateDiagram(tr)
	for _, state := range []string{"CLOSED", "LISTEN", "SYN_SENT", "SYN_RCVD", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSING", "TIME_WAIT", "CLOSE_WAIT", "LAST_ACK"} {
		require.Contains(t, drawn, "["+state+"]")
	}
	_, tr = play(t, "handshake", wire.Params{})
	require.NotContains(t, wire.StateDiagram(tr), "[TIME_WAIT]", "only what was reached is marked")
}

func TestSamplesFollowTheWindow(t *testing.T) {
	_, tr := play(t, "window", wire.Params{})
	var zero, most int
	for _, s := range wire.Samples(tr) {
		require.GreaterOrEqual(t, s.InFlight, 0)
		most = max(most, s.InFlight)
		if s.Offered == 0 {
			zero++
		}
	}
	require.Equal(t, 2840, most, "two segments were under way")
	require.Equal(t, 7, zero, "from the closing to the update")

	var b strings.Builder
	require.NoError(t, wire.Plot(&b, wire.Samples(tr), 80, 8, true, wire.English))
	require.Regexp(t, `(?m)^ +0 \|     -------$`, b.String())
	for _, r := range b.String() {
		require.Less(t, r, rune(128))
	}
}

func TestAVariantThatIsNoneIsAnError(t *testing.T) {
	scene, _ := wire.Find("handshake")
	_, err := scene.Play(wire.Params{Variant: "simultaneous"})
	require.EqualError(t, err, `scene handshake has no variant "simultaneous"; it has ["refuse" "backlog"]`)
	_, ok := wire.Find("nothing")
	require.False(t, ok)
}

func play(t *testing.T, name string, p wire.Params) (wire.Scene, *trace.Trace) {
	t.Helper()
	scene, ok := wire.Find(name)
	require.True(t, ok)
	tr, err := scene.Play(p)
	require.NoError(t, err)
	return scene, tr
}

// packets lists the packets of a trace, as "server FIN, ACK 10 bytes lost".
func packets(tr *trace.Trace) []string {
	lost := map[int]bool{}
	for _, e := range tr.Events {
		if e.Kind == trace.Drop {
			lost[e.Packet] = true
		}
	}
	var all []string
	for _, p := range tr.Packets {
		line := p.From + " " + p.Flags.String()
		if p.Length > 0 {
			line += fmt.Sprintf(" %d bytes", p.Length)
		}
		if p.Again {
			line += " again"
		}
		if lost[p.N] {
			line += " lost"
		}
		all = append(all, line)
	}
	return all
}
