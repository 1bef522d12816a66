package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/framed"
	"example.com/netlessons/filetransfer/internal/cli/clitest"
	"example.com/netlessons/filetransfer/internal/secure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReceiveSavesUntilCtrlC(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	addr, stop := clitest.Start(t, run, "-addr", "127.0.0.1:0", "-dir", dir)
	path := filepath.Join(t.TempDir(), "a.txt")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o666))
	_, err := filetransfer.Send(t.Context(), addr, path, 10*time.Second)
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(dir, "a.txt"))
	require.NoError(t, err)
	require.Equal(t, "content", string(content))

	res := stop()
	require.Equal(t, 0, res.Status)
	require.Contains(t, res.Stderr, "saved=a.txt bytes=7")
}

func TestReceiveOnceEndsAfterTheFirstSenderOfEitherProtocol(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o666))
	for _, tt := range []struct {
		name string
		send func(addr string) error
	}{
		{"of the notes", func(addr string) error {
			_, err := filetransfer.Send(t.Context(), addr, path, 10*time.Second)
			return err
		}},
		{"framed", func(addr string) error {
			conn, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			return new(framed.Sender).Send(t.Context(), conn, []string{path})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			out, stdout := io.Pipe()
			lines, done := bufio.NewReader(out), make(chan error, 1)
			go func() {
				done <- run(t.Context(), []string{"-addr", "127.0.0.1:0", "-once", "-q", "-dir", dir}, nil, stdout, io.Discard)
			}()
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			require.NoError(t, tt.send(strings.TrimSpace(strings.TrimPrefix(line, "listening on "))))
			require.NoError(t, <-done)
			require.FileExists(t, filepath.Join(dir, "a.txt"))
		})
	}
}

func TestReceiveWithTLSPrintsTheLineThatItsSenderNeeds(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(t.TempDir(), "a.txt")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o666))
	addr, stop := clitest.Start(t, run, "-addr", "127.0.0.1:0", "-tls", "-dir", dir)

	_, err := filetransfer.Send(t.Context(), addr, path, 10*time.Second)
	require.Error(t, err, "nothing gets in that is not encrypted")
	config, err := secure.Sender("SHA256:"+strings.Repeat("A", 43), "", "", "")
	require.NoError(t, err)
	_, err = (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", addr)
	require.ErrorContains(t, err, "the receiver has the pin SHA256:")

	// What a person copies is in that error too, and in the line below.
	pin := regexp.MustCompile(`SHA256:[A-Za-z0-9+/]{43}`).FindString(err.Error())
	config, err = secure.Sender(pin, "", "", "")
	require.NoError(t, err)
	conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	require.EqualValues(t, tls.VersionTLS13, conn.(*tls.Conn).ConnectionState().Version)
	require.NoError(t, new(framed.Sender).Send(t.Context(), conn, []string{path}))
	require.FileExists(t, filepath.Join(dir, "a.txt"))
	require.Equal(t, "send -addr "+addr+" -pin "+pin+" FILE ...\n", stop().Stdout)
}

func TestReceiveWithAuthoritiesLetsInTheirSendersAlone(t *testing.T) {
	dir, keys := t.TempDir(), t.TempDir()
	ca, cert, key := certificate(t, keys)
	path := filepath.Join(keys, "a.txt")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o666))
	addr, _ := clitest.Start(t, run, "-addr", "127.0.0.1:0", "-tls-cert", cert, "-tls-key", key, "-tls-ca", ca, "-dir", dir)
	for _, tt := range []struct {
		name      string
		cert, key string
		wantErr   bool
	}{
		{"with a certificate", cert, key, false},
		{"without one", "", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config, err := secure.Sender("", tt.cert, tt.key, ca)
			require.NoError(t, err)
			conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", addr)
			require.NoError(t, err) // in TLS 1.3 the client is done before it is judged
			err = new(framed.Sender).Send(t.Context(), conn, []string{path})
			require.Equal(t, tt.wantErr, err != nil, "%v", err)
		})
	}
}

// certificate makes a certificate for 127.0.0.1 that is its own authority.
func certificate(t *testing.T, dir string) (ca, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	return cert, cert, key
}

func TestReceiveSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "a.txt")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"a flag that it has not", []string{"-folder", "x"}, 2, "flag provided but not defined: -folder; usage: receive [-addr HOST:PORT] [-dir DIR]"},
		{"an argument too many", []string{"x"}, 2, `unexpected argument "x"; usage: receive`},
		{"a policy that it has not", []string{"-on-exist", "ask"}, 2, `"ask" is none of rename, skip, overwrite, fail`},
		{"half of a certificate", []string{"-tls-key", "x"}, 2, "-tls-cert and -tls-key go together"},
		{"a certificate that is not there", []string{"-addr", "127.0.0.1:0", "-dir", t.TempDir(), "-tls-cert", "x", "-tls-key", "x"}, 1, "certificate: open x"},
		{"a port in use", []string{"-addr", taken.Addr().String()}, 1, "stop the other server or choose another port with -addr"},
		{"a folder that is a file", []string{"-addr", "127.0.0.1:0", "-dir", file}, 1, "a.txt: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
