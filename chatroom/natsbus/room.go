package natsbus

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"example.com/netlessons/chatroom/bus"
	"example.com/netlessons/chatroom/protocol"
)

// key is how a place is called in the bucket, whose keys take few characters.
func (p place) key() string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.room)) + "." + base64.RawURLEncoding.EncodeToString([]byte(p.nick))
}

func placeOf(key string) place {
	first, second, _ := strings.Cut(key, ".")
	name, _ := base64.RawURLEncoding.DecodeString(first)
	nick, _ := base64.RawURLEncoding.DecodeString(second)
	return place{string(name), string(nick)}
}

// room is a room that this server has opened.
type room struct {
	bus      *Bus
	name     string
	listener bus.Listener

	mu       sync.Mutex // held while the listener is told what was said
	last     uint64     // id of the newest message that it was told
	first    uint64     // and of the oldest
	count    int
	consumer jetstream.ConsumeContext
	reached  chan struct{} // closed when target is
	target   uint64
}

// said is a message in the stream.
type said struct {
	protocol.Message
	Sender string `json:"sender"`
}

// Open connects a room of this server. Notes of who is there and what was said
// come before it returns.
func (b *Bus) Open(name string, l bus.Listener) (bus.Room, uint64, error) {
	ctx, cancel := context.WithTimeout(b.ctx, answerTime)
	defer cancel()
	r := &room{bus: b, name: name, listener: l}
	b.mu.Lock()
	b.rooms[name] = r
	for p, e := range b.people {
		if p.room == name {
			l.Came(p.nick, e.revision)
		}
	}
	b.mu.Unlock()
	if err := r.listen(ctx); err != nil {
		r.Close()
		return nil, 0, detached(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count >= history { // there may have been more
		return r, r.first - 1, nil
	}
	return r, r.bus.stream.CachedInfo().Config.FirstSeq - 1, nil
}

// listen begins to read the stream, after the newest message that the listener
// was told, and returns when it was told all that there is.
func (r *room) listen(ctx context.Context) error {
	r.halt()
	newest, err := r.bus.stream.GetLastMsgForSubject(ctx, r.subject())
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		newest = &jetstream.RawStreamMsg{}
	} else if err != nil {
		return err
	}
	r.mu.Lock()
	next := r.last + 1
	r.target, r.reached = newest.Sequence, make(chan struct{})
	reached := r.reached
	r.reach()
	r.mu.Unlock()

	consumer, err := r.bus.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{r.subject()}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: next,
	})
	if err != nil {
		return err
	}
	consuming, err := consumer.Consume(r.hear)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.consumer = consuming
	r.mu.Unlock()
	select {
	case <-reached:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hear tells the listener of one message of the stream.
func (r *room) hear(msg jetstream.Msg) {
	about, err := msg.Metadata()
	if err != nil {
		r.bus.log.Warn("message", "err", err)
		return
	}
	var m said
	err = json.Unmarshal(msg.Data(), &m)
	r.mu.Lock()
	defer r.mu.Unlock()
	id := about.Sequence.Stream
	if id <= r.last {
		return // a second reader, after the first lost its link
	}
	if r.last = id; r.first == 0 {
		r.first = id
	}
	r.count++
	if err != nil {
		r.bus.log.Warn("message", "id", id, "err", err)
	} else {
		m.ID, m.Time = id, about.Timestamp.UnixMilli()
		r.listener.Said(m.Message, m.Sender)
	}
	r.reach()
}

// reach tells listen when the target is reached. The caller holds mu.
func (r *room) reach() {
	if r.reached != nil && r.last >= r.target {
		close(r.reached)
		r.reached = nil
	}
}

// halt ends the reading of the stream.
func (r *room) halt() {
	r.mu.Lock()
	consuming := r.consumer
	r.consumer = nil
	r.mu.Unlock()
	if consuming != nil {
		consuming.Stop()
		<-consuming.Closed()
	}
}

func (r *room) subject() string { return "chat.room." + r.name }

// Say returns when the stream has m.
func (r *room) Say(m protocol.Message, sender string) error {
	ctx, cancel := context.WithTimeout(r.bus.ctx, answerTime)
	defer cancel()
	data, err := json.Marshal(said{m, sender})
	if err != nil {
		return err
	}
	var options []jetstream.PublishOpt
	if m.Ref != "" { // the stream drops what it has
		options = append(options, jetstream.WithMsgID(r.name+" "+sender+" "+m.Ref))
	}
	_, err = r.bus.js.Publish(ctx, r.subject(), data, options...)
	return detached(err)
}

// Enter creates the entry for the nickname, or takes it over from the same
// owner, or from a server that is gone.
func (r *room) Enter(nick, owner string) (claim uint64, err error) {
	ctx, cancel := context.WithTimeout(r.bus.ctx, answerTime)
	defer cancel()
	return r.claim(ctx, place{r.name, nick}, entry{Server: r.bus.self, Owner: owner}, owner)
}

// Rename creates an entry for the new nickname that names the old one, and
// removes that.
func (r *room) Rename(from string, claim uint64, to, owner string) (uint64, error) {
	ctx, cancel := context.WithTimeout(r.bus.ctx, answerTime)
	defer cancel()
	number, err := r.claim(ctx, place{r.name, to}, entry{Server: r.bus.self, Owner: owner, Was: from}, "")
	if err != nil {
		return 0, err
	}
	r.bus.leave(place{r.name, from}, claim)
	return number, nil
}

// claim writes e for p, over an entry of the owner heir if there is one.
func (r *room) claim(ctx context.Context, p place, e entry, heir string) (uint64, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	revision, err := r.bus.nicks.Create(ctx, p.key(), data)
	if errors.Is(err, jetstream.ErrKeyExists) {
		revision, err = r.inherit(ctx, p, data, heir)
	}
	if err != nil {
		return 0, detached(err)
	}
	r.bus.reach(ctx, revision)
	return revision, nil
}

func (r *room) inherit(ctx context.Context, p place, data []byte, heir string) (uint64, error) {
	old, err := r.bus.nicks.Get(ctx, p.key())
	if errors.Is(err, jetstream.ErrKeyNotFound) { // it has just been freed
		return r.bus.nicks.Create(ctx, p.key(), data)
	}
	if err != nil {
		return 0, err
	}
	var e entry
	if err := json.Unmarshal(old.Value(), &e); err != nil {
		return 0, err
	}
	if (heir == "" || e.Owner != heir) && !r.bus.dead(ctx, e.Server) {
		return 0, bus.ErrTaken
	}
	return r.bus.nicks.Update(ctx, p.key(), data, old.Revision())
}

// Leave frees the nickname.
func (r *room) Leave(nick string, claim uint64) { r.bus.leave(place{r.name, nick}, claim) }

// Close ends the calls of the listener.
func (r *room) Close() {
	r.bus.mu.Lock()
	if r.bus.rooms[r.name] == r {
		delete(r.bus.rooms, r.name)
	}
	r.bus.mu.Unlock()
	r.halt()
}

// detached translates an error of NATS: somebody else was faster, or there is
// no link.
func detached(err error) error {
	var api jetstream.JetStreamError
	switch {
	case err == nil, errors.Is(err, bus.ErrTaken), errors.Is(err, bus.ErrDetached):
		return err
	case errors.Is(err, jetstream.ErrKeyExists), isWrongSequence(err):
		return bus.ErrTaken
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%w: no answer, so it may have been heard or not", bus.ErrDetached)
	case errors.As(err, &api):
		return fmt.Errorf("%w: %w", bus.ErrDetached, err)
	}
	return bus.ErrDetached
}

// isWrongSequence tells whether an entry had another revision than expected.
func isWrongSequence(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}
