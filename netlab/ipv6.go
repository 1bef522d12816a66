//go:build !noipv6

package netlab

import "gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

var newIPv6 = ipv6.NewProtocol
