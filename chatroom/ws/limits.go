package ws

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"

	"github.com/gorilla/websocket"
)

// enter counts a connection in that is about to be upgraded, exit counts it
// out. It also counts in the handler, for which Close waits. It is false if there are too many already: then enter has answered.
func (hall *Hall) enter(w http.ResponseWriter, r *http.Request) bool {
	from := address(r.RemoteAddr)
	hall.mu.Lock()
	defer hall.mu.Unlock()
	status, why := 0, ""
	switch {
	case hall.closed:
		status, why = http.StatusServiceUnavailable, shuttingDown
	case hall.conns >= hall.cfg.Connections:
		status, why = http.StatusServiceUnavailable, "there are too many connections"
	case hall.addresses[from] >= hall.cfg.ConnectionsPerAddress:
		status, why = http.StatusTooManyRequests, "there are too many connections from your address"
	default:
		hall.conns++
		hall.addresses[from]++
		hall.running.Add(1)
		return true
	}
	hall.count.refused.Add(strconv.Itoa(status), 1)
	w.Header().Set("Retry-After", "10")
	http.Error(w, why, status)
	return false
}

// exit counts the connection out; err says why it was not upgraded, if it was not.
func (hall *Hall) exit(addr string, err error) {
	if err != nil {
		hall.log.Warn("not upgraded", "addr", addr, "err", err)
	}
	from := address(addr)
	hall.mu.Lock()
	defer hall.mu.Unlock()
	hall.conns--
	if hall.addresses[from]--; hall.addresses[from] == 0 {
		delete(hall.addresses, from)
	}
}

// address is what counts as one address: of IPv6 a /64, because who has one of
// its addresses has them all.
func address(hostPort string) string {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return hostPort
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

// upgrader accepts pages of this server, as gorilla does by itself, and those
// of the sites on the list. Its buffers are small: an idle connection holds them too.
func (hall *Hall) upgrader(r *http.Request) websocket.Upgrader {
	u := websocket.Upgrader{ReadBufferSize: 1 << 10, WriteBufferSize: 512}
	if listed := slices.Contains(hall.cfg.Origins, r.Header.Get("Origin")); listed {
		u.CheckOrigin = func(*http.Request) bool { return listed }
	}
	return u
}
