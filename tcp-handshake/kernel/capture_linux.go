package kernel

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
	"golang.org/x/net/bpf"
)

// A captured packet. Loopback shows each packet twice: when it is sent, and
// when it comes in.
type captured struct {
	ip              []byte // from the IP header on
	sent, delivered int64  // in nanoseconds, as time.Time.UnixNano
}

// A capture sees what two addresses send each other.
//
// To know when it has seen everything, it sends itself a marker, a UDP datagram
// to a third address: all that was sent before the marker is seen before it.
type capture struct {
	handle  *pcapgo.EthernetHandle
	hosts   [2]netip.Addr
	marker  *net.UDPConn
	markers int // sent so far

	packets []captured
	ended   chan error // closed after one value: why it has ended, nil if by a marker
}

// captureTimeout is how long a capture waits for what must come.
const captureTimeout = 5 * time.Second

func startCapture(ctx context.Context, client, server, marker netip.Addr) (*capture, error) {
	if err := mayCapture(); err != nil {
		return nil, err
	}
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(marker, 0)))
	if err != nil {
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	handle, err := pcapgo.NewEthernetHandle("lo")
	if err != nil {
		udp.Close()
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	c := &capture{handle: handle, hosts: [2]netip.Addr{client, server}, marker: udp, ended: make(chan error, 1)}
	if err := c.filter(); err != nil {
		c.close()
		return nil, err
	}
	if err := c.tune(ctx); err != nil {
		c.close()
		return nil, err
	}
	final := strconv.Itoa(c.markers + 1)
	go func() {
		defer close(c.ended)
		c.ended <- c.read(final)
	}()
	return c, nil
}

func (c *capture) close() {
	c.handle.Close()
	c.marker.Close()
}

// filter lets the kernel pass over what comes from other addresses than the
// first three bytes of these, so that much of it cannot crowd out the rest.
func (c *capture) filter() error {
	const source = 14 + 12 // in an Ethernet frame with an IPv4 packet
	ip := c.hosts[0].As4()
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: source, Size: 4},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xffffff00},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: binary.BigEndian.Uint32(ip[:]) &^ 0xff, SkipFalse: 1},
		bpf.RetConstant{Val: math.MaxUint32},
		bpf.RetConstant{Val: 0},
	})
	if err == nil {
		err = c.handle.SetBPF(program)
	}
	if err != nil {
		return fmt.Errorf("capture packets: %w", err)
	}
	// What came before the filter may fill the queue: make room.
	stats, err := c.handle.Stats()
	if err != nil {
		return fmt.Errorf("capture packets: %w", err)
	}
	for range stats.Packets - stats.Drops {
		if _, _, err := c.handle.ReadPacketData(); err != nil {
			return fmt.Errorf("capture packets: %w", err)
		}
	}
	return nil
}

// tune waits until the kernel notes the time at which a packet passes. It begins
// to do so a moment after the first capture on the machine, and until then a
// packet bears the time at which it is read.
func (c *capture) tune(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, captureTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { c.handle.Close() })
	defer stop()
	for timed := false; !timed; {
		before := time.Now().UnixNano()
		text, err := c.mark()
		if err != nil {
			return err
		}
		after := time.Now().UnixNano()
		for copies := 0; copies < 2; { // neither may stay behind and take room
			frame, info, err := c.handle.ReadPacketData()
			if err != nil {
				return fmt.Errorf("capture packets: %w", cmp.Or(ctx.Err(), err))
			}
			if !c.isMarker(ipOf(frame), text) {
				continue
			}
			copies++
			if at := info.Timestamp.UnixNano(); copies == 1 {
				timed = before <= at && at <= after
			}
		}
	}
	if !stop() {
		return fmt.Errorf("capture packets: %w", ctx.Err())
	}
	return nil
}

// mark sends the next marker, and returns what is in it.
func (c *capture) mark() (text string, err error) {
	c.markers++
	text = strconv.Itoa(c.markers)
	if _, err := c.marker.WriteTo([]byte(text), c.marker.LocalAddr()); err != nil {
		return "", fmt.Errorf("capture packets: %w", err)
	}
	return text, nil
}

func (c *capture) isMarker(ip []byte, text string) bool {
	const header = 20 + 8 // of IP and UDP
	src, dst := addresses(ip)
	own := c.marker.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
	return src == own && dst == own && len(ip) >= header && bytes.Equal(ip[header:], []byte(text))
}

// read reads packets until the marker has come, and every packet that was sent
// has come in.
func (c *capture) read(final string) error {
	underway := map[string]int{} // packets by their bytes
	for marked := false; !marked || len(underway) > 0; {
		frame, info, err := c.handle.ReadPacketData()
		if err != nil {
			return fmt.Errorf("capture packets: %w", err)
		}
		ip := ipOf(frame)
		if c.isMarker(ip, final) {
			marked = true
			continue
		}
		src, dst := addresses(ip)
		if (src != c.hosts[0] || dst != c.hosts[1]) && (src != c.hosts[1] || dst != c.hosts[0]) {
			continue
		}
		at := info.Timestamp.UnixNano()
		if i, ok := underway[string(ip)]; ok {
			delete(underway, string(ip))
			c.packets[i].delivered = at
			continue
		}
		underway[string(ip)] = len(c.packets)
		c.packets = append(c.packets, captured{ip: ip, sent: at})
	}
	return nil
}

// finish returns all packets that were sent before.
func (c *capture) finish() ([]captured, error) {
	if _, err := c.mark(); err != nil {
		c.handle.Close()
		<-c.ended
		return nil, err
	}
	timeout := time.AfterFunc(captureTimeout, func() { c.handle.Close() })
	err := <-c.ended
	if !timeout.Stop() {
		return c.packets, fmt.Errorf("capture packets: not all have come within %v", captureTimeout)
	}
	if err != nil {
		return c.packets, err
	}
	stats, err := c.handle.Stats()
	if err != nil {
		return c.packets, fmt.Errorf("capture packets: %w", err)
	}
	if stats.Drops > 0 {
		return c.packets, fmt.Errorf("capture packets: %d came too fast and are missing", stats.Drops)
	}
	return c.packets, nil
}

// ipOf returns the IPv4 packet in an Ethernet frame, or nil.
func ipOf(frame []byte) []byte {
	const header = 14
	if len(frame) < header+20 || frame[12] != 0x08 || frame[13] != 0x00 {
		return nil
	}
	return frame[header:]
}

// addresses returns those in the header of an IPv4 packet.
func addresses(ip []byte) (src, dst netip.Addr) {
	if len(ip) < 20 {
		return src, dst
	}
	return netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20]))
}
