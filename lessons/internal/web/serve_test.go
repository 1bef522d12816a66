package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkInstead makes this program the one that a server under test starts for a
// check, if the environment says so: it prints its argument, and fails for
// lesson 2.
func checkInstead() {
	if os.Getenv("NETLESSONS_TEST_CHECK") == "" || len(os.Args) != 5 || os.Args[3] != "check" {
		return
	}
	os.Stdout.WriteString("checking " + os.Args[4] + " " + os.Args[2] + "\n")
	if os.Args[4] == "2" {
		os.Exit(1)
	}
	os.Exit(0)
}

// start serves a course whose pages need no lab.
func start(t *testing.T, addr string) (origin, token string) {
	t.Setenv("NETLESSONS_TEST_CHECK", "1")
	dir := courseOf(t, map[string]string{
		"lessons/06-udp-client-server/README.md":   "# Lesson 6\n\nHello.\n\n## The exercise\n\nDo it.\n",
		"lessons/06-udp-client-server/exercise.go": "package exercise\n",
	})
	ln, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- Serve(ctx, ln, dir, nil, t.Output()) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-done) })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	origin = "http://127.0.0.1:" + port
	_, token, _ = strings.Cut(get(t, origin+"/06-udp-client-server.html"), `data-token="`)
	token, _, _ = strings.Cut(token, `"`)
	return origin, token
}

// courseOf makes a folder with these files, and a go.work.
func courseOf(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	files["go.work"] = "go 1.26.3\n"
	for name, text := range files {
		require.NoError(t, writeFile(dir, name, []byte(text)))
	}
	return dir
}

func TestOnlyTheCoursesOwnPagesMayStartACheck(t *testing.T) {
	origin, token := start(t, "127.0.0.1:0")
	require.NotEmpty(t, token)
	host := strings.TrimPrefix(origin, "http://")
	_, port, _ := net.SplitHostPort(host)
	for _, tt := range []struct {
		name, method, path  string
		host, origin, token string
		wantStatus          int
		wantBody            string
	}{
		{"its own page may", "POST", "/check/6", host, origin, token, 200, "checking 6 en\n\n\x04 0"},
		{"in its own language", "POST", "/check/6?lang=zh", host, origin, token, 200, "checking 6 zh\n\n\x04 0"},
		{"but not in any", "POST", "/check/6?lang=-x", host, origin, token, 404, ""},
		{"a failure is told with its status", "POST", "/check/2", host, origin, token, 200, "checking 2 en\n\n\x04 1"},
		{"localhost is a name of this server", "POST", "/check/6", "localhost:" + port, "http://localhost:" + port, token, 200, "checking 6"},
		{"a foreign origin may not", "POST", "/check/6", host, "http://evil.example", token, 403, "another address"},
		{"nor may another port of this machine", "POST", "/check/6", host, "http://127.0.0.1:1", token, 403, "another address"},
		{"nor may a page without an origin", "POST", "/check/6", host, "null", token, 403, "another address"},
		{"nor may HTTPS stand for HTTP", "POST", "/check/6", host, "https://" + host, token, 403, "another address"},
		{"a foreign name that leads here is refused", "POST", "/check/6", "evil.example:" + port, "http://evil.example:" + port, token, 403, "another address"},
		{"even for reading", "GET", "/index.html", "evil.example", "", "", 403, "another address"},
		{"a foreign origin may not even read", "GET", "/index.html", host, "http://evil.example", "", 403, "another address"},
		{"a wrong token is refused", "POST", "/check/6", host, origin, "x" + token, 403, "load the page again"},
		{"no token is refused", "POST", "/check/6", host, origin, "", 403, "load the page again"},
		{"a check is no page", "GET", "/check/6", host, "", token, 404, ""},
		{"there is no lesson 99", "POST", "/check/99", host, origin, token, 404, ""},
		{"nor one called -x", "POST", "/check/-x", host, origin, token, 404, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, origin+tt.path, nil)
			require.NoError(t, err)
			req.Host = tt.host
			if tt.origin != "" {
				req.Header.Set("Origin", tt.origin)
			}
			if tt.token != "" {
				req.Header.Set("X-Token", tt.token)
			}
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			resp.Body.Close()
			require.Equal(t, tt.wantStatus, resp.StatusCode, string(body))
			require.Contains(t, string(body), tt.wantBody)
		})
	}
}

func TestACourseThatOthersCanReachChecksNothing(t *testing.T) {
	origin, token := start(t, "0.0.0.0:0")
	require.Empty(t, token)
	resp, err := http.Post(origin+"/check/6", "", nil)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestNothingBesideTheCourseIsServed(t *testing.T) {
	origin, _ := start(t, "127.0.0.1:0")
	for _, name := range []string{
		"/src/../go.work", "/src/..%2f..%2fetc/passwd.html", "/src/.git/config.html", "/src/bin/lesson-1/wire.html",
		"/src//etc/passwd.html", "/src/lessons/06-udp-client-server/none.go.html", "/none.html", "/style", "/src/.html",
	} {
		resp, err := http.Get(origin + name)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusNotFound, resp.StatusCode, name)
	}
	require.Contains(t, get(t, origin+"/src/lessons/06-udp-client-server/exercise.go.html"), `<span class="kn">package</span>`)
}

func TestALinkOutOfTheCourseIsNotFollowed(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.md")
	require.NoError(t, os.WriteFile(secret, []byte("# Secret"), 0o666))
	dir := courseOf(t, map[string]string{"lessons/06-a/README.md": "# A\n"})
	if err := os.Symlink(secret, filepath.Join(dir, "lessons", "link.md")); err != nil {
		t.Skipf("skipped: no symbolic links here: %v", err)
	}
	p := pages{root: dir}
	_, _, err := p.page("src/lessons/link.md.html")
	require.Error(t, err)
}

func TestServeAndSiteSayWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		run  func(args []string) error
		want string
	}{
		{"serve with an argument", []string{"now"}, func(args []string) error {
			return ServeCommand(t.Context(), args, io.Discard, io.Discard, t.TempDir(), nil)
		}, `unexpected argument "now"`},
		{"serve on no address", []string{"-addr", "nowhere"}, func(args []string) error {
			return ServeCommand(t.Context(), args, io.Discard, io.Discard, t.TempDir(), nil)
		}, "nowhere"},
		{"site without a folder", nil, func(args []string) error {
			return SiteCommand(t.Context(), args, io.Discard, io.Discard, t.TempDir())
		}, "say where to write with -out"},
	} {
		t.Run(tt.name, func(t *testing.T) { require.ErrorContains(t, tt.run(tt.args), tt.want) })
	}
}
