package netlab_test

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/trace"
)

func Example() {
	lab := netlab.New(netlab.Latency(5 * time.Millisecond))
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")

	ln := must(server.Listen("tcp", ":80"))
	c := must(client.Dial("tcp", "server:80"))
	fmt.Println("Dial returns after", lab.Elapsed())
	s := must(ln.Accept())
	fmt.Println("Accept returns after", lab.Elapsed())

	fmt.Fprint(c, "hello")
	c.Close()
	fmt.Printf("%s\n", must(io.ReadAll(s)))
	// Output:
	// Dial returns after 10ms
	// Accept returns after 15ms
	// hello
}

func ExampleLab_Fault() {
	lab := netlab.New()
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("lose the SYN", netlab.Nth(1, netlab.Flags(trace.SYN)), netlab.Drop)

	server.Listen("tcp", ":80")
	client.Dial("tcp", "server:80")
	for _, e := range lab.Trace().Events {
		if p := lab.Trace().PacketOf(e); p != nil && e.Kind != trace.Deliver {
			fmt.Printf("%v %s %s %q %q\n", e.At, p.From, e.Kind, p.Flags, e.Fault)
		}
	}
	// Output:
	// 0s client send "SYN" ""
	// 0s client drop "SYN" "lose the SYN"
	// 1s client send "SYN" ""
	// 1.01s server send "SYN, ACK" ""
	// 1.02s client send "ACK" ""
}

func ExampleLab_Fault_partition() {
	lab := netlab.New()
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	partition := lab.Fault("partition", netlab.Any, netlab.Drop)
	lab.After(5*time.Second, partition.Off)

	server.Listen("tcp", ":80")
	_, err := client.Dial("tcp", "server:80")
	fmt.Println(err, lab.Elapsed()) // the fourth SYN gets through
	// Output:
	// <nil> 7.02s
}

func ExampleLab_Advance() {
	lab := netlab.New(netlab.MSL(30 * time.Second))
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	ln := must(server.Listen("tcp", ":80"))
	c := must(client.Dial("tcp", "server:80"))
	s := must(ln.Accept())
	c.Close()
	must(io.ReadAll(s))
	s.Close()

	lab.Advance(time.Hour)
	for _, e := range lab.Trace().Events {
		if e.Kind == trace.State && e.Host == "client" {
			fmt.Println(e.At, e.To)
		}
	}
	// Output:
	// 0s SYN-SENT
	// 20ms ESTABLISHED
	// 30ms FIN-WAIT-1
	// 50ms FIN-WAIT-2
	// 50ms TIME-WAIT
	// 1m0.05s CLOSED
}

func ExampleHost_ListenPacket() {
	lab := netlab.New()
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("arrives twice", netlab.From("client"), netlab.Duplicate(time.Second))

	pc := must(server.ListenPacket("udp", ":53"))
	c := must(client.Dial("udp", "server:53"))
	fmt.Fprint(c, "hello")
	for range 2 {
		buf := make([]byte, 100)
		n, _, err := pc.ReadFrom(buf)
		fmt.Println(lab.Elapsed(), string(buf[:n]), err)
	}
	// Output:
	// 10ms hello <nil>
	// 1.01s hello <nil>
}

func ExampleErrStuck() {
	lab := netlab.New()
	defer lab.Close()
	ln := must(lab.Host("server").Listen("tcp", ":80"))
	_, err := ln.Accept()
	fmt.Println(err)
	// Output:
	// accept tcp 10.0.0.1:80: waits for a connection, but nothing can happen any more
}

func ExampleBandwidth() {
	// 1 Mbit/s: a packet of 1,000 bytes takes 8 ms to be sent.
	lab := netlab.New(netlab.Bandwidth(1_000_000))
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	pc := must(server.ListenPacket("udp", ":53"))
	c := must(client.Dial("udp", "server:53"))
	must(c.Write(make([]byte, 1000-28))) // 20 bytes of IP header and 8 of UDP
	must2(pc.ReadFrom(make([]byte, 1000)))
	fmt.Println(lab.Elapsed())
	// Output:
	// 18ms
}

func ExampleIPv6() {
	lab := netlab.New(netlab.IPv6())
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	server.Listen("tcp", ":80")
	c := must(client.Dial("tcp", "server:80"))
	fmt.Println(c.RemoteAddr())
	// Output:
	// [fd00::2]:80
}

func ExampleConn_SetLinger() {
	lab := netlab.New()
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	ln := must(server.Listen("tcp", ":80"))
	c := must(client.Dial("tcp", "server:80")).(*netlab.Conn)
	s := must(ln.Accept())
	c.SetLinger(0) // Close shall reset the connection
	c.Close()
	_, err := s.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, syscall.ECONNRESET))
	// Output:
	// true
}

func must2[A, B any](a A, _ B, err error) A { return must(a, err) }
