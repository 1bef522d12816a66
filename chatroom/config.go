package chatroom

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"example.com/netlessons/chatroom/ws"
)

// Config is what the configuration file says.
type Config struct {
	Addr         string   // HOST:PORT to listen on
	CountersAddr string   // HOST:PORT where GET /debug/vars shows counters; "": nowhere
	Certificate  string   // file, PEM; "": no TLS
	Key          string   // file, PEM
	NATS         []string // URLs of NATS servers; none: this server is alone
	Room         ws.Config
}

// DefaultConfig is the configuration without a file.
func DefaultConfig() Config {
	return Config{
		Addr: "127.0.0.1:9999",
		Room: ws.Config{
			Connections:           10_000,
			ConnectionsPerAddress: 200,
			Rooms:                 1000,
			MessageBytes:          4 << 10,
			MessagesPerSecond:     50,
			QueueMessages:         256,
			QueueBytes:            192 << 10,
			HistoryMessages:       100,
			HistoryBytes:          64 << 10,
			WriteTimeout:          10 * time.Second,
			PongTimeout:           60 * time.Second,
		},
	}
}

// ReadConfig reads the TOML file at path; chatroom.example.toml shows every
// key. A key that the file leaves out keeps its default. An error names the
// file, the line and the key.
func ReadConfig(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	cfg := DefaultConfig()
	room := &cfg.Room
	file := struct {
		Addr                  *string   `toml:"addr"`
		CountersAddr          *string   `toml:"counters_addr"`
		Certificate           *string   `toml:"certificate"`
		Key                   *string   `toml:"key"`
		Name                  *string   `toml:"name"`
		NATS                  *[]string `toml:"nats"`
		Origins               *[]string `toml:"origins"`
		Connections           *int      `toml:"connections"`
		ConnectionsPerAddress *int      `toml:"connections_per_address"`
		Rooms                 *int      `toml:"rooms"`
		MessageBytes          *int      `toml:"message_bytes"`
		MessagesPerSecond     *int      `toml:"messages_per_second"`
		QueueMessages         *int      `toml:"queue_messages"`
		QueueBytes            *int      `toml:"queue_bytes"`
		HistoryMessages       *int      `toml:"history_messages"`
		HistoryBytes          *int      `toml:"history_bytes"`
		WriteTimeout          string    `toml:"write_timeout"`
		PongTimeout           string    `toml:"pong_timeout"`
	}{
		&cfg.Addr, &cfg.CountersAddr, &cfg.Certificate, &cfg.Key, &room.Name, &cfg.NATS, &room.Origins,
		&room.Connections, &room.ConnectionsPerAddress, &room.Rooms, &room.MessageBytes, &room.MessagesPerSecond,
		&room.QueueMessages, &room.QueueBytes, &room.HistoryMessages, &room.HistoryBytes,
		room.WriteTimeout.String(), room.PongTimeout.String(),
	}
	if err := decode(data, &file); err != nil {
		return Config{}, explain(path, err)
	}
	for _, check := range []struct {
		key string
		err error
	}{
		{"addr", checkAddr(cfg.Addr)},
		{"counters_addr", checkLoopback(cfg.CountersAddr)},
		{"certificate", checkPair(cfg.Certificate, cfg.Key)},
		{"key", checkPair(cfg.Key, cfg.Certificate)},
		{"origins", checkOrigins(room.Origins)},
		{"connections", checkRange(room.Connections, 1, 1<<20)},
		{"connections_per_address", checkRange(room.ConnectionsPerAddress, 1, 1<<20)},
		{"rooms", checkRange(room.Rooms, 1, 1<<20)},
		{"message_bytes", checkRange(room.MessageBytes, 1, 1<<20)},
		{"messages_per_second", checkRange(room.MessagesPerSecond, 1, 1000)},
		{"queue_messages", checkRange(room.QueueMessages, 1, 1<<16)},
		{"queue_bytes", checkRange(room.QueueBytes, 1<<10, 16<<20)},
		{"history_messages", checkHalf(room.HistoryMessages, room.QueueMessages, "queue_messages")},
		{"history_bytes", checkHalf(room.HistoryBytes, room.QueueBytes, "queue_bytes")},
		{"write_timeout", parseDuration(file.WriteTimeout, &room.WriteTimeout, 10*time.Minute)},
		{"pong_timeout", parseDuration(file.PongTimeout, &room.PongTimeout, time.Hour)},
	} {
		if check.err != nil {
			return Config{}, fmt.Errorf("%s: %s: %w", place(path, data, check.key), check.key, check.err)
		}
	}
	return cfg, nil
}

// decode is strict: a key that v has no field for is an error.
func decode(data []byte, v any) error {
	return toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(v)
}

// explain puts file, line and key in front of an error of [decode].
func explain(path string, err error) error {
	var unknown *toml.StrictMissingError
	var at *toml.DecodeError
	if !errors.As(err, &at) {
		return fmt.Errorf("%s: %w", path, err)
	}
	row, _ := at.Position()
	key := strings.Join(at.Key(), ".")
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%s:%d: unknown key %q; chatroom.example.toml shows all keys", path, row, key)
	case key == "":
		return fmt.Errorf("%s:%d: %w", path, row, at)
	}
	return fmt.Errorf("%s:%d: %s: %w", path, row, key, at)
}

// place tells in which file, and on which line if it is there, a key stands:
// read into a struct without fields, every key is an unknown one, and the error
// has its position.
func place(path string, data []byte, key string) string {
	var unknown *toml.StrictMissingError
	if errors.As(decode(data, &struct{}{}), &unknown) {
		for _, at := range unknown.Errors {
			if strings.Join(at.Key(), ".") == key {
				row, _ := at.Position()
				return fmt.Sprintf("%s:%d", path, row)
			}
		}
	}
	return path
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%w; write HOST:PORT", err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q: the port must be 0 to 65535", addr)
	}
	return nil
}

// checkLoopback accepts addresses that nothing outside this machine can reach.
func checkLoopback(addr string) error {
	if addr == "" {
		return nil
	}
	if err := checkAddr(addr); err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q: what is there is for this machine only; write 127.0.0.1:PORT", addr)
	}
	return nil
}

func checkPair(file, other string) error {
	if file != "" && other == "" {
		return errors.New("a certificate needs a key, and a key a certificate")
	}
	return nil
}

// checkOrigins accepts origins as browsers send them, and no pattern.
func checkOrigins(origins []string) error {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
			origin != strings.ToLower(u.Scheme+"://"+u.Host) {
			return fmt.Errorf("%q: write an origin as https://chat.example.com, in lower case and without a path", origin)
		}
	}
	return nil
}

func checkRange[T cmp.Ordered](v, least, most T) error {
	if v < least || v > most {
		return fmt.Errorf("%v: must be %v to %v", v, least, most)
	}
	return nil
}

// checkHalf leaves room in a new client's queue for more than the history.
func checkHalf(v, queue int, key string) error {
	if v < 0 || v > queue/2 {
		return fmt.Errorf("%d: must be 0 to half of %s, which is %d", v, key, queue)
	}
	return nil
}

func parseDuration(text string, to *time.Duration, most time.Duration) (err error) {
	if *to, err = time.ParseDuration(text); err != nil {
		return fmt.Errorf("%q: write a duration such as \"30s\"", text)
	}
	return checkRange(*to, time.Second, most)
}
