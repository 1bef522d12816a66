package filetransfer_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"example.com/netlessons/filetransfer"
)

func Example() {
	temp, err := os.MkdirTemp("", "filetransfer")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(temp)
	path := filepath.Join(temp, "hello.txt")
	if err := os.WriteFile(path, []byte("hello, file"), 0o666); err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.OpenRoot(temp)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dir.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	go func() { done <- filetransfer.Serve(ctx, ln, dir, slog.New(slog.DiscardHandler)) }()

	// The receiver's folder holds a hello.txt already: the one that is sent.
	size, err := filetransfer.Send(ctx, ln.Addr().String(), path, 10*time.Second)
	fmt.Println(size, "bytes sent", err)

	cancel()
	fmt.Println("receiver:", <-done)
	content, err := dir.ReadFile("hello (1).txt")
	fmt.Printf("hello (1).txt: %q %v\n", content, err)
	// Output:
	// 11 bytes sent <nil>
	// receiver: <nil>
	// hello (1).txt: "hello, file" <nil>
}
