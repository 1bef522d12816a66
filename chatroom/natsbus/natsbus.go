// Package natsbus is a [bus.Bus] between several chat servers, over NATS:
//
//	stream CHAT          chat.room.ROOM   what was said: the newest messages of each room
//	bucket chat_nicks    ROOM.NICK        who has a nickname, on which server
//	bucket chat_servers  SERVER           which servers are alive: an entry dies in seconds
//
// The number of a message in the stream is its id, the same on all servers; so
// a client can resume on any of them. A nickname is created in the bucket, which
// only one can do; the revision of its entry is the claim.
//
// NATS must keep its files: a client cannot resume from a stream that began
// anew, and is told so.
package natsbus

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"example.com/netlessons/chatroom/bus"
	"example.com/netlessons/chatroom/protocol"
)

const (
	answerTime = 2 * time.Second // for NATS
	history    = 100             // messages of a room that the stream keeps
)

// Config says where NATS is.
type Config struct {
	Servers []string      // URLs
	Alive   time.Duration // after this without a sign, a chat server is gone; 0: 10 s
	Log     *slog.Logger
	Options []nats.Option // more of them
}

// Bus is one chat server's link to the others.
type Bus struct {
	self    string // this server
	alive   time.Duration
	log     *slog.Logger
	conn    *nats.Conn
	js      jetstream.JetStream
	stream  jetstream.Stream
	nicks   jetstream.KeyValue
	servers jetstream.KeyValue

	ctx  context.Context // until Close
	stop func()
	link chan bool // true: the connection is back, false: lost
	done sync.WaitGroup

	mu      sync.Mutex // held while a listener is told who came and left
	rooms   map[string]*room
	people  map[place]entry
	owed    map[place]uint64 // claims that could not be freed yet
	applied uint64           // revision of the newest entry in people
	news    chan struct{}    // closed when applied grows
}

// place is a nickname in a room.
type place struct{ room, nick string }

// entry is who has it.
type entry struct {
	Server   string `json:"server"`
	Owner    string `json:"owner"`
	Was      string `json:"was,omitempty"` // the nickname before this one
	revision uint64
}

// Connect links a chat server to the others, through the first NATS server that
// answers. The link lasts until [Bus.Close]; when it breaks, it is mended.
func Connect(ctx context.Context, cfg Config) (*Bus, error) {
	b := &Bus{
		self: rand.Text(), alive: cfg.Alive, log: cfg.Log, link: make(chan bool, 16),
		rooms: map[string]*room{}, people: map[place]entry{}, owed: map[place]uint64{}, news: make(chan struct{}),
	}
	if b.alive == 0 {
		b.alive = 10 * time.Second
	}
	b.ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	options := append([]nats.Option{
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectBufSize(-1), // what cannot be said now is not said later
		nats.DisconnectErrHandler(func(*nats.Conn, error) { b.linked(false) }),
		nats.ReconnectHandler(func(*nats.Conn) { b.linked(true) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { b.log.Warn("nats", "err", err) }),
	}, cfg.Options...)
	var err error
	if b.conn, err = nats.Connect(strings.Join(cfg.Servers, ","), options...); err != nil {
		b.stop()
		return nil, fmt.Errorf("connect to NATS at %s: %w; start nats-server -js first", strings.Join(cfg.Servers, ", "), err)
	}
	if err := b.setUp(ctx); err != nil {
		b.stop()
		b.conn.Close()
		return nil, fmt.Errorf("prepare NATS: %w", err)
	}
	return b, nil
}

// linked tells [Bus.follow] of the connection.
func (b *Bus) linked(up bool) {
	select {
	case b.link <- up:
	case <-b.ctx.Done():
	}
}

// setUp makes what is not there yet; another server may do the same.
func (b *Bus) setUp(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*answerTime)
	defer cancel()
	if b.js, err = jetstream.New(b.conn); err != nil {
		return err
	}
	// The ids begin with the time in microseconds: they grow even if the stream
	// was lost and began anew.
	b.stream, err = b.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: "CHAT", Subjects: []string{"chat.room.*"}, MaxMsgsPerSubject: history, FirstSeq: uint64(time.Now().UnixMicro()),
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		b.stream, err = b.js.Stream(ctx, "CHAT")
	}
	if err != nil {
		return err
	}
	if b.nicks, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "chat_nicks", LimitMarkerTTL: time.Minute}); err != nil {
		return err
	}
	if b.servers, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "chat_servers", TTL: b.alive}); err != nil {
		return err
	}
	if _, err = b.servers.Put(ctx, b.self, nil); err != nil {
		return err
	}
	watcher, err := b.watch(ctx)
	if err != nil {
		return err
	}
	b.done.Go(func() { b.follow(watcher) })
	return nil
}

