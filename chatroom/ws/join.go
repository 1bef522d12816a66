package ws

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom/bus"
	"example.com/netlessons/chatroom/outbox"
	"example.com/netlessons/chatroom/protocol"
)

// visit is what a [Client] has beyond its connection and its place.
type visit struct {
	hall    *Hall
	addr    string
	session string // the client's secret,
	owner   string // and what others may know of it
	wants   string // name of a room
	resumes string // id of the last message it has seen; "": none
	since   uint64 // the same
	claim   uint64 // to the nickname; room.mu guards it
	knows   int    // changes of presence, when it was welcomed
	pace    pace
	end     error // of reading
}

// newClient makes conn a client, which takes up the session that it had, or
// begins one.
func (hall *Hall) newClient(conn *websocket.Conn, r *http.Request) *Client {
	limits := outbox.Limits{
		Messages: hall.cfg.QueueMessages, Bytes: hall.cfg.QueueBytes,
		WriteTimeout: hall.cfg.WriteTimeout, PingEvery: hall.cfg.PongTimeout * 9 / 10,
	}
	session := r.FormValue("session")
	if len(session) < 16 || len(session) > 64 {
		session = rand.Text()
	}
	sum := sha256.Sum256([]byte(session))
	return &Client{
		Outbox: outbox.New(conn, limits),
		conn:   conn,
		nick:   r.FormValue("nick"),
		visit: visit{
			hall: hall, addr: r.RemoteAddr, pace: newPace(hall.cfg),
			wants: cmp.Or(r.FormValue("room"), protocol.Lobby), resumes: r.FormValue("since"),
			session: session, owner: base64.RawURLEncoding.EncodeToString(sum[:12]),
		},
	}
}

// join puts c into the room that it asks for. A client that the room does not
// take is closed, with the reason.
func (hall *Hall) join(c *Client) {
	err := hall.admit(c)
	var refused refusal
	switch {
	case err == nil:
		hall.count.clients.Add(1)
		hall.log.Info("connected", "nick", c.nick, "room", c.room.name, "addr", c.conn.RemoteAddr())
	case !errors.As(err, &refused):
		hall.log.Error("not joined", "addr", c.conn.RemoteAddr(), "err", err)
		c.Close(websocket.CloseTryAgainLater, protocol.Reason(protocol.Unavailable, bus.ErrDetached.Error()))
	case refused.word == protocol.Shutdown:
		c.goAway()
	default:
		c.fail(protocol.Message{}, err)
		c.Close(websocket.ClosePolicyViolation, protocol.Reason(refused.word, refused.text))
	}
}

// admit checks what c asks for and does it.
func (hall *Hall) admit(c *Client) (err error) {
	if err := protocol.CheckNick(c.nick); err != nil {
		return refusal{protocol.BadNick, err.Error()}
	}
	if err := protocol.CheckRoom(c.wants); err != nil {
		return refusal{protocol.BadRoom, err.Error()}
	}
	if c.since, err = strconv.ParseUint(cmp.Or(c.resumes, "0"), 10, 53); err != nil {
		return refusal{protocol.BadSince, "since is the id of a message"}
	}
	room, err := hall.room(c.wants)
	if err != nil {
		return err
	}
	claim, err := room.bus.Enter(c.nick, c.owner)
	if err != nil {
		hall.release(room)
		if errors.Is(err, bus.ErrTaken) {
			return refusal{protocol.NickTaken, err.Error()}
		}
		return err
	}
	c.room, c.claim = room, claim
	room.add(c)
	return nil
}

// welcome tells c who it is, who is there, and what was said. It is false if c
// shall not be in the room, because a later connection of its session is. The
// caller holds mu.
func (room *Room) welcome(c *Client) bool {
	if room.people[c.nick] > c.claim {
		c.goElsewhere()
		return false
	}
	room.came(c.nick, c.claim) // the bus may be late to say so
	c.knows = room.changes()

	past, whole := room.history.after(c.since)
	n := len(past)
	m := protocol.Message{
		Type: protocol.Welcome, Room: room.name, Nick: c.nick, Session: c.session, Server: room.hall.cfg.Name,
		Last: room.history.last, History: &n, Resumed: c.resumes != "" && whole,
	}
	m.People, m.Count = room.list()
	c.Send(m.Encode())
	for _, data := range past {
		c.Send(data)
	}
	if room.closed {
		c.goAway()
	}
	return true
}

// leave gives up the client's place, whose nickname is then free.
func (c *Client) leave() {
	room := c.room
	if room == nil { // it was never in
		return
	}
	room.mu.Lock()
	nick, claim := c.nick, c.claim
	if room.clients[nick] == c {
		delete(room.clients, nick)
	}
	room.mu.Unlock()
	room.bus.Leave(nick, claim)
	room.hall.release(room)
	room.hall.count.clients.Add(-1)
}

// goElsewhere closes a client whose session went on in another connection.
func (c *Client) goElsewhere() {
	c.Close(protocol.CloseMoved, protocol.Reason(protocol.Moved, "you are here in another connection"))
}

func (c *Client) goAway() {
	c.Close(websocket.CloseGoingAway, protocol.Reason(protocol.Shutdown, shuttingDown))
}
