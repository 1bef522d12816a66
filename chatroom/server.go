package chatroom

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"time"

	"example.com/netlessons/chatroom/ws"
)

// Serve runs the chat server on ln. It returns nil once ctx ends it, when
// every client got its close frame (1001) or did not take it within
// [ws.CloseWait], and the Accept error otherwise; it closes ln. Notes
// [chatroom] step 2.
func Serve(ctx context.Context, ln net.Listener, cfg Config, log *slog.Logger) error {
	defer context.AfterFunc(ctx, func() { ln.Close() })()

	// Step 2: GET /ws, and no longer path that ends so, goes to IndexHandler in
	// ws/ws.go.
	room := ws.NewRoom(cfg.Room, log)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", room.IndexHandler)
	mux.Handle("GET /", page())
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	err := server.Serve(ln)

	// Shutdown waits for plain requests only. It no longer knows the upgraded
	// connections: those are the room's to close.
	room.Close()
	stop, cancel := context.WithTimeout(context.Background(), time.Second/2)
	defer cancel()
	if server.Shutdown(stop) != nil {
		server.Close()
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

//go:embed page
var files embed.FS

// page serves the folder page. Its policy lets a browser load nothing from
// elsewhere and run no script but page/chat.js.
func page() http.Handler {
	root, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // a bug: the folder is part of the program
	}
	serve := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		serve.ServeHTTP(w, r)
	})
}
