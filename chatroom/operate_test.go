package chatroom_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
)

func TestHealthzAnswers(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, chatroom.DefaultConfig())
	require.Equal(t, "ok\n", get(t, "http://"+addr+"/healthz"))
}

func TestCountersAreOnAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	cfg := chatroom.DefaultConfig()
	cfg.CountersAddr = "127.0.0.1:0"
	cfg.Room.ConnectionsPerAddress = 3
	addr, log := serveLogged(t, cfg)
	ann := join(t, addr, "ann")
	bob := joinAs(t, addr, chatroom.Join{Nick: "bob", Room: "tea"})
	require.NoError(t, ann.Send("one"))
	require.Equal(t, "ann: one", heard(t, ann))
	eve := dial(t, addr, "eve")
	require.NoError(t, eve.WriteMessage(1, []byte("\xff")))
	closeError(t, eve)
	_, err := eve.NetConn().Read(make([]byte, 1)) // until the server is done with it
	require.Equal(t, io.EOF, err)
	require.NoError(t, bob.Leave())
	for err = nil; err == nil; {
		_, err = bob.Receive()
	}

	url := regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(log.String())[1]
	var got struct {
		Chatroom struct {
			Clients, Messages, Rooms int
			Closed                   map[string]int
			Queued                   map[string]int
		}
		Memstats struct{ Alloc int }
	}
	require.NoError(t, json.Unmarshal([]byte(get(t, url)), &got))
	delete(got.Chatroom.Closed, "1000") // bob's, when the server is done with him
	want := got
	want.Chatroom.Clients, want.Chatroom.Messages, want.Chatroom.Rooms = 1, 1, 2
	want.Chatroom.Closed = map[string]int{"utf8": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	for _, key := range []string{"Messages", "Bytes", "MostBytes"} {
		require.Contains(t, got.Chatroom.Queued, key)
	}
	require.Positive(t, got.Memstats.Alloc)

	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + addr + "/debug/vars")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusNotFound, answer.StatusCode, "and nowhere else")
}

func TestServeEndsIfItCannotShowItsCounters(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg := chatroom.DefaultConfig()
	cfg.CountersAddr = taken.Addr().String()
	err = chatroom.Serve(t.Context(), ln, cfg, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "counters: listen tcp")
	_, err = ln.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestWithACertificateTheServerSpeaksTLS(t *testing.T) {
	t.Parallel()
	cfg := chatroom.DefaultConfig()
	var trusted *tls.Config
	cfg.Certificate, cfg.Key, trusted = certificate(t)
	addr, _ := serve(t, cfg)
	ann := joinAs(t, addr, chatroom.Join{Nick: "ann", TLS: trusted})
	require.NoError(t, ann.Send("in private"))
	require.Equal(t, []string{"ann: in private"}, lines(t, ann, 1))
	require.NoError(t, ann.Leave())

	_, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: "ann"})
	require.ErrorContains(t, err, "400 Bad Request")
	_, err = chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: "ann", TLS: &tls.Config{}})
	var unknown *tls.CertificateVerificationError
	require.ErrorAs(t, err, &unknown)
}

func TestServeEndsIfItsCertificateIsMissing(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg := chatroom.DefaultConfig()
	cfg.Certificate, cfg.Key = "none.pem", "none.pem"
	require.ErrorIs(t, chatroom.Serve(t.Context(), ln, cfg, slog.New(slog.DiscardHandler)), os.ErrNotExist)
}

// certificate makes one for 127.0.0.1, and what a client needs to trust it.
func certificate(t *testing.T) (certFile, keyFile string, trusted *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(certFile, certPEM, 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certPEM))
	return certFile, keyFile, &tls.Config{RootCAs: pool}
}

// serveLogged is serve for a test that reads the log while the server runs.
func serveLogged(t *testing.T, cfg chatroom.Config) (addr string, log *syncedLog) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	log = &syncedLog{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chatroom.Serve(ctx, ln, cfg, slog.New(slog.NewTextHandler(log, nil))) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String(), log
}

type syncedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *syncedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *syncedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	ask, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	require.NoError(t, err)
	answer, err := client.Do(ask)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return string(body)
}
