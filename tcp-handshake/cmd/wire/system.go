package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"

	tcphandshake "example.com/netlessons/tcp-handshake"
	"example.com/netlessons/tcp-handshake/netstat"
	"example.com/netlessons/tcp-handshake/wire"
)

// systemTable prints what the operating system itself says of a real
// connection of this process, half closed by its client. Notes [netstat].
func systemTable(ctx context.Context, lang wire.Language, stdout io.Writer) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	client, err := tcphandshake.Dial(ctx, ln.Addr().String())
	if err != nil {
		return err
	}
	defer client.Close()
	server, err := ln.Accept()
	if err != nil {
		return err
	}
	defer server.Close()
	if err := client.CloseWrite(); err != nil {
		return err
	}
	if _, err := io.ReadAll(server); err != nil { // the FIN has come
		return err
	}
	if _, err := io.WriteString(server, "."); err != nil {
		return err
	}
	if _, err := client.Read(make([]byte, 1)); err != nil { // and its ACK, at the latest with this byte
		return err
	}

	serverAddr, clientAddr := addrPort(ln.Addr()), addrPort(client.LocalAddr())
	table, err := netstat.Table(ctx, serverAddr.Port())
	if err != nil {
		return err
	}
	heading := "Your system's own table, for a real connection whose client has called CloseWrite:"
	if lang == wire.Chinese {
		heading = "你的系统自己的连接表（一个真实的连接，客户端已调用 CloseWrite）："
	}
	fmt.Fprintf(stdout, "\n%s\n\n", wire.Fold("", heading))
	for _, r := range rowsOf(table, serverAddr, clientAddr) {
		fmt.Fprintf(stdout, "  %-16s %-16s %s\n", r.Local, r.Remote, r.State)
	}
	return nil
}

// rowsOf returns the rows of one connection: its listener, its client's end, its
// server's end. An older connection can have had the same port at one end, and
// stays in the table for a minute (TIME_WAIT).
func rowsOf(table []netstat.Row, server, client netip.AddrPort) []netstat.Row {
	anyone := netip.AddrPortFrom(netip.IPv4Unspecified(), 0) // the peer of a listener
	var rows []netstat.Row
	for _, ends := range [][2]netip.AddrPort{{server, anyone}, {client, server}, {server, client}} {
		for _, r := range table {
			if ends == [2]netip.AddrPort{r.Local, r.Remote} {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

func addrPort(a net.Addr) netip.AddrPort { return a.(*net.TCPAddr).AddrPort() }
