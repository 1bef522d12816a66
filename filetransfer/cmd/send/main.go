// Command send sends files and folders to a receiver.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"time"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/framed"
	"example.com/netlessons/filetransfer/internal/cli"
	"example.com/netlessons/filetransfer/internal/secure"
)

func main() { cli.Main(run) }

type options struct {
	addr            string
	timeout         time.Duration
	notes           bool
	limit           size
	quiet, asJSON   bool
	pin             string
	tlsCert, tlsKey string
	tlsCA           string
}

func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	var o options
	fs := flag.NewFlagSet("send [-addr HOST:PORT] [-timeout 10s] [-limit 10M] [-pin SHA256:... | -tls-ca FILE | -notes] [-q | -json] FILE ...", flag.ContinueOnError)
	fs.StringVar(&o.addr, "addr", "127.0.0.1:9009", "`HOST:PORT` of the receiver")
	fs.DurationVar(&o.timeout, "timeout", 10*time.Second, "how long to wait for the connection, and for any sign of the receiver")
	fs.BoolVar(&o.notes, "notes", false, "speak the protocol of the notes: for receivers that know no other")
	fs.Var(&o.limit, "limit", "`BYTES` per second at most, such as 500K or 10M")
	fs.BoolVar(&o.quiet, "q", false, "print only what goes wrong")
	fs.BoolVar(&o.asJSON, "json", false, "print one JSON object a line: for each file, each second, and the end")
	fs.StringVar(&o.pin, "pin", "", "encrypt, to the receiver with this `PIN`, which it prints")
	fs.StringVar(&o.tlsCA, "tls-ca", "", "encrypt, to a receiver with a certificate by an authority in `FILE` (PEM)")
	fs.StringVar(&o.tlsCert, "tls-cert", "", "`FILE` with the sender's own certificate (PEM)")
	fs.StringVar(&o.tlsKey, "tls-key", "", "`FILE` with the key of that certificate (PEM)")
	if err := cli.Parse(fs, args, stdout); err != nil {
		return err
	}
	encrypt := o.pin != "" || o.tlsCA != ""
	switch {
	case fs.NArg() == 0:
		return cli.Usage(fs, "nothing to send")
	case o.notes && (encrypt || o.limit > 0 || o.asJSON):
		return cli.Usage(fs, "the protocol of the notes has no encryption, -limit or -json")
	case o.pin != "" && o.tlsCA != "":
		return cli.Usage(fs, "-pin or -tls-ca, not both")
	case (o.tlsCert == "") != (o.tlsKey == "") || o.tlsCert != "" && !encrypt:
		return cli.Usage(fs, "-tls-cert and -tls-key go together, with -pin or -tls-ca")
	case o.notes:
		return sendByNotes(ctx, o, fs.Args(), stdout)
	}
	conn, err := dial(ctx, o, encrypt)
	if err != nil {
		return err
	}
	out := newTeller(o, stdout, stderr)
	sender := &framed.Sender{Timeout: o.timeout, Limit: int64(o.limit), Count: !o.quiet, Report: out.file}
	stop := out.follow(sender.Progress)
	err = sender.Send(ctx, conn, fs.Args())
	stop()
	out.end(sender.Progress(), err)
	return err
}

// sendByNotes sends each file over a connection of its own.
func sendByNotes(ctx context.Context, o options, paths []string, stdout io.Writer) error {
	var errs []error
	for _, path := range paths { // notes [send] step 1
		size, err := filetransfer.Send(ctx, o.addr, path, o.timeout)
		if err != nil {
			errs = append(errs, err)
		} else if !o.quiet {
			fmt.Fprintf(stdout, "%s: %d bytes sent\n", path, size)
		}
	}
	return errors.Join(errs...)
}

func dial(ctx context.Context, o options, encrypt bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if !encrypt {
		return new(net.Dialer).DialContext(ctx, "tcp", o.addr)
	}
	config, err := secure.Sender(o.pin, o.tlsCert, o.tlsKey, o.tlsCA)
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", o.addr)
}