// Close ends the link. Close the chat server first, so that its clients leave.
func (b *Bus) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	if b.conn.IsConnected() {
		b.servers.Delete(ctx, b.self) // or it dies by itself
	}
	b.stop()
	b.done.Wait()
	b.conn.Close()
}

// Rooms lists the rooms of all servers with somebody in them.
func (b *Bus) Rooms() (list []protocol.Room) {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := map[string]int{}
	for p := range b.people {
		counts[p.room]++
	}
	for name, n := range counts {
		list = append(list, protocol.Room{Room: name, Count: n})
	}
	return list
}

// follow keeps what this server knows up to date: who is where, whether the
// link holds, and which servers are gone.
func (b *Bus) follow(watcher jetstream.KeyWatcher) {
	beat := time.NewTicker(b.alive / 3)
	defer beat.Stop()
	for {
		attached := true
		select {
		case update, open := <-watcher.Updates():
			if update != nil {
				b.apply(update)
			}
			attached = open
		case <-beat.C:
			b.beat()
		case attached = <-b.link: // true: the loss before was seen, and mended
		case <-b.ctx.Done():
			watcher.Stop()
			for _, r := range b.opened() {
				r.halt()
			}
			return
		}
		if !attached {
			watcher.Stop()
			b.tellAttached(false)
			if watcher = b.mend(); watcher == nil {
				return
			}
			b.tellAttached(true)
		}
	}
}

// mend waits for the connection and catches up. It returns nil if the bus is
// closed first.
func (b *Bus) mend() jetstream.KeyWatcher {
	for b.ctx.Err() == nil {
		if watcher, err := b.catchUp(); err == nil {
			return watcher
		} else if b.conn.IsConnected() {
			b.log.Warn("catching up", "err", err)
		}
		select {
		case <-b.link:
		case <-time.After(100 * time.Millisecond): // JetStream is ready later than NATS
		case <-b.ctx.Done():
		}
	}
	return nil
}

