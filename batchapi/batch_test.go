package batchapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/batchapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The clock of these tests is virtual (testing/synctest), so times are exact.

func TestABatchTakes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		path  string
		limit int
		calls int // of 100 ms each
		want  time.Duration
	}{
		{"the sum of its calls, one after another", "/batch/serial", 10, 10, time.Second},
		{"the time of one call, in parallel", "/batch", 10, 10, 100 * time.Millisecond},
		{"the time of two calls, when half of them run at once", "/batch", 5, 10, 200 * time.Millisecond},
		{"the same in parallel, when only one may run", "/batch", 1, 10, time.Second},
		{"the same again with a limit of 0, which counts as 1", "/batch", 0, 10, time.Second},
		{"the time of one call, if that is all, in either way", "/batch/serial", 10, 1, 100 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gateway := gatewayTo(t, func(r *http.Request) (*http.Response, error) {
					return after(r, 100*time.Millisecond)
				})
				gateway.Limit = tt.limit
				start := time.Now()
				answers := ask(t, gateway, tt.path, paths(tt.calls)...)
				took := time.Since(start)
				if diff := cmp.Diff(answersTo(tt.calls), answers); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				require.Equal(t, tt.want, took)
			})
		})
	}
}

func TestAnswersKeepTheOrderOfTheCallsAlthoughLaterOnesEndFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan string, 3)
		gateway := gatewayTo(t, func(r *http.Request) (*http.Response, error) {
			var n int
			fmt.Sscanf(r.URL.Path, "/%d", &n)
			resp, err := after(r, time.Second-time.Duration(n)*100*time.Millisecond)
			ended <- r.URL.Path
			return resp, err
		})
		answers := ask(t, gateway, "/batch", paths(3)...)
		for _, want := range []string{"/3", "/2", "/1"} {
			require.Equal(t, want, <-ended)
		}
		if diff := cmp.Diff(answersTo(3), answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}

func TestAtMostLimitCallsRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int32
		release := make(chan struct{})
		gateway := gatewayTo(t, func(r *http.Request) (*http.Response, error) {
			running.Add(1)
			defer running.Add(-1)
			<-release
			return after(r, 0)
		})
		gateway.Limit = 3
		done := make(chan []batchapi.Answer, 1)
		go func() { done <- ask(t, gateway, "/batch", paths(7)...) }()
		for _, want := range []int32{3, 3, 3, 3, 3, 2, 1, 0} {
			synctest.Wait() // until every goroutine waits for something
			require.Equal(t, want, running.Load())
			if want > 0 {
				release <- struct{}{}
			}
		}
		require.Len(t, <-done, 7)
	})
}

