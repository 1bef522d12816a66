package batchapi_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"example.com/netlessons/batchapi"
)

func Example() {
	users := httptest.NewServer(batchapi.Backend(0))
	defer users.Close()
	services := batchapi.Services{}
	if err := services.Set("users=" + users.URL); err != nil {
		fmt.Println(err)
		return
	}

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	transport := batchapi.NewTransport(10)
	defer transport.CloseIdleConnections()
	gateway := &batchapi.Gateway{Services: services, Transport: transport, Limit: 10, Timeout: time.Second}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	go func() { done <- batchapi.Serve(ctx, ln, gateway.Handler(), slog.New(slog.DiscardHandler)) }()

	calls := `[{"service":"users","path":"/1"},{"service":"nobody","path":"/2"},{"service":"users","path":"/3"}]`
	resp, err := http.Post("http://"+ln.Addr().String()+"/batch", "application/json", strings.NewReader(calls))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answers, err := io.ReadAll(resp.Body)
	fmt.Println(strings.ReplaceAll(string(answers), "},", "},\n "), err)

	cancel()
	fmt.Println("gateway:", <-done)
	// Output:
	// [{"status":200,"body":"answer to /1"},
	//  {"error":"no service \"nobody\"; the gateway calls only those in its configuration"},
	//  {"status":200,"body":"answer to /3"}]
	//  <nil>
	// gateway: <nil>
}
