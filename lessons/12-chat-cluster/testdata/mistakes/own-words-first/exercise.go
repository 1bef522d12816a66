// want: "a room shows its own words at once, before those that the bus had earlier"
// zh: "房间抢先显示自己的话，排到了总线上更早的消息前面：所有消息都等从总线回来时再显示"

// Package exercise is lesson 12: the same room on several servers. Each server
// has its own clients; a bus connects the servers.
//
//	ann ─► room on "east" ─ Publish ─►┌─────┐─ handler ─► room on "east" ─► ann sees it
//	                                  │ bus │
//	bob ─► room on "west" ─ Publish ─►└─────┘─ handler ─► room on "west" ─► bob sees it
package exercise

import "sync"

// A Message is what goes over the bus.
type Message struct {
	From   string // the id of the room in which it was said
	Number int    // the first that was said there is 1, then 2, and so on
	Text   string
}

// A Bus connects rooms.
type Bus interface {
	// Publish sends m to all subscribers, the sender included. It does not wait
	// until they have it. If it returns an error, nobody gets m.
	Publish(m Message) error

	// Subscribe has handler called with each message that is published from now
	// on, with one at a time. Messages of one room come in the order in which it
	// has published them. After a reconnect some of the last may come again.
	// stop ends it.
	Subscribe(handler func(Message)) (stop func())
}

// A Room is one server's part of the room. Many goroutines may call its
// methods at once.
type Room struct {
	id   string
	bus  Bus
	stop func()
	show func(Message)

	// mu is held from taking a number until the bus has it: otherwise number 2
	// could overtake number 1, which would then look like a double.
	mu     sync.Mutex
	number int
}

// NewRoom connects a room to the bus. No other room has the same id. It calls
// show, from the bus's goroutine, for each message that its clients shall see:
// all that is said in any of the rooms from now on, each once, and in the order
// in which the bus has it, so that all rooms show the same conversation.
func NewRoom(id string, bus Bus, show func(Message)) *Room {
	last := map[string]int{} // of each room: what comes again is never higher
	stop := bus.Subscribe(func(m Message) {
		if m.From != id && m.Number > last[m.From] {
			last[m.From] = m.Number
			show(m)
		}
	})
	return &Room{id: id, bus: bus, stop: stop, show: show}
}

// Say says text in all rooms. It does not wait until they show it. If it
// returns an error, no room shows it, not even this one.
func (room *Room) Say(text string) error {
	room.mu.Lock()
	defer room.mu.Unlock()
	room.number++
	m := Message{From: room.id, Number: room.number, Text: text}
	if err := room.bus.Publish(m); err != nil {
		return err
	}
	room.show(m)
	return nil
}

// Close leaves the bus: nothing is shown any more.
func (room *Room) Close() {
	room.stop()
}
