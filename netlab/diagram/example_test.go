package diagram_test

import (
	"fmt"
	"os"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/diagram"
)

func ExampleText() {
	lab := netlab.New()
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	ln, err := server.Listen("tcp", ":80")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Dial("tcp", "server:80"); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := ln.Accept(); err != nil {
		fmt.Println(err)
		return
	}
	diagram.Text(os.Stdout, lab.Trace(), diagram.TextOptions{})
	// Output:
	// time/s          client                                         server
	//             CLOSED │                                              │ CLOSED
	//  0.000             │                           Listen called: :80 │ LISTEN
	//                    │ Dial called: server:80                       │
	//           SYN-SENT │─ 1 SYN seq=0 win=29184 ─────────────────────►│ SYN-RECEIVED
	//  0.010 ESTABLISHED │◄────────── 2 SYN+ACK seq=0 ack=1 win=29184 ──│
	//  0.020             │─ 3 ACK seq=1 ack=1 win=29184 ──────────────┐ │
	//                    │ Dial returned                              ╎ │
	//                    │                              Accept called ╎ │
	//  0.030             │                                          3 └►│ ESTABLISHED
	//                    │                              Accept returned │
}
