// Package chatroom is a chat server with rooms, over WebSocket, and a client
// for it. Notes [chatroom].
//
//	GET /                          page: joins a room from a browser
//	GET /ws?nick=NAME&room=NAME    upgraded to a WebSocket: the nickname is in the room
//
// A WebSocket starts as an HTTP request and stays open; after the upgrade both
// ends send messages when they like. Each is one text frame with one JSON
// object:
//
//	client ► server  {"type":"message","text":"hi"}
//	server ► client  {"type":"welcome", …}                          first: who is here, what was said
//	                 {"type":"message","id":42,"from":"ann","text":"hi", …}   to all, ann too
//	                 {"type":"presence","joined":["bob"],"left":["zoe"], …}   to all others
//	                 {"type":"error","code":"empty","text":"say something"}   to one who can do better
//
// PROTOCOL.md has all of them, and what a client does to come back after its
// connection was lost. Everybody sees the messages in the same order. A client
// that sends faster than the room allows is slowed down, not disconnected.
//
// The way of a message, in the order of the notes: cmd/server/main.go,
// server.go, ws/ws.go. Each other file of ws adds one thing to it:
//
//	join.go      who is let in, and what a new client is told
//	incoming.go  what a client may send: how fast, how long, in which encoding
//	say.go       to the bus, and what comes back from it
//	command.go   /nick, /who, /rooms, /help
//	history.go   the newest messages, for those who join or come back
//	presence.go  who is here, told in few notices
//	hall.go      many rooms, and the end of all
//	limits.go    how many connections, and whose pages
//	counters.go  what an operator can see
//
// Package outbox writes to a connection, many frames in one system call.
// Package bus carries what is said to all servers: to one by itself, to several
// with package natsbus.
package chatroom
