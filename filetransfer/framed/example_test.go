package framed_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"example.com/netlessons/filetransfer/framed"
)

func Example() {
	temp, err := os.MkdirTemp("", "framed")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(temp)
	from, to := filepath.Join(temp, "from"), filepath.Join(temp, "to")
	for path, content := range map[string]string{"from/a.txt": "hello", "to/a.txt": "something else"} {
		path = filepath.Join(temp, path)
		os.MkdirAll(filepath.Dir(path), 0o777)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			fmt.Println(err)
			return
		}
	}
	dir, err := os.OpenRoot(to)
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
	done := make(chan error)
	go func() { done <- framed.Receiver{Once: true}.Serve(context.Background(), ln, dir) }()

	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	sender := &framed.Sender{Report: func(o framed.Outcome) { fmt.Println(o.Name, o.Status, "as", o.As) }}
	fmt.Println("sender:", sender.Send(context.Background(), conn, []string{filepath.Join(from, "a.txt")}))
	fmt.Println("receiver:", <-done)
	// Output:
	// a.txt saved as a (1).txt
	// sender: <nil>
	// receiver: <nil>
}
