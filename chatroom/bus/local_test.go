package bus_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom/bus"
	"example.com/netlessons/chatroom/protocol"
)

// ear notes what a room is told.
type ear struct {
	t     *testing.T
	heard []string
	ids   []uint64
}

func (e *ear) note(format string, a ...any)          { e.heard = append(e.heard, fmt.Sprintf(format, a...)) }
func (e *ear) Came(nick string, claim uint64)        { e.note("came %s %d", nick, claim) }
func (e *ear) Left(nick string, claim uint64)        { e.note("left %s %d", nick, claim) }
func (e *ear) Renamed(from, to string, claim uint64) { e.note("%s is %s %d", from, to, claim) }
func (e *ear) Attached(bool)                         { e.t.Error("a bus within one process is never detached") }
func (e *ear) Said(m protocol.Message, sender string) {
	e.note("%s/%s: %s", m.From, sender, m.Text)
	e.ids = append(e.ids, m.ID)
}

func TestARoomHearsWhatHappensInOrder(t *testing.T) {
	t.Parallel()
	b := bus.NewLocal()
	e := &ear{t: t}
	room, after, err := b.Open("tea", e)
	require.NoError(t, err)

	ann, err := room.Enter("ann", "A")
	require.NoError(t, err)
	_, err = room.Enter("ann", "B")
	require.ErrorIs(t, err, bus.ErrTaken)
	again, err := room.Enter("ann", "A") // the same owner takes over
	require.NoError(t, err)
	require.Greater(t, again, ann)
	room.Leave("ann", ann) // the claim before holds no more
	require.Equal(t, []protocol.Room{{Room: "tea", Count: 1}}, b.Rooms())

	for _, text := range []string{"one", "two"} {
		require.NoError(t, room.Say(protocol.Message{From: "ann", Text: text}, "A"))
	}
	_, err = room.Rename("ann", ann, "zoe", "A")
	require.ErrorIs(t, err, bus.ErrTaken)
	_, err = room.Rename("ann", again, "ann", "A")
	require.ErrorIs(t, err, bus.ErrTaken)
	zoe, err := room.Rename("ann", again, "zoe", "A")
	require.NoError(t, err)
	room.Leave("zoe", zoe)
	require.Empty(t, b.Rooms())

	want := []string{"came ann 1", "came ann 2", "ann/A: one", "ann/A: two", "ann is zoe 3", "left zoe 3"}
	if diff := cmp.Diff(want, e.heard); diff != "" {
		t.Errorf("the room heard (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint64{after + 1, after + 2}, e.ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestIdsGrowAlsoWhenARoomBeginsAnew(t *testing.T) {
	t.Parallel()
	b := bus.NewLocal()
	room, before, err := b.Open("tea", &ear{t: t})
	require.NoError(t, err)
	require.NoError(t, room.Say(protocol.Message{Text: "one"}, "A"))
	room.Close()
	for {
		again, after, err := b.Open("tea", &ear{t: t})
		require.NoError(t, err)
		again.Close()
		if after > before+1 { // the clock counts microseconds
			return
		}
		require.GreaterOrEqual(t, after, before)
	}
}
