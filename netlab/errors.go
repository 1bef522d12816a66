package netlab

import (
	"errors"
	"net"
	"os"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// errno maps what a stack says to what the net package's errors hold.
func errno(call string, err tcpip.Error) error {
	var no syscall.Errno
	switch err.(type) {
	case *tcpip.ErrConnectionRefused:
		no = syscall.ECONNREFUSED
	case *tcpip.ErrConnectionReset:
		no = syscall.ECONNRESET
	case *tcpip.ErrConnectionAborted:
		no = syscall.ECONNABORTED
	case *tcpip.ErrTimeout:
		no = syscall.ETIMEDOUT
	case *tcpip.ErrClosedForSend:
		no = syscall.EPIPE
	case *tcpip.ErrPortInUse, *tcpip.ErrDuplicateAddress:
		no = syscall.EADDRINUSE
	case *tcpip.ErrBadLocalAddress, *tcpip.ErrBadAddress:
		no = syscall.EADDRNOTAVAIL
	case *tcpip.ErrHostUnreachable:
		no = syscall.EHOSTUNREACH
	case *tcpip.ErrNetworkUnreachable:
		no = syscall.ENETUNREACH
	case *tcpip.ErrMessageTooLong:
		no = syscall.EMSGSIZE
	case *tcpip.ErrNotConnected:
		no = syscall.ENOTCONN
	case *tcpip.ErrInvalidEndpointState:
		no = syscall.EINVAL
	default:
		return errors.New(err.String())
	}
	return os.NewSyscallError(call, no)
}

// opError is the error of a call, as the net package has it.
func opError(op, network string, source, addr net.Addr, err error) error {
	return &net.OpError{Op: op, Net: network, Source: source, Addr: addr, Err: err}
}
