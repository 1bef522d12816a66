package labtests

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/netlabtest"
	"example.com/netlessons/netlab/trace"
	udpecho "example.com/netlessons/udp-echo"
)

func TestAQuestionOverABadWire(t *testing.T) {
	for _, tt := range []struct {
		name  string
		when  netlab.Match
		fault netlab.Action
		want  error
	}{
		{"the question is lost: no answer in time", netlab.To("server"), netlab.Drop, os.ErrDeadlineExceeded},
		{"the answer is lost: the client cannot tell the difference", netlab.From("server"), netlab.Drop, os.ErrDeadlineExceeded},
		{"the answer takes 3 s, and the client has given up", netlab.From("server"), netlab.Delay(3 * time.Second), os.ErrDeadlineExceeded},
		{"the answer takes 1 s, and is waited for", netlab.From("server"), netlab.Delay(time.Second), nil},
		{"the answer comes twice, and is one", netlab.From("server"), netlab.Duplicate(time.Millisecond), nil},
		{"a bit is turned over: the checksum does not fit, and the host throws it away", netlab.To("server"), netlab.Corrupt, os.ErrDeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab := netlab.New()
			client, server := lab.Host("client"), lab.Host("server")
			lab.Fault(tt.name, tt.when, tt.fault)
			netlabtest.Run(t, lab, func(t *testing.T) {
				defer serveUDP(t, server)()
				conn, err := client.Dial("udp", "server:9006")
				require.NoError(t, err)
				defer conn.Close()
				answer, err := udpecho.Ask(conn, []byte("hello"), 2*time.Second)
				require.ErrorIs(t, err, tt.want)
				if tt.want == nil {
					require.Equal(t, "hello", string(answer))
				}
			})
		})
	}
}

func TestALateAnswerIsNotTakenForTheNextOne(t *testing.T) {
	lab := netlab.New()
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("the first answer is late", netlab.Nth(1, netlab.From("server")), netlab.Delay(1500*time.Millisecond))
	netlabtest.Run(t, lab, func(t *testing.T) {
		defer serveUDP(t, server)()
		conn, err := client.Dial("udp", "server:9006")
		require.NoError(t, err)
		defer conn.Close()
		_, err = udpecho.Ask(conn, []byte("one"), time.Second)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		time.Sleep(time.Second) // of virtual time: "one" is back now
		answer, err := udpecho.Ask(conn, []byte("two"), time.Second)
		require.NoError(t, err)
		require.Equal(t, "two", string(answer))
	})
}

// Whoever asks again until an answer comes gets one, whatever the wire loses.
func TestClientsThatAskAgainGetTheirAnswers(t *testing.T) {
	lab := netlab.New(netlab.Seed(7))
	server := lab.Host("server")
	var clients []*netlab.Host
	for i := range 20 {
		clients = append(clients, lab.Host(fmt.Sprintf("client%d", i)))
	}
	lab.Fault("loss", lab.Chance(0.3), netlab.Drop)
	lab.Fault("jitter", netlab.Any, lab.Jitter(50*time.Millisecond))
	netlabtest.Run(t, lab, func(t *testing.T) {
		defer serveUDP(t, server)()
		var wg sync.WaitGroup
		for _, host := range clients {
			wg.Go(func() {
				conn, err := host.Dial("udp", "server:9006")
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				for i := range 10 {
					question := fmt.Sprintf("%s asks %d", host.Name(), i)
					var answer []byte
					for err = os.ErrDeadlineExceeded; err != nil; {
						answer, err = udpecho.Ask(conn, []byte(question), time.Second)
					}
					if string(answer) != question {
						t.Errorf("got %q for %q", answer, question)
					}
				}
			})
		}
		wg.Wait()
	})
	require.Positive(t, dropped(lab.Trace()))
}

// serveUDP serves on the lesson's port until the function that it returns is called.
func serveUDP(t *testing.T, host *netlab.Host) (stop func()) {
	conn, err := host.ListenPacket("udp", ":9006")
	require.NoError(t, err)
	return background(t, func(ctx context.Context) error {
		return udpecho.Serve(ctx, conn, udpecho.MaxPayload, slog.New(slog.DiscardHandler))
	})
}

// background runs f until stop, which waits for it, as nothing may be left over.
func background(t *testing.T, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func dropped(tr *trace.Trace) (n int) {
	for _, e := range tr.Events {
		if e.Kind == trace.Drop {
			n++
		}
	}
	return n
}
