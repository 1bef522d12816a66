package chatroom

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"example.com/netlessons/chatroom/ws"
)

// Serve runs the chat server on ln. It returns nil once ctx ends it, when
// every client got its close frame (1001) or did not take it within a second,
// and the Accept error otherwise; it closes ln. Notes [chatroom] step 2.
func Serve(ctx context.Context, ln net.Listener, cfg Config, log *slog.Logger) error {
	// Step 2: GET /ws, and no longer path that ends so, goes to IndexHandler in
	// ws/ws.go.
	hall := ws.NewHall(cfg.Room, log)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", hall.IndexHandler)
	mux.Handle("GET /", page())

	defer context.AfterFunc(ctx, func() { ln.Close() })()
	err := cfg.operate(ln, mux, hall, log)
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}
