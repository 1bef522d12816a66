// Package chatroom is a chat server with one room, over WebSocket, and a
// client for it. Notes [chatroom].
//
//	GET /                page: joins the room from a browser
//	GET /ws?nick=NAME    upgraded to a WebSocket: the nickname is in the room
//
// A WebSocket starts as an HTTP request and stays open; after the upgrade both
// ends send messages when they like. Each is one text frame with one JSON
// object:
//
//	client ► server  {"type":"message","text":"hi"}
//	server ► client  {"type":"message","from":"ann","text":"hi"}   to all, ann too
//	                 {"type":"join","from":"ann"}                  to all, ann first hears this
//	                 {"type":"leave","from":"ann"}                 to all others
//	                 {"type":"error","text":"say something"}       to one who can do better
//
// Everybody sees the messages in the same order. A client that sends faster than
// the room allows is slowed down, not disconnected. A connection ends with a
// close frame that says why:
//
//	1000  the client left
//	1001  the server is shutting down
//	1002  the client broke the WebSocket protocol
//	1003  it sent binary instead of text
//	1007  it sent invalid UTF-8
//	1008  its nickname is bad or taken, it reads too slowly, or it answers no pings
//	1009  it sent too long a message
package chatroom