func (b *Bus) catchUp() (jetstream.KeyWatcher, error) {
	if !b.conn.IsConnected() {
		return nil, bus.ErrDetached
	}
	ctx, cancel := context.WithTimeout(b.ctx, answerTime)
	defer cancel()
	if _, err := b.servers.Put(ctx, b.self, nil); err != nil {
		return nil, err
	}
	watcher, err := b.watch(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range b.opened() {
		if err := r.listen(ctx); err != nil {
			watcher.Stop()
			return nil, err
		}
	}
	b.mu.Lock()
	owed := b.owed
	b.owed = map[place]uint64{}
	b.mu.Unlock()
	for p, claim := range owed {
		b.leave(p, claim)
	}
	return watcher, nil
}

// watch begins to watch the nicknames. When it returns, people is up to date.
func (b *Bus) watch(ctx context.Context) (jetstream.KeyWatcher, error) {
	watcher, err := b.nicks.WatchAll(b.ctx)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	gone := maps.Clone(b.people)
	b.mu.Unlock()
	for {
		select {
		case update := <-watcher.Updates():
			if update != nil {
				delete(gone, placeOf(update.Key()))
				b.apply(update)
				continue
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			for p, e := range gone { // while nobody watched
				b.left(p, e.revision)
			}
			return watcher, nil
		case <-ctx.Done():
			watcher.Stop()
			return nil, ctx.Err()
		}
	}
}

// apply takes one change of the nicknames in and tells the room.
func (b *Bus) apply(update jetstream.KeyValueEntry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, revision := placeOf(update.Key()), update.Revision()
	if update.Operation() == jetstream.KeyValuePut {
		e := entry{revision: revision}
		if err := json.Unmarshal(update.Value(), &e); err != nil {
			b.log.Warn("nickname", "key", update.Key(), "err", err)
		}
		b.came(p, e)
	} else {
		b.left(p, revision)
	}
	if revision > b.applied {
		b.applied = revision
		close(b.news)
		b.news = make(chan struct{})
	}
}

func (b *Bus) came(p place, e entry) {
	if b.people[p].revision >= e.revision {
		return
	}
	before := place{p.room, e.Was}
	_, renamed := b.people[before]
	renamed = renamed && e.Was != ""
	if renamed {
		delete(b.people, before)
	}
	b.people[p] = e
	switch r := b.rooms[p.room]; {
	case r == nil:
	case renamed:
		r.listener.Renamed(e.Was, p.nick, e.revision)
	default:
		r.listener.Came(p.nick, e.revision)
	}
}

func (b *Bus) left(p place, revision uint64) {
	if e, here := b.people[p]; !here || e.revision > revision {
		return
	}
	delete(b.people, p)
	if r := b.rooms[p.room]; r != nil {
		r.listener.Left(p.nick, revision)
	}
}

// reach waits until people has the entry with this revision, if that does not
// take long.
func (b *Bus) reach(ctx context.Context, revision uint64) {
	for {
		b.mu.Lock()
		applied, news := b.applied, b.news
		b.mu.Unlock()
		if applied >= revision {
			return
		}
		select {
		case <-news:
		case <-ctx.Done():
			return
		}
	}
}

// beat tells the others that this server is alive, and frees the nicknames of
// servers that are not.
func (b *Bus) beat() {
	ctx, cancel := context.WithTimeout(b.ctx, b.alive/3)
	defer cancel()
	if _, err := b.servers.Put(ctx, b.self, nil); err != nil {
		return // the link says so, too
	}
	b.mu.Lock()
	people := maps.Clone(b.people)
	b.mu.Unlock()
	dead := map[string]bool{}
	for p, e := range people {
		if _, known := dead[e.Server]; !known {
			dead[e.Server] = b.dead(ctx, e.Server)
		}
		if dead[e.Server] {
			b.free(ctx, p, e.revision)
		}
	}
}

// dead tells whether a server has given no sign for long.
func (b *Bus) dead(ctx context.Context, server string) bool {
	if server == b.self {
		return false
	}
	_, err := b.servers.Get(ctx, server)
	return errors.Is(err, jetstream.ErrKeyNotFound)
}

// free removes the entry for a place if it still has this revision.
func (b *Bus) free(ctx context.Context, p place, revision uint64) error {
	return b.nicks.Purge(ctx, p.key(), jetstream.LastRevision(revision), jetstream.PurgeTTL(time.Minute))
}

// leave frees a place, later if NATS cannot be reached now.
func (b *Bus) leave(p place, claim uint64) {
	ctx, cancel := context.WithTimeout(b.ctx, answerTime)
	defer cancel()
	if err := detached(b.free(ctx, p, claim)); errors.Is(err, bus.ErrDetached) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.owed[p] = claim
	}
}

func (b *Bus) tellAttached(yes bool) {
	for _, r := range b.opened() {
		r.listener.Attached(yes)
	}
}

func (b *Bus) opened() (list []*room) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rooms {
		list = append(list, r)
	}
	return list
}
