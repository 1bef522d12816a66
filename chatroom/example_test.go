package chatroom_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"example.com/netlessons/chatroom"
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
	go func() { done <- chatroom.Serve(ctx, ln, chatroom.DefaultConfig(), slog.New(slog.DiscardHandler)) }()

	ann, err := chatroom.Dial(ctx, ln.Addr().String(), chatroom.Join{Nick: "ann"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ann.Close()
	fmt.Println(ann.Send("hi, everybody"))
	fmt.Println(ann.Receive())

	cancel()
	_, err = ann.Receive()
	fmt.Println(err)
	fmt.Println("server:", <-done)
	// Output:
	// <nil>
	// ann: hi, everybody <nil>
	// websocket: close 1001 (going away): shutdown: the server is shutting down
	// server: <nil>
}