func TestAFailedCallFailsItsOwnEntryOnly(t *testing.T) {
	for _, how := range []string{"/batch", "/batch/serial"} {
		t.Run("POST "+how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gateway := gatewayTo(t, func(r *http.Request) (*http.Response, error) {
					switch r.URL.Path {
					case "/broken":
						return nil, errors.New("connection refused")
					case "/500":
						return response(http.StatusInternalServerError, "sorry"), nil
					case "/large":
						return response(http.StatusOK, strings.Repeat("x", batchapi.MaxAnswer+1)), nil
					}
					return after(r, time.Second)
				})
				answers := ask(t, gateway, how,
					batchapi.Call{Service: "users", Path: "/1"},
					batchapi.Call{Service: "users", Path: "/broken"},
					batchapi.Call{Service: "nobody", Path: "/1"},
					batchapi.Call{Service: "users", Path: "/500"},
					batchapi.Call{Service: "users", Path: "/large"},
					batchapi.Call{},
					batchapi.Call{Service: "users", Path: "/2"},
				)
				want := []batchapi.Answer{
					{Status: 200, Body: "answer to /1"},
					{Error: `service "users": connection refused`},
					{Error: `no service "nobody"; the gateway calls only those in its configuration`},
					{Status: 500, Body: "sorry"},
					{Error: `service "users": its answer is over 65536 bytes; ask for less`},
					{Error: `no service ""; the gateway calls only those in its configuration`},
					{Status: 200, Body: "answer to /2"},
				}
				if diff := cmp.Diff(want, answers); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestTheDeadlineOfTheBatchEndsWhatIsNotFinished(t *testing.T) {
	tooLate := batchapi.Answer{Error: "no answer within 350ms, the time for the whole batch; ask for less at once or start the gateway with a longer -timeout"}
	for _, tt := range []struct {
		name  string
		path  string
		slow  string // a call that takes an hour; the others take 100 ms
		want  []batchapi.Answer
		after time.Duration
	}{
		{"in parallel nothing, for all are in time", "/batch", "", answersTo(5), 100 * time.Millisecond},
		{"in parallel the slow one", "/batch", "/2", append(append(answersTo(1), tooLate), answersTo(5)[2:]...), 350 * time.Millisecond},
		{"one after another the later ones", "/batch/serial", "", append(answersTo(3), tooLate, tooLate), 350 * time.Millisecond},
		{"one after another all from the slow one on", "/batch/serial", "/2", append(answersTo(1), tooLate, tooLate, tooLate, tooLate), 350 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gateway := gatewayTo(t, func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == tt.slow {
						return after(r, time.Hour)
					}
					return after(r, 100*time.Millisecond)
				})
				gateway.Timeout = 350 * time.Millisecond
				start := time.Now()
				answers := ask(t, gateway, tt.path, paths(5)...)
				require.Equal(t, tt.after, time.Since(start))
				if diff := cmp.Diff(tt.want, answers); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The server is a real one here, over a pipe in place of TCP.

func TestServeLetsABatchUseItsWholeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := gatewayTo(t, func(r *http.Request) (*http.Response, error) {
			return after(r, batchapi.MaxTimeout-time.Nanosecond)
		})
		gateway.Timeout = batchapi.MaxTimeout
		client, _ := servePipe(t, gateway.Handler())
		resp, err := client.Post("http://gateway/batch", "application/json", strings.NewReader(`[{"service":"users","path":"/1"}]`))
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.JSONEq(t, `[{"status":200,"body":"answer to /1"}]`, string(body))
	})
}

func TestServeEndsWithItsContext(t *testing.T) {
	for _, tt := range []struct {
		name    string
		needs   time.Duration // that a running request still needs
		wantErr error
		want    time.Duration // that Serve takes to end
		wantLog string
	}{
		{"at once when nothing runs", 0, nil, 0, ""},
		{"after the request that still runs", 4 * time.Second, nil, 4 * time.Second, ""},
		{"after five seconds, and cuts off what still runs", time.Hour, io.EOF, 5 * time.Second, "requests cut off"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, stop := servePipe(t, batchapi.Backend(tt.needs))
				done := make(chan error, 1)
				go func() {
					resp, err := client.Get("http://backend/1")
					if err == nil {
						resp.Body.Close()
					}
					done <- err
				}()
				synctest.Wait()
				start := time.Now()
				log := stop()
				require.ErrorIs(t, <-done, tt.wantErr)
				require.GreaterOrEqual(t, time.Since(start), tt.want)
				require.Less(t, time.Since(start), tt.want+time.Second) // http.Server.Shutdown looks twice a second
				if tt.wantLog == "" {
					require.Empty(t, log)
				} else {
					require.Contains(t, log, tt.wantLog)
				}
			})
		})
	}
}

func TestNoHandlerOutlivesServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		client, stop := servePipe(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			time.Sleep(time.Second) // to clean up
			ended.Store(true)
		}))
		done := make(chan error, 1)
		go func() {
			// With a body that the handler does not read, net/http does not see
			// that the connection is gone.
			_, err := client.Post("http://backend/1", "text/plain", strings.NewReader("body"))
			done <- err
		}()
		synctest.Wait()
		start := time.Now()
		stop()
		require.True(t, ended.Load())
		require.Equal(t, 6*time.Second, time.Since(start))
		require.Error(t, <-done)
	})
}

func TestServeReturnsTheErrorOfItsListener(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	require.ErrorIs(t, batchapi.Serve(t.Context(), ln, http.NotFoundHandler(), slog.New(slog.DiscardHandler)), net.ErrClosed)
}

