// Package labtests runs the lessons' own servers and clients, unchanged, over
// the lab's wire: with loss, delay, doubles and a network that falls apart, in
// virtual time and with the same course every time. The lessons know nothing
// of it; they take a net.Listener, a net.Conn or a net.PacketConn.
package labtests
