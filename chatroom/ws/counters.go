package ws

import (
	"expvar"
	"net/http"
	"strconv"

	"example.com/netlessons/chatroom/protocol"
)

// counters are what an operator can see of a hall.
type counters struct {
	clients  expvar.Int
	messages expvar.Int
	closed   expvar.Map // by the reason or the code of the close frame
	refused  expvar.Map // by the status of the answer
}

func (c *counters) init() {
	c.closed.Init()
	c.refused.Init()
}

// Counters returns the hall's counters. Each is read when it is asked for.
func (hall *Hall) Counters() *expvar.Map {
	m := new(expvar.Map).Init()
	m.Set("clients", &hall.count.clients)
	m.Set("messages", &hall.count.messages)
	m.Set("closed", &hall.count.closed)
	m.Set("refused", &hall.count.refused)
	m.Set("rooms", expvar.Func(func() any { return len(hall.list()) }))
	m.Set("queued", expvar.Func(func() any { return hall.queued() }))
	return m
}

// queued sums up what waits for slow clients, and has the longest queue.
func (hall *Hall) queued() (sum struct{ Messages, Bytes, MostBytes int }) {
	for _, room := range hall.list() {
		room.mu.Lock()
		for _, c := range room.clients {
			messages, bytes := c.Held()
			sum.Messages += messages
			sum.Bytes += bytes
			sum.MostBytes = max(sum.MostBytes, bytes)
		}
		room.mu.Unlock()
	}
	return sum
}

func (hall *Hall) list() (rooms []*Room) {
	hall.mu.Lock()
	defer hall.mu.Unlock()
	for _, room := range hall.rooms {
		rooms = append(rooms, room)
	}
	return rooms
}

// closedBy counts the end of a client, by the word for it or else by its code.
func (c *counters) closedBy(code int, reason string) {
	word := protocol.ReasonCode(reason)
	if word == "" {
		word = strconv.Itoa(code)
	}
	c.closed.Add(word, 1)
}

// Healthz answers GET /healthz: 200 while the hall takes clients in.
func (hall *Hall) Healthz(w http.ResponseWriter, _ *http.Request) {
	if hall.Closed() {
		http.Error(w, shuttingDown, http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ok\n"))
}