// These run over loopback.

func TestTheGatewayRefuses(t *testing.T) {
	t.Parallel()
	gateway := gatewayTo(t, func(r *http.Request) (*http.Response, error) {
		t.Errorf("the gateway called %s", r.URL)
		return nil, errors.New("no call is expected")
	})
	server := httptest.NewServer(gateway.Handler())
	t.Cleanup(server.Close)
	call := `{"service":"users","path":"/1"}`
	for _, tt := range []struct {
		name       string
		method     string
		path       string
		body       string
		wantStatus int
		wantBody   string
	}{
		{"what is no JSON", "POST", "/batch", "users /1", 400, `want a JSON list like [{"service":"users","path":"/42"}]: invalid character`},
		{"nothing at all", "POST", "/batch", "", 400, "want a JSON list"},
		{"a call that is no list", "POST", "/batch", call, 400, "want a JSON list"},
		{"a list that is cut off", "POST", "/batch", "[" + call, 400, "unexpected EOF"},
		{"something after the list", "POST", "/batch", "[" + call + "] [", 400, "something follows the list"},
		{"an address in place of a service", "POST", "/batch", `[{"url":"http://127.0.0.1/"}]`, 400, `unknown field "url"`},
		{"an empty batch", "POST", "/batch", "[]", 400, "a batch has 1 to 100 calls, and this one 0"},
		{"no batch", "POST", "/batch", "null", 400, "a batch has 1 to 100 calls, and this one 0"},
		{"a call too many", "POST", "/batch/serial", "[" + strings.Repeat(call+",", batchapi.MaxCalls) + call + "]", 400, "and this one 101; split it"},
		{"a request too large", "POST", "/batch", strings.Repeat(" ", batchapi.MaxRequest) + "[]", 413, "the request is over 65536 bytes; split the batch"},
		{"a request that goes on too long after its list", "POST", "/batch", "[" + call + "]" + strings.Repeat(" ", batchapi.MaxRequest), 413, "split the batch"},
		{"another method", "GET", "/batch", "", 405, "Method Not Allowed"},
		{"another path", "POST", "/", "[]", 404, "404 page not found"},
		{"a path below its own", "POST", "/batch/1", "[]", 404, "404 page not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, strings.NewReader(tt.body))
			require.NoError(t, err)
			resp, err := server.Client().Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, tt.wantStatus, resp.StatusCode)
			require.Contains(t, string(body), tt.wantBody)
			if tt.wantStatus == http.StatusMethodNotAllowed {
				require.Equal(t, "POST", resp.Header.Get("Allow"))
			}
		})
	}
}

func TestAClientThatGoesAwayEndsItsCalls(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}, 2), make(chan struct{}, 2)
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		<-r.Context().Done()
		ended <- struct{}{}
	}))
	t.Cleanup(backend.Close)
	gateway := gatewayOver(t, backend.URL)
	gateway.Timeout = time.Hour // so that nothing else ends them
	server := httptest.NewServer(gateway.Handler())
	t.Cleanup(server.Close)

	ctx, goAway := context.WithCancel(t.Context())
	body := `[{"service":"users","path":"/1"},{"service":"users","path":"/2"}]`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/batch", strings.NewReader(body))
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := server.Client().Do(req)
		done <- err
	}()
	for range 2 {
		<-began
	}
	goAway()
	for range 2 {
		<-ended
	}
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestARedirectIsAnAnswerAndIsNotFollowed(t *testing.T) {
	t.Parallel()
	secret := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the gateway followed the redirect")
	}))
	t.Cleanup(secret.Close)
	backend := httptest.NewServer(http.RedirectHandler(secret.URL, http.StatusTemporaryRedirect))
	t.Cleanup(backend.Close)

	answers := ask(t, gatewayOver(t, backend.URL), "/batch", paths(1)...)
	require.Equal(t, http.StatusTemporaryRedirect, answers[0].Status)
}

