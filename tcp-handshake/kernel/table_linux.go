package kernel

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// closed is the state of an end that is not in the kernel's table.
const closed = "CLOSED"

// An end is one end of a connection, or a listener, which has no remote.
type end struct{ local, remote netip.AddrPort }

// A row is what the kernel's table says of an end.
type row struct {
	state  string
	unsure int // bytes, and SYN and FIN, that the other end has not acknowledged
}

// passing are the states that last only while a packet is under way.
var passing = map[string]bool{
	"SYN-SENT": true, "SYN-RECEIVED": true, "FIN-WAIT-1": true, "CLOSING": true, "LAST-ACK": true,
}

// stateNames spells the states as RFC 9293 section 3.3.2 does, by their numbers
// in the kernel (include/net/tcp_states.h).
var stateNames = map[string]string{
	"01": "ESTABLISHED", "02": "SYN-SENT", "03": "SYN-RECEIVED", "04": "FIN-WAIT-1", "05": "FIN-WAIT-2",
	"06": "TIME-WAIT", "07": closed, "08": "CLOSE-WAIT", "09": "LAST-ACK", "0A": "LISTEN", "0B": "CLOSING",
	"0C": "SYN-RECEIVED",
}

// readTable reads the kernel's table of TCP sockets over IPv4, as netstat does.
func readTable() (map[end]row, error) {
	f, err := os.Open("/proc/self/net/tcp")
	if err != nil {
		return nil, fmt.Errorf("read the kernel's table: %w", err)
	}
	defer f.Close()
	table := map[end]row{}
	lines := bufio.NewScanner(f)
	lines.Scan() // the heading
	for lines.Scan() {
		e, r, err := parseRow(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("read the kernel's table: %w in %q", err, lines.Text())
		}
		table[e] = r
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the kernel's table: %w", err)
	}
	return table, nil
}

// parseRow reads a line of the table:
//
//	sl  local_address rem_address   st tx_queue:rx_queue …
//	0:  0100007F:0050 0200007F:C350 01 00000000:00000000 …
func parseRow(line string) (e end, r row, err error) {
	fields := strings.Fields(line)
	if len(fields) < 5 {
		return e, r, fmt.Errorf("too few fields")
	}
	if e.local, err = parseAddr(fields[1]); err != nil {
		return e, r, err
	}
	if e.remote, err = parseAddr(fields[2]); err != nil {
		return e, r, err
	}
	if e.remote.Port() == 0 {
		e.remote = netip.AddrPort{}
	}
	r.state = stateNames[fields[3]]
	if r.state == "" {
		return e, r, fmt.Errorf("unknown state %s", fields[3])
	}
	if r.state != "LISTEN" { // whose queue counts connections
		tx, _, _ := strings.Cut(fields[4], ":")
		n, err := strconv.ParseUint(tx, 16, 32)
		if err != nil {
			return e, r, err
		}
		r.unsure = int(n)
	}
	return e, r, nil
}

// parseAddr reads an address as the table has it: that of IP as one number in
// the byte order of the machine, the port in that of the network.
func parseAddr(text string) (netip.AddrPort, error) {
	b, err := hex.DecodeString(strings.Replace(text, ":", "", 1))
	if err != nil || len(b) != 6 {
		return netip.AddrPort{}, fmt.Errorf("no address: %s", text)
	}
	var ip [4]byte
	binary.NativeEndian.PutUint32(ip[:], binary.BigEndian.Uint32(b))
	return netip.AddrPortFrom(netip.AddrFrom4(ip), binary.BigEndian.Uint16(b[4:])), nil
}
