// Package embedded runs a NATS server inside this process, for the demo and the
// tests: it listens on no port.
package embedded

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Server is a NATS server that can be stopped and started again.
type Server struct {
	dir string
	mu  sync.Mutex
	now *server.Server // nil while it is stopped
}

// Start starts a server that keeps its files in dir.
func Start(dir string) (*Server, error) {
	s := &Server{dir: dir}
	return s, s.Start()
}

// Start starts the server again, after [Server.Stop].
func (s *Server) Start() error {
	now, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: s.dir, NoSigs: true, NoLog: true})
	if err != nil {
		return err
	}
	now.Start()
	if !now.ReadyForConnections(10 * time.Second) {
		now.Shutdown()
		return errors.New("the embedded NATS server did not start")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
	return nil
}

// Stop stops the server and returns when it has stopped. Its files stay.
func (s *Server) Stop() {
	s.mu.Lock()
	now := s.now
	s.now = nil
	s.mu.Unlock()
	if now != nil {
		now.Shutdown()
		now.WaitForShutdown()
	}
}

// InProcessConn connects a client to the server that runs at the moment.
func (s *Server) InProcessConn() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		return nil, errors.New("the embedded NATS server is stopped")
	}
	return s.now.InProcessConn()
}

// Option is what a client needs to connect to this server.
func (s *Server) Option() nats.Option { return nats.InProcessServer(s) }
