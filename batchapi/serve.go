package batchapi

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve answers HTTP on ln with handler. Once ctx ends it, it takes no new
// requests, gives the running ones 5 s to finish, cuts off the rest and returns
// nil; it returns any other error. It closes ln. To cut off is to close the
// connection and to end the request's context: Serve waits for handlers, so
// they must heed that.
func Serve(ctx context.Context, ln net.Listener, handler http.Handler, log *slog.Logger) error {
	// Neither Shutdown, once its time is over, nor Close waits for connections,
	// in whose goroutines the handlers run.
	var conns sync.WaitGroup
	defer conns.Wait()
	running, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      MaxTimeout + 10*time.Second, // it runs while the batch does
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return running },
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew: // before server.Serve accepts the next or returns
				conns.Add(1)
			case http.StateClosed, http.StateHijacked: // the latter is its handler's to end
				conns.Done()
			}
		},
	}
	defer server.Close()
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}

	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		log.Warn("requests cut off", "err", err)
	}
	<-done
	return nil
}
