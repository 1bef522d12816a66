package tcphandshake_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	tcphandshake "example.com/netlessons/tcp-handshake"
)

func Example() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	go func() { done <- tcphandshake.Serve(ctx, ln, slog.New(slog.DiscardHandler)) }()

	conn, err := tcphandshake.Dial(ctx, ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := tcphandshake.Echo(ctx, conn, []byte("hello"))
	fmt.Printf("%q %v\n", answer, err)

	cancel()
	fmt.Println("server:", <-done)
	// Output:
	// "hello" <nil>
	// server: <nil>
}
