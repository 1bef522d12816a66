package udpecho_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	udpecho "example.com/netlessons/udp-echo"
)

func Example() {
	server, err := udpecho.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	go func() { done <- udpecho.Serve(ctx, server, udpecho.MaxPayload, slog.New(slog.DiscardHandler)) }()

	client, err := udpecho.Dial(server.LocalAddr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	for _, question := range []string{"hello", "", "你好"} {
		answer, err := udpecho.Ask(client, []byte(question), time.Second)
		fmt.Printf("%q %v\n", answer, err)
	}

	cancel()
	fmt.Println("server:", <-done)
	// Output:
	// "hello" <nil>
	// "" <nil>
	// "你好" <nil>
	// server: <nil>
}
