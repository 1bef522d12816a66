package netlab

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// link is a host's plug: what its stack sends goes into the lab's queue.
type link struct {
	host       *Host
	dispatcher stack.NetworkDispatcher
}

var _ stack.LinkEndpoint = (*link)(nil)

func (k *link) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	for _, pkt := range pkts.AsSlice() {
		bytes := make([]byte, 0, pkt.Size())
		for _, part := range pkt.AsSlices() {
			bytes = append(bytes, part...)
		}
		k.host.lab.queue.send(sent{k.host, bytes})
	}
	return pkts.Len(), nil
}

func (k *link) MTU() uint32                                  { return k.host.config.mtu }
func (k *link) SetMTU(uint32)                                {}
func (k *link) MaxHeaderLength() uint16                      { return 0 }
func (k *link) LinkAddress() tcpip.LinkAddress               { return "" }
func (k *link) SetLinkAddress(tcpip.LinkAddress)             {}
func (k *link) Capabilities() stack.LinkEndpointCapabilities { return 0 }
func (k *link) Attach(d stack.NetworkDispatcher)             { k.dispatcher = d }
func (k *link) IsAttached() bool                             { return k.dispatcher != nil }
func (k *link) Wait()                                        {}
func (k *link) ARPHardwareType() header.ARPHardwareType      { return header.ARPHardwareNone }
func (k *link) AddHeader(*stack.PacketBuffer)                {}
func (k *link) ParseHeader(*stack.PacketBuffer) bool         { return true }
func (k *link) Close()                                       {}
func (k *link) SetOnCloseAction(func())                      {}
