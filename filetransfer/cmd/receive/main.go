// Command receive saves the files that senders send into one folder.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"example.com/netlessons/filetransfer/framed"
	"example.com/netlessons/filetransfer/internal/cli"
	"example.com/netlessons/filetransfer/internal/secure"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("receive [-addr HOST:PORT] [-dir DIR] [-on-exist rename|skip|overwrite|fail] [-once] [-tls] [-q]", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9009", "`HOST:PORT` to listen on; port 0 lets the system choose")
	path := fs.String("dir", ".", "folder `DIR` to save files in; created if it is missing")
	receiver := framed.Receiver{OnExist: framed.Rename}
	fs.Func("on-exist", "`what` happens to a file whose name another has: rename, skip, overwrite or fail (default rename)", func(s string) (err error) {
		receiver.OnExist, err = framed.ParseOnExist(s)
		return err
	})
	fs.BoolVar(&receiver.Once, "once", false, "end after the first sender")
	fs.DurationVar(&receiver.Timeout, "timeout", 30*time.Second, "the longest silence of a sender")
	encrypt := fs.Bool("tls", false, "take encrypted connections only, and print what the sender needs")
	cert := fs.String("tls-cert", "", "`FILE` with the certificate to use (PEM); without one, -tls makes its own")
	key := fs.String("tls-key", "", "`FILE` with the key of that certificate (PEM)")
	ca := fs.String("tls-ca", "", "`FILE` with the authorities whose senders are let in (PEM); others are not")
	quiet := fs.Bool("q", false, "log only what goes wrong")
	asJSON := fs.Bool("json", false, "log in JSON")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	if err := cli.NoArgs(fs); err != nil {
		return err
	}
	if (*cert == "") != (*key == "") {
		return cli.Usage(fs, "-tls-cert and -tls-key go together")
	}
	receiver.Log = logger(stderr, *quiet, *asJSON)

	ln, err := net.Listen("tcp", *addr) // notes [receive] step 1
	if err != nil {
		return err
	}
	defer ln.Close()
	if err := os.MkdirAll(*path, 0o777); err != nil {
		return err
	}
	dir, err := os.OpenRoot(*path) // nothing leads out of it, not even a symbolic link
	if err != nil {
		return err
	}
	defer dir.Close()

	hint := ""
	if *encrypt || *cert != "" || *ca != "" {
		config, pin, err := secure.Receiver(*cert, *key, *ca)
		if err != nil {
			return err
		}
		if pin != "" {
			hint = fmt.Sprintf("send -addr %s -pin %s FILE ...\n", reachable(ln.Addr()), pin)
		}
		ln = tls.NewListener(ln, config)
	}
	fmt.Fprintf(stdout, "listening on %s\n%s", ln.Addr(), hint)
	return receiver.Serve(ctx, ln, dir)
}

func logger(stderr io.Writer, quiet, asJSON bool) *slog.Logger {
	opts := &slog.HandlerOptions{Level: slog.LevelInfo}
	if quiet {
		opts.Level = slog.LevelWarn
	}
	if asJSON {
		return slog.New(slog.NewJSONHandler(stderr, opts))
	}
	return slog.New(slog.NewTextHandler(stderr, opts))
}

// reachable is an address for another machine, where addr is any of this one.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	nets, _ := net.InterfaceAddrs()
	for _, n := range nets {
		if ip, ok := n.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() && ip.IP.To4() != nil {
			return (&net.TCPAddr{IP: ip.IP, Port: tcp.Port}).String()
		}
	}
	return addr.String()
}