func TestTheNextBatchFindsItsConnectionsOpen(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	var together sync.WaitGroup // every call waits for the others, so each needs a connection
	backend := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		together.Done()
		together.Wait()
	}))
	backend.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	backend.Start()
	t.Cleanup(backend.Close)

	gateway := gatewayOver(t, backend.URL)
	for range 2 {
		together.Add(10)
		ask(t, gateway, "/batch", paths(10)...)
	}
	require.EqualValues(t, 10, opened.Load())
	require.Nil(t, batchapi.NewTransport(10).Proxy)
}

func TestACallReachesNothingButItsService(t *testing.T) {
	t.Parallel()
	const refused = ""
	for _, tt := range []struct {
		name string
		path string
		want string // the address that is called
	}{
		{"a path", "/42", "http://127.0.0.1:9011/v1/42"},
		{"the root", "/", "http://127.0.0.1:9011/v1/"},
		{"a path that ends with a slash", "/users/", "http://127.0.0.1:9011/v1/users/"},
		{"a query", "/42?full=1&at=/../x", "http://127.0.0.1:9011/v1/42?full=1&at=/../x"},
		{"text in any language", "/用户", "http://127.0.0.1:9011/v1/%E7%94%A8%E6%88%B7"},
		{"a slash that separates nothing", "/a%2Fb", "http://127.0.0.1:9011/v1/a%2Fb"},
		{"an @ that names nobody", "/@evil.example/", "http://127.0.0.1:9011/v1/@evil.example/"},
		{"a host within the path", "/http:/evil.example", "http://127.0.0.1:9011/v1/http:/evil.example"},

		{"nothing", "", refused},
		{"an absolute URL", "http://evil.example/", refused},
		{"an absolute URL without a host", "http:/evil", refused},
		{"another scheme", "file:///etc/passwd", refused},
		{"a host without a scheme", "//evil.example/", refused},
		{"a host after three slashes", "///evil.example/", refused},
		{"a host behind an escape", "/%2Fevil.example/", refused},
		{"a host behind a backslash", `/\evil.example/`, refused},
		{"a host behind a backslash and an escape", "/%5Cevil.example/", refused},
		{"a host that makes ours a user", "@evil.example/", refused},
		{"a port that continues ours", ":80/", refused},
		{"a longer host", ".evil.example/", refused},
		{"a way out of the base path", "/../admin", refused},
		{"a way out in the middle", "/42/../../admin", refused},
		{"a way out at the end", "/..", refused},
		{"a way out with escapes", "/%2e%2E/admin", refused},
		{"a way out with escaped slashes", "/42%2F..%2F..%2Fadmin", refused},
		{"a second header", "/42\r\nHost: evil.example", refused},
		{"a second version", "/42?x HTTP/1.0", refused},
		{"an escape that is none", "/%zz", refused},
		{"a fragment", "/42#top", refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			called := refused
			gateway := gatewayTo(t, func(r *http.Request) (*http.Response, error) {
				called = r.URL.String()
				require.Equal(t, "127.0.0.1:9011", r.URL.Host)
				require.Equal(t, "127.0.0.1:9011", r.Host)
				return response(http.StatusOK, ""), nil
			})
			gateway.Services = services(t, "users=http://127.0.0.1:9011/v1")
			_, err := gateway.Get(t.Context(), batchapi.Call{Service: "users", Path: tt.path})
			if diff := cmp.Diff(tt.want, called); diff != "" {
				t.Errorf("called (-want +got):\n%s", diff)
			}
			if tt.want == refused {
				require.ErrorContains(t, err, "want one like /users/42?full=1")
			}
		})
	}
}

func TestServicesAreChecked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		text    string
		wantErr string
	}{
		{"a name and a URL", "users=http://127.0.0.1:9011", ""},
		{"a URL with a path", "users=https://example.com/v1", ""},
		{"a URL without a name", "http://127.0.0.1:9011", "want NAME=URL, for example users="},
		{"an empty name", "=http://127.0.0.1:9011", "want NAME=URL"},
		{"a name alone", "users", "want NAME=URL"},
		{"an address without a scheme", "users=localhost:9011", "want NAME=URL"},
		{"a scheme that is not HTTP", "users=ftp://127.0.0.1", "want NAME=URL"},
		{"a password", "users=http://me:secret@127.0.0.1", "and nothing else"},
		{"a query", "users=http://127.0.0.1/?x=", "and nothing else"},
		{"a broken URL", "users=http://[::1", "missing ']'"},
		{"a name that is taken", "orders=http://127.0.0.1:9013", `service "orders" is there already`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := services(t, "orders=http://127.0.0.1:9012").Set(tt.text)
			if tt.wantErr == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.wantErr)
			}
		})
	}
}

