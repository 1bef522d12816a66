package chatroom

import (
	"context"
	"crypto/tls"
	"expvar"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"example.com/netlessons/chatroom/ws"
)

// operate serves mux on ln until that is closed, by HTTPS if the configuration
// names a certificate, and what an operator wants to know beside it. Then it
// ends what is left, and returns the Accept error.
func (cfg Config) operate(ln net.Listener, mux *http.ServeMux, hall *ws.Hall, log *slog.Logger) error {
	mux.HandleFunc("GET /healthz", hall.Healthz)
	stopCounters, err := cfg.serveCounters(hall, log)
	if err != nil {
		ln.Close()
		return err
	}
	defer stopCounters()

	server := newServer(mux, log)
	if cfg.Certificate == "" {
		err = server.Serve(ln)
	} else {
		server.Protocols = new(http.Protocols) // HTTP/2 has no Upgrade
		server.Protocols.SetHTTP1(true)
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		err = server.ServeTLS(ln, cfg.Certificate, cfg.Key)
	}
	// The server no longer knows the upgraded connections: those are the hall's
	// to close. It waits for plain requests, if they do not take long.
	hall.Close()
	stop, cancel := context.WithTimeout(context.Background(), time.Second/2)
	defer cancel()
	if server.Shutdown(stop) != nil {
		server.Close()
	}
	return err
}

// newServer has limits for those who ask for nothing, or for ever.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serveCounters answers GET /debug/vars on an address of its own with the
// hall's counters, and what the standard library has, as JSON. The address is
// on loopback: what is shown there is nobody else's affair.
func (cfg Config) serveCounters(hall *ws.Hall, log *slog.Logger) (stop func(), err error) {
	if cfg.CountersAddr == "" {
		return func() {}, nil
	}
	ln, err := net.Listen("tcp", cfg.CountersAddr)
	if err != nil {
		return nil, fmt.Errorf("counters: %w", err)
	}
	all := new(expvar.Map).Init()
	expvar.Do(func(kv expvar.KeyValue) { all.Set(kv.Key, kv.Value) })
	all.Set("chatroom", hall.Counters())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/vars", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprintln(w, all)
	})
	server := newServer(mux, log)
	var running sync.WaitGroup
	running.Go(func() { server.Serve(ln) })
	log.Info("counters", "url", fmt.Sprintf("http://%s/debug/vars", ln.Addr()))
	return func() { server.Close(); running.Wait() }, nil
}

// PageURL is where a browser finds the page of a server on ln.
func (cfg Config) PageURL(ln net.Listener) string {
	if cfg.Certificate == "" {
		return fmt.Sprintf("http://%s/", ln.Addr())
	}
	return fmt.Sprintf("https://%s/", ln.Addr())
}
