// Package ws is the WebSocket side of the chat server: what happens between
// the request for /ws and the end of its connection. Notes [chatroom] steps 3–6.
package ws

import (
	"net/http"
	"slices"

	"github.com/gorilla/websocket"
)

// IndexHandler answers GET /ws?nick=NAME: it upgrades the connection and puts
// it into the room. A nickname that the room does not take is told after the
// upgrade, in the close frame: that is all that a page in a browser can read.
func (room *Room) IndexHandler(w http.ResponseWriter, r *http.Request) {
	if !room.enter() {
		http.Error(w, shuttingDown, http.StatusServiceUnavailable)
		return
	}
	defer room.running.Done()

	// Step 3: an Upgrader, and Upgrade. By itself it refuses a page of another
	// site (403), so that no such page can speak in its visitor's name.
	upgrader := websocket.Upgrader{}
	if listed := slices.Contains(room.cfg.Origins, r.Header.Get("Origin")); listed {
		upgrader.CheckOrigin = func(*http.Request) bool { return listed }
	}
	// Step 4: from here on, everything is done with this *websocket.Conn.
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil { // Upgrade has answered
		room.log.Warn("not upgraded", "addr", r.RemoteAddr, "origin", r.Header.Get("Origin"), "err", err)
		return
	}
	// Step 5: the connection goes into the map of Clients.
	client := newClient(room, conn, r.URL.Query().Get("nick"))
	room.join(client)

	// Step 6: a goroutine reads what the client sends, and acts on it. The
	// handler ends here; the connection lives on.
	room.running.Go(client.read)
}