func BenchmarkBatch(b *testing.B) {
	backend := httptest.NewServer(batchapi.Backend(time.Millisecond))
	b.Cleanup(backend.Close)
	gateway := gatewayOver(b, backend.URL)
	calls := paths(10)
	b.Run("serial", func(b *testing.B) {
		for b.Loop() {
			batchapi.Serial(b.Context(), calls, gateway.Get)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		for b.Loop() {
			batchapi.Parallel(b.Context(), calls, gateway.Limit, gateway.Get)
		}
	})
}

// roundTrip is an http.RoundTripper in place of the network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// after answers a request after a while, if it is still wanted then.
func after(r *http.Request, d time.Duration) (*http.Response, error) {
	select {
	case <-time.After(d):
		return response(http.StatusOK, "answer to "+r.URL.Path), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func response(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}
}

// gatewayTo returns a gateway whose calls end in f.
func gatewayTo(t testing.TB, f roundTrip) *batchapi.Gateway {
	t.Helper()
	return &batchapi.Gateway{Services: services(t, "users=http://127.0.0.1:9011"), Transport: f, Limit: 10, Timeout: 10 * time.Second}
}

// gatewayOver returns a gateway that calls a server at base.
func gatewayOver(t testing.TB, base string) *batchapi.Gateway {
	t.Helper()
	transport := batchapi.NewTransport(10)
	t.Cleanup(transport.CloseIdleConnections)
	return &batchapi.Gateway{Services: services(t, "users="+base), Transport: transport, Limit: 10, Timeout: 10 * time.Second}
}

func services(t testing.TB, text string) batchapi.Services {
	t.Helper()
	s := batchapi.Services{}
	require.NoError(t, s.Set(text))
	return s
}

// ask sends a batch to a gateway, without a network between them.
func ask(t testing.TB, gateway *batchapi.Gateway, path string, calls ...batchapi.Call) []batchapi.Answer {
	t.Helper()
	body, err := json.Marshal(calls)
	if err != nil {
		t.Error(err)
	}
	w := httptest.NewRecorder()
	gateway.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body)))
	var answers []batchapi.Answer
	if err := json.Unmarshal(w.Body.Bytes(), &answers); err != nil || w.Code != http.StatusOK {
		t.Errorf("the gateway answered %d: %s", w.Code, w.Body)
	}
	return answers
}

// paths returns n calls, to /1, /2 and so on; answersTo their answers.
func paths(n int) []batchapi.Call {
	var calls []batchapi.Call
	for i := range n {
		calls = append(calls, batchapi.Call{Service: "users", Path: fmt.Sprint("/", i+1)})
	}
	return calls
}

func answersTo(n int) []batchapi.Answer {
	var answers []batchapi.Answer
	for i := range n {
		answers = append(answers, batchapi.Answer{Status: http.StatusOK, Body: fmt.Sprint("answer to /", i+1)})
	}
	return answers
}

// servePipe runs Serve over pipes in place of TCP connections. stop ends it
// and returns what it logged.
func servePipe(t *testing.T, handler http.Handler) (client *http.Client, stop func() string) {
	t.Helper()
	ln := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		ln.conns <- theirs
		return ours, nil
	}}
	ctx, cancel := context.WithCancel(context.Background())
	var log bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- batchapi.Serve(ctx, ln, handler, slog.New(slog.NewTextHandler(&log, nil))) }()
	stop = sync.OnceValue(func() string {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		transport.CloseIdleConnections()
		return log.String()
	})
	t.Cleanup(func() { stop() })
	return &http.Client{Transport: transport}, stop
}

// pipes is a listener for connections from the same process.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
