package ws

import (
	"maps"
	"slices"
	"time"

	"example.com/netlessons/chatroom/protocol"
)

// noticeEvery is the least time between two notices of who came and left. When
// a thousand clients join at once, each gets a few notices and not a thousand.
const noticeEvery = 100 * time.Millisecond

// presence is who is in a room, on all servers. The room's mutex guards it.
//
//	changes  bob came   zoe left   bob left   eve came
//	         └── told ──┘          └───── untold ────┘
//
// Each client is told all changes since its welcome, and no other.
type presence struct {
	people map[string]uint64 // the claims to the nicknames
	told   int               // how many changes there were before
	untold []change
	notice time.Time   // of the last one
	soon   *time.Timer // for the next one, if it had to be put off
}

type change struct {
	nick string
	came bool // or left
}

// came adds nick to the room and tells so, now or with others soon.
func (room *Room) came(nick string, claim uint64) {
	_, here := room.people[nick]
	room.people[nick] = max(claim, room.people[nick])
	if !here {
		room.changed(change{nick, true})
	}
}

// left takes nick out of the room, unless a later claim is there already, and
// tells so, now or with others soon.
func (room *Room) left(nick string, claim uint64) {
	if latest, here := room.people[nick]; here && latest <= claim {
		delete(room.people, nick)
		room.changed(change{nick, false})
	}
}

func (room *Room) changed(c change) {
	room.untold = append(room.untold, c)
	switch wait := noticeEvery - time.Since(room.notice); {
	case wait <= 0:
		room.tellPresence()
	case room.soon == nil:
		room.soon = time.AfterFunc(wait, func() {
			room.mu.Lock()
			defer room.mu.Unlock()
			room.tellPresence()
		})
	}
}

// changes is how many there have been: what a new client needs not be told.
func (p *presence) changes() int { return p.told + len(p.untold) }

// tellPresence tells what is untold, if anything is. The caller holds mu.
func (room *Room) tellPresence() {
	if room.soon != nil {
		room.soon.Stop()
		room.soon = nil
	}
	if len(room.untold) == 0 {
		return
	}
	all := room.presenceMessage(room.untold)
	for _, c := range room.clients {
		data := all
		if known := c.knows - room.told; known > 0 { // it came in between
			data = room.presenceMessage(room.untold[known:])
		}
		if data != nil {
			c.Send(data)
		}
	}
	room.told += len(room.untold)
	room.untold, room.notice = nil, time.Now()
}

// presenceMessage sums changes up; nil if they come to nothing.
func (room *Room) presenceMessage(changes []change) []byte {
	was, is := map[string]bool{}, map[string]bool{}
	for _, c := range changes {
		if _, seen := is[c.nick]; !seen {
			was[c.nick] = !c.came
		}
		is[c.nick] = c.came
	}
	m := protocol.Message{Type: protocol.Presence, Count: len(room.people)}
	for _, nick := range slices.Sorted(maps.Keys(is)) {
		switch {
		case is[nick] && !was[nick]:
			m.Joined = append(m.Joined, nick)
		case was[nick] && !is[nick]:
			m.Left = append(m.Left, nick)
		}
	}
	if m.Joined == nil && m.Left == nil {
		return nil
	}
	return m.Encode()
}

// list returns the nicknames in the room, as many as one message holds, and how
// many there are.
func (p *presence) list() (people []string, count int) {
	people = slices.Sorted(maps.Keys(p.people))
	return people[:min(len(people), protocol.MaxPeople)], len(people)
}
