package pcapng_test

import (
	"bytes"
	"fmt"

	"github.com/gopacket/gopacket/pcapgo"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/pcapng"
	"example.com/netlessons/netlab/trace"
)

func ExampleWrite() {
	lab := netlab.New()
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("loss", netlab.Nth(1, netlab.Flags(trace.SYN)), netlab.Drop)
	if _, err := server.Listen("tcp", ":80"); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Dial("tcp", "server:80"); err != nil {
		fmt.Println(err)
		return
	}

	var file bytes.Buffer // or os.Create("handshake.pcapng"), for Wireshark
	if err := pcapng.Write(&file, lab.Trace()); err != nil {
		fmt.Println(err)
		return
	}

	// What is in the file:
	in, err := pcapgo.NewNgReader(&file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		_, info, options, err := in.ReadPacketDataWithOptions()
		if err != nil {
			fmt.Println(err)
			return
		}
		host, _ := in.Interface(info.InterfaceIndex)
		fmt.Println(info.Timestamp.Format("15:04:05.000"), host.Name, options.Comments)
	}
	// Output:
	// 00:00:00.000 client [dropped: loss]
	// 00:00:01.000 client []
	// 00:00:01.010 server []
	// 00:00:01.020 client []
	// EOF
}
