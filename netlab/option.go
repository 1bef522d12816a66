package netlab

import "time"

// An Option sets a value of a lab, for all its hosts, or of one host.
type Option func(*config)

type config struct {
	seed      uint64
	latency   time.Duration
	bandwidth int // bits per second; 0 is no limit
	queueLen  int // packets
	mtu       uint32
	ipv6      bool

	msl            time.Duration
	minRTO, maxRTO time.Duration
	sendBuf        int
	recvBuf        int
	backlog        int
	nagle          bool
	sack           bool
	rack           bool
	congestion     string
}

var defaults = config{
	seed:       1,
	latency:    10 * time.Millisecond,
	queueLen:   1000,
	mtu:        1500,
	msl:        30 * time.Second,
	minRTO:     200 * time.Millisecond,
	maxRTO:     120 * time.Second,
	sendBuf:    1 << 20,
	recvBuf:    1 << 20,
	backlog:    128,
	sack:       true,
	rack:       true,
	congestion: "cubic",
}

// Seed makes another course of chance: of sequence numbers, ports and faults.
// One seed always gives one trace. The default is 1.
func Seed(n uint64) Option { return func(c *config) { c.seed = n } }

// Latency is the time of a packet from the host to any other. The default is 10 ms.
func Latency(d time.Duration) Option { return func(c *config) { c.latency = d } }

// Bandwidth limits what the host sends, in bits per second; 0, the default, does not.
func Bandwidth(bitsPerSecond int) Option { return func(c *config) { c.bandwidth = bitsPerSecond } }

// QueueLength is how many packets wait for a limited bandwidth before more are
// dropped. The default is 1,000.
func QueueLength(packets int) Option { return func(c *config) { c.queueLen = packets } }

// MTU is the largest packet that the host sends, in bytes with its IP header.
// The default is 1,500.
func MTU(bytes int) Option { return func(c *config) { c.mtu = uint32(bytes) } }

// IPv6 gives hosts an address in fd00::/64 beside that in 10.0.0.0/24, and
// lets names resolve to it first.
func IPv6() Option { return func(c *config) { c.ipv6 = true } }

// MSL is the maximum segment lifetime. TIME-WAIT lasts twice as long. The
// default is 30 s, as in Linux; RFC 9293 section 3.4.2 has 2 minutes.
func MSL(d time.Duration) Option { return func(c *config) { c.msl = d } }

// RTO bounds the retransmission timeout. The default is 200 ms to 120 s, as in
// Linux; RFC 6298 has at least 1 s.
func RTO(least, most time.Duration) Option {
	return func(c *config) { c.minRTO, c.maxRTO = least, most }
}

// Buffers are the sizes of the send and receive buffers of a TCP connection,
// in bytes. The default is 1 MiB each.
func Buffers(send, receive int) Option {
	return func(c *config) { c.sendBuf, c.recvBuf = send, receive }
}

// Backlog is how many connections wait for Accept at most. The default is 128.
func Backlog(n int) Option { return func(c *config) { c.backlog = n } }

// Nagle lets a connection wait with small segments while data is on its way
// (RFC 9293 section 3.7.4). As in package net, the default is not to.
func Nagle(on bool) Option { return func(c *config) { c.nagle = on } }

// SACK turns selective acknowledgements (RFC 2018) on, as by default, or off.
func SACK(on bool) Option { return func(c *config) { c.sack = on } }

// RACK turns on, as by default, or off what finds losses by time (RFC 8985):
// with it, a tail loss probe goes out before the retransmission timeout.
func RACK(on bool) Option { return func(c *config) { c.rack = on } }

// CUBIC and Reno choose the congestion control. The default is CUBIC.
func CUBIC() Option { return func(c *config) { c.congestion = "cubic" } }

// Reno chooses the congestion control of RFC 5681.
func Reno() Option { return func(c *config) { c.congestion = "reno" } }
