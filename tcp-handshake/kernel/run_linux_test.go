package kernel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab/pcapng"
	"example.com/netlessons/netlab/trace"
	"example.com/netlessons/tcp-handshake/kernel"
)

// talkNamed returns a conversation of the proof.
func talkNamed(t *testing.T, name string) kernel.Talk {
	t.Helper()
	for _, tt := range talks {
		if tt.name == name {
			return tt.talk
		}
	}
	require.Fail(t, "no such conversation", name)
	return nil
}

func TestAStateStandsAtWhatBroughtItAbout(t *testing.T) {
	t.Parallel()
	tr := overKernel(t, talkNamed(t, "half close: the server still sends"))
	var got []string
	for i, e := range tr.Events {
		if e.Kind != trace.State || e.To == "FIN-WAIT-1" || e.To == "LAST-ACK" { // which are not always seen
			continue
		}
		cause := tr.Events[i-1]
		for j := i - 1; cause.Kind == trace.State; j-- {
			cause = tr.Events[j]
		}
		require.Equal(t, cause.At, e.At)
		what := cause.Op
		if p := tr.PacketOf(cause); p != nil {
			what = fmt.Sprint(p.N, " ", p.Flags)
		}
		got = append(got, fmt.Sprintf("%s %s: %s %s", e.Host, e.To, cause.Kind, what))
	}
	want := []string{
		"server LISTEN: call Listen",
		"client ESTABLISHED: deliver 2 SYN, ACK",
		"server ESTABLISHED: deliver 3 ACK",
		"server CLOSE-WAIT: deliver 4 FIN, ACK",
		"client FIN-WAIT-2: deliver 5 ACK",
		"client TIME-WAIT: deliver 8 FIN, ACK",
		"server CLOSED: deliver 9 ACK",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestEveryPacketIsSentThenDelivered(t *testing.T) {
	t.Parallel()
	tr := overKernel(t, echo)
	sent, delivered := map[int]int{}, map[int]int{}
	for i, e := range tr.Events {
		if i > 0 {
			require.GreaterOrEqual(t, e.At, tr.Events[i-1].At)
		}
		p := tr.PacketOf(e)
		switch e.Kind {
		case trace.Send:
			require.Equal(t, p.From, e.Host)
			sent[p.N]++
		case trace.Deliver:
			require.Equal(t, p.To, e.Host)
			require.Equal(t, 1, sent[p.N])
			delivered[p.N]++
		}
	}
	for _, p := range tr.Packets {
		require.Equal(t, [2]int{1, 1}, [2]int{sent[p.N], delivered[p.N]}, "packet %d", p.N)
	}
}

func TestALongWriteIsNotCutUpForAWire(t *testing.T) {
	t.Parallel()
	tr := overKernel(t, connected(func(client, server conn) error {
		text := strings.Repeat("long ", 2000)
		return steps(send(client, text), receive(server, text))
	}))
	longest := slices.MaxFunc(tr.Packets, func(a, b trace.Packet) int { return a.Length - b.Length })
	require.Greater(t, longest.Length, 1500)
}

func TestCallsAreRecordedAsInTheLab(t *testing.T) {
	t.Parallel()
	calls := func(tr *trace.Trace) (lines []string) {
		for _, e := range tr.Events {
			switch {
			case e.Op == "Accept" && e.Kind == trace.Call: // which the lab has only if it waits
			case e.Kind == trace.Call, e.Kind == trace.Return:
				lines = append(lines, strings.TrimSpace(fmt.Sprint(e.Host, " ", e.Kind, " ", e.Op, " ", e.Detail, e.Err)))
			}
		}
		return lines
	}
	for _, name := range []string{"half close: the server still sends", "refused: nobody listens", "reset, by closing with unread data"} {
		talk := talkNamed(t, name)
		want, got := calls(overLab(t, talk)), calls(overKernel(t, talk))
		// The kernel wakes the reader up before or after the writer's call returns.
		require.ElementsMatch(t, want, got, name)
	}
}

func TestTheErrorOfATalkComesWithTheTrace(t *testing.T) {
	t.Parallel()
	var left net.Conn
	failed := errors.New("no more to say")
	talk := connected(func(client, _ conn) error {
		left = client
		return failed
	})
	overKernel(t, connected(func(_, _ conn) error { return nil })) // skips where it cannot run
	tr, err := kernel.Run(t.Context(), talk)
	require.ErrorIs(t, err, failed)
	require.Len(t, tr.Packets, 3)
	_, err = left.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed, "what the talk leaves open is closed")
}

func TestAddressesThatAreNoneAreErrors(t *testing.T) {
	t.Parallel()
	overKernel(t, func(ctx context.Context, client, server kernel.Host) error {
		for _, tt := range []struct{ network, addr, wantErr string }{
			{"tcp", "sever:80", "no such host; there are client and server"},
			{"tcp", "server", "missing port"},
			{"tcp", "server:http", "the port must be a number"},
			{"udp", "server:80", "unknown network udp"},
		} {
			_, err := client.DialContext(ctx, tt.network, tt.addr)
			require.ErrorContains(t, err, tt.wantErr)
			_, err = server.Listen(tt.network, tt.addr)
			require.ErrorContains(t, err, tt.wantErr)
		}
		return nil
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	overKernel(t, func(context.Context, kernel.Host, kernel.Host) error { return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := kernel.Run(ctx, func(context.Context, kernel.Host, kernel.Host) error { return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func TestReexecPassesOnInputOutputAndStatus(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	status, err := kernel.Reexec(t.Context(), []string{helper}, strings.NewReader("from here"), &out, &errs)
	if errors.Is(err, kernel.ErrForbidden) {
		t.Skip("skipped:", err)
	}
	require.NoError(t, err)
	require.Equal(t, 7, status)
	require.Equal(t, "private: true; from here", out.String())
	require.Equal(t, "and to stderr", errs.String())
}

func TestTheEndOfTheContextAsksTheProgramToStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, out := io.Pipe()
	go func() {
		io.ReadFull(ready, make([]byte, 1))
		cancel()
	}()
	status, err := kernel.Reexec(ctx, []string{helper, "wait"}, nil, out, io.Discard)
	if errors.Is(err, kernel.ErrForbidden) {
		t.Skip("skipped:", err)
	}
	require.NoError(t, err)
	require.Equal(t, 8, status)
}

// helper is the first argument of this program where it is what Reexec starts.
const helper = "be-the-helper"

func beTheHelper() {
	if len(os.Args) > 2 {
		stopped := make(chan os.Signal, 1)
		signal.Notify(stopped, syscall.SIGTERM)
		fmt.Print("r")
		<-stopped
		os.Exit(8)
	}
	input, _ := io.ReadAll(os.Stdin)
	fmt.Printf("private: %v; %s", kernel.Private(), input)
	fmt.Fprint(os.Stderr, "and to stderr")
	os.Exit(7)
}

// Wireshark counts from the SYN, scales the window, and computes checksums by
// its own means. (Where an end never sent a SYN, as in a refusal, it counts from
// 1 and the lab from 0.)
func TestWiresharkReadsTheSame(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("skipped: tshark, which belongs to Wireshark, is not installed")
	}
	for _, name := range []string{"echo, by the server of this module", "teardown, by the server first", "reset, by closing with unread data"} {
		tr := overKernel(t, talkNamed(t, name))
		var file bytes.Buffer
		require.NoError(t, pcapng.Write(&file, tr))
		path := filepath.Join(t.TempDir(), "kernel.pcapng")
		require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
		args := []string{"-n", "-r", path, "-T", "fields", "-E", "separator= ", "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"}
		for _, field := range []string{"ip.checksum.status", "tcp.checksum.status", "tcp.flags", "tcp.seq", "tcp.ack", "tcp.len", "tcp.window_size"} {
			args = append(args, "-e", field)
		}
		got, err := exec.CommandContext(t.Context(), program, args...).Output()
		require.NoError(t, err)
		var want strings.Builder
		const good = 1
		for _, p := range tr.Packets {
			fmt.Fprintf(&want, "%d %d 0x%04x %d %d %d %d\n", good, good, uint8(p.Flags), p.Seq, p.Ack, p.Length, p.Window)
		}
		if diff := cmp.Diff(want.String(), string(got)); diff != "" {
			t.Errorf("%s: packets (-trace +Wireshark):\n%s", name, diff)
		}
	}
}
