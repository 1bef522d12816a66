package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"slices"

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

	port := ln.Addr().(*net.TCPAddr).AddrPort().Port()
	rows, err := netstat.Table(ctx, port)
	if err != nil {
		return err
	}
	// The listener, the client's end, the server's: the ports differ from run to run.
	place := func(r netstat.Row) int {
		switch {
		case r.Remote.Port() == port:
			return 1
		case r.Remote.Port() != 0:
			return 2
		}
		return 0
	}
	slices.SortStableFunc(rows, func(a, b netstat.Row) int { return cmp.Compare(place(a), place(b)) })
	heading := "Your system's own table, for a real connection whose client has called CloseWrite:"
	if lang == wire.Chinese {
		heading = "你的系统自己的连接表（一个真实的连接，客户端已调用 CloseWrite）："
	}
	fmt.Fprintf(stdout, "\n%s\n\n", wire.Fold("", heading))
	for _, r := range rows {
		fmt.Fprintf(stdout, "  %-16s %-16s %s\n", r.Local, r.Remote, r.State)
	}
	return nil
}
