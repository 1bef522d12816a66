package framed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"example.com/netlessons/filetransfer"
)

const (
	maxSenders = 16               // at once; others wait to be accepted
	firstByte  = 10 * time.Second // for a sender that connects and says nothing
	silence    = 30 * time.Second // that ends a conversation
)

// Receiver saves what senders send, by this protocol or by that of the notes.
type Receiver struct {
	OnExist OnExist       // Rename if it is empty; the notes' senders always rename
	Once    bool          // Serve ends after the first sender
	Timeout time.Duration // the longest silence of a sender; 30 s if it is 0
	Log     *slog.Logger  // nothing if it is nil

	wrap func(io.Writer) io.Writer // what tests put before each file; nil for nothing
	free func() (int64, error)     // what tests say of the room; nil for the truth
}

// server is a Receiver at work in a folder.
type server struct {
	Receiver
	dir   *os.Root
	store *store
}

// Serve receives in dir from each sender that ln accepts, up to 16 at once, and
// tells the two protocols apart by the first byte. It returns nil once ctx ends
// it, and the Accept error otherwise; it closes ln and ends what is under way.
// With Once, it returns what became of the first sender that said anything.
func (r Receiver) Serve(ctx context.Context, ln net.Listener, dir *os.Root) error {
	defer ln.Close()
	s, err := r.open(dir)
	if err != nil {
		return err
	}
	defer s.store.close()
	var handlers sync.WaitGroup
	defer handlers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { ln.Close() })()

	slots := make(chan struct{}, maxSenders)
	for {
		conn, err := ln.Accept()
		if ctx.Err() != nil && err != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		if r.Once {
			if spoke, err := s.handle(ctx, conn); spoke {
				return err
			}
			continue
		}
		slots <- struct{}{}
		handlers.Go(func() {
			defer func() { <-slots }()
			s.handle(ctx, conn)
		})
	}
}

// Receive is Serve for one connection that is already there. It closes conn.
func (r Receiver) Receive(ctx context.Context, conn net.Conn, dir *os.Root) error {
	defer conn.Close()
	s, err := r.open(dir)
	if err != nil {
		return err
	}
	defer s.store.close()
	_, err = s.handle(ctx, conn)
	return err
}

// open fills in what was left out, and prepares dir.
func (r Receiver) open(dir *os.Root) (*server, error) {
	r.OnExist = cmp.Or(r.OnExist, Rename)
	r.Timeout = cmp.Or(r.Timeout, silence)
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	store, err := openStore(dir)
	if err != nil {
		return nil, err
	}
	store.wrap = r.wrap
	if r.free != nil {
		store.free = r.free
	}
	return &server{r, dir, store}, nil
}

// handle serves one sender, whatever it speaks, and logs what goes wrong. It
// says whether the sender sent anything.
func (s *server) handle(ctx context.Context, conn net.Conn) (spoke bool, err error) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	first := make([]byte, 1)
	err = conn.SetReadDeadline(time.Now().Add(firstByte))
	if err == nil {
		_, err = io.ReadFull(conn, first)
	}
	if err != nil {
		s.Log.Warn("a sender said nothing", "sender", conn.RemoteAddr(), "err", err)
		return false, err
	}
	if first[0] != hello[0] {
		if _, ok := conn.(*net.TCPConn); !ok {
			err := errors.New("the notes' protocol has no encryption; the sender needs -pin or -tls-ca, and not -notes")
			s.Log.Warn("not received", "sender", conn.RemoteAddr(), "err", err)
			return true, err
		}
		stop() // an orderly end would say that the file is whole
		return true, filetransfer.Receive(ctx, conn, first, s.dir, s.Log)
	}
	err = s.receive(ctx, conn, first)
	if err = cmp.Or(context.Cause(ctx), err); err != nil {
		s.Log.Warn("not all received", "sender", conn.RemoteAddr(), "err", err)
	}
	return true, err
}
