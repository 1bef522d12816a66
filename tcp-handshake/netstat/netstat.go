// Package netstat reads the operating system's table of TCP connections, as
// `netstat -an` prints it. Notes [netstat]. It needs no privileges.
//
// macOS lists sockets by process, so a connection that no process holds any
// more (TIME_WAIT) or not yet (before Accept) is missing there.
package netstat

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	psnet "github.com/shirou/gopsutil/v4/net"
)

// A Row is one socket: its two ends and its state, as this system spells it.
type Row struct {
	Local, Remote netip.AddrPort // port 0 at Remote: a listener
	State         string         // LISTEN, ESTABLISHED, FIN_WAIT2, …
}

// Table returns the rows with port at either end, listeners first. Port 0
// means every row. It is the notes' `netstat -an | grep PORT`, but does not
// find the port's digits in other numbers.
func Table(ctx context.Context, port uint16) ([]Row, error) {
	conns, err := psnet.ConnectionsWithoutUidsWithContext(ctx, "tcp")
	if err != nil {
		return nil, fmt.Errorf("read the table of TCP connections: %w", err)
	}
	var rows []Row
	for _, c := range conns {
		row := Row{addrPort(c.Laddr), addrPort(c.Raddr), c.Status}
		if port == 0 || row.Local.Port() == port || row.Remote.Port() == port {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(min(a.Remote.Port(), 1), min(b.Remote.Port(), 1)), a.Remote.Compare(b.Remote), a.Local.Compare(b.Local))
	})
	return rows, nil
}

// addrPort turns an address of the table into a comparable one. The table
// writes "" or "*" for any address.
func addrPort(a psnet.Addr) netip.AddrPort {
	ip, err := netip.ParseAddr(a.IP)
	if err != nil {
		ip = netip.IPv4Unspecified()
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(a.Port))
}
