package ws

import (
	"log/slog"
	"sync"
	"time"

	"example.com/netlessons/chatroom/bus"
	"example.com/netlessons/chatroom/protocol"
)

// Hall is all rooms of one server and the way into them.
type Hall struct {
	cfg   Config
	log   *slog.Logger
	bus   bus.Bus
	count counters

	mu        sync.Mutex
	closed    bool
	rooms     map[string]*Room
	addresses map[string]int // how many connections from each
	conns     int
	running   sync.WaitGroup // handlers and clients
}

// NewHall returns a hall without rooms: they begin when somebody joins one.
// [Hall.Close] ends it.
func NewHall(cfg Config, log *slog.Logger) *Hall {
	hall := &Hall{cfg: cfg, log: log, bus: cfg.Bus, rooms: map[string]*Room{}, addresses: map[string]int{}}
	if hall.bus == nil {
		hall.bus = bus.NewLocal()
	}
	hall.count.init()
	return hall
}

const shuttingDown = "the server is shutting down"

// Close sends every client the close frame 1001 and returns when all of them
// are gone, at the latest after [outbox.CloseWait].
func (hall *Hall) Close() {
	hall.mu.Lock()
	hall.closed = true
	rooms := hall.rooms
	hall.rooms = nil
	hall.mu.Unlock()
	for _, room := range rooms {
		room.close()
	}
	hall.running.Wait()
	for _, room := range rooms {
		if room.open(); room.bus != nil {
			room.bus.Close()
		}
	}
}

// Closed tells whether the hall takes nobody in any more.
func (hall *Hall) Closed() bool {
	hall.mu.Lock()
	defer hall.mu.Unlock()
	return hall.closed
}

// refusal is an error that the client is told of, with a word for the program.
type refusal struct{ word, text string }

func (r refusal) Error() string { return r.text }

// shared is what a [Room] has beyond its map of clients.
type shared struct {
	hall   *Hall
	name   string
	open   func()   // connects it to the bus, once: sets
	bus    bus.Room // or
	err    error
	closed bool
	presence
	history

	guests     int       // hall.mu guards it: clients that are in or on their way
	emptySince time.Time // and this, which is set while there are none
}

// room returns the room of that name, with a guest more; the guest's end is
// release.
func (hall *Hall) room(name string) (*Room, error) {
	hall.mu.Lock()
	if hall.closed {
		hall.mu.Unlock()
		return nil, refusal{protocol.Shutdown, shuttingDown}
	}
	room := hall.rooms[name]
	if room == nil {
		if !hall.makeSpace() {
			hall.mu.Unlock()
			return nil, refusal{protocol.TooManyRooms, "there are too many rooms, join one of them"}
		}
		room = hall.newRoom(name)
		hall.rooms[name] = room
	}
	room.guests++
	hall.mu.Unlock()

	if room.open(); room.err != nil { // wait outside the mutex, and let the next one try again
		hall.mu.Lock()
		if hall.rooms[name] == room {
			delete(hall.rooms, name)
		}
		hall.mu.Unlock()
		return nil, room.err
	}
	return room, nil
}

func (hall *Hall) newRoom(name string) *Room {
	room := &Room{clients: map[string]*Client{}}
	room.hall, room.name = hall, name
	room.people = map[string]uint64{}
	room.history.limit(hall.cfg.HistoryMessages, hall.cfg.HistoryBytes)
	room.open = sync.OnceFunc(func() {
		var after uint64
		room.bus, after, room.err = hall.bus.Open(name, room)
		room.mu.Lock()
		defer room.mu.Unlock()
		room.history.beginAfter(after)
	})
	return room
}

// makeSpace forgets rooms that have been empty for long, and their history,
// and if that is not enough, the one that has been empty longest. It is false
// if all are in use. The caller holds mu.
func (hall *Hall) makeSpace() bool {
	const long = 10 * time.Minute
	var oldest *Room
	for name, room := range hall.rooms {
		switch {
		case room.guests > 0:
		case time.Since(room.emptySince) > long:
			delete(hall.rooms, name)
			room.bus.Close()
		case oldest == nil || room.emptySince.Before(oldest.emptySince):
			oldest = room
		}
	}
	if len(hall.rooms) < hall.cfg.Rooms {
		return true
	}
	if oldest == nil {
		return false
	}
	delete(hall.rooms, oldest.name)
	oldest.bus.Close()
	return true
}

func (hall *Hall) release(room *Room) {
	hall.mu.Lock()
	defer hall.mu.Unlock()
	if room.guests--; room.guests == 0 {
		room.emptySince = time.Now()
	}
}

// close closes all clients of the room, those too that are only about to join.
func (room *Room) close() {
	room.mu.Lock()
	defer room.mu.Unlock()
	room.closed = true
	for _, c := range room.clients {
		c.goAway()
	}
}
