package bus

import (
	"sync"
	"time"

	"example.com/netlessons/chatroom/protocol"
)

// Local is the bus of a server that is alone. It needs no history of its own,
// because its one listener was there from the start.
type Local struct {
	mu    sync.Mutex
	rooms map[string]*localRoom
}

// NewLocal returns a bus for one server.
func NewLocal() *Local { return &Local{rooms: map[string]*localRoom{}} }

// Open begins a room. Its ids begin with the time in microseconds: they grow
// even if the room or the server began anew.
func (b *Local) Open(name string, l Listener) (Room, uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := &localRoom{bus: b, name: name, listener: l, last: uint64(time.Now().UnixMicro()), claims: map[string]claim{}}
	b.rooms[name] = room
	return room, room.last, nil
}

// Rooms lists the rooms with somebody in them.
func (b *Local) Rooms() (list []protocol.Room) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, room := range b.rooms {
		room.mu.Lock()
		if n := len(room.claims); n > 0 {
			list = append(list, protocol.Room{Room: name, Count: n})
		}
		room.mu.Unlock()
	}
	return list
}

type localRoom struct {
	bus      *Local
	name     string
	listener Listener

	mu     sync.Mutex // held while the listener is called: that keeps the order
	last   uint64     // id of a message
	latest uint64     // number of a claim
	claims map[string]claim
}

type claim struct {
	number uint64
	owner  string
}

func (r *localRoom) Say(m protocol.Message, sender string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	m.ID, m.Time = r.last, time.Now().UnixMilli()
	r.listener.Said(m, sender)
	return nil
}

func (r *localRoom) Enter(nick, owner string) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, taken := r.claims[nick]; taken && old.owner != owner {
		return 0, ErrTaken
	}
	r.latest++
	r.claims[nick] = claim{r.latest, owner}
	r.listener.Came(nick, r.latest)
	return r.latest, nil
}

func (r *localRoom) Rename(from string, number uint64, to, owner string) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, taken := r.claims[to]; taken || r.claims[from].number != number {
		return 0, ErrTaken
	}
	delete(r.claims, from)
	r.latest++
	r.claims[to] = claim{r.latest, owner}
	r.listener.Renamed(from, to, r.latest)
	return r.latest, nil
}

func (r *localRoom) Leave(nick string, number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.claims[nick].number == number {
		delete(r.claims, nick)
		r.listener.Left(nick, number)
	}
}

func (r *localRoom) Close() {
	r.bus.mu.Lock()
	defer r.bus.mu.Unlock()
	if r.bus.rooms[r.name] == r {
		delete(r.bus.rooms, r.name)
	}
}
