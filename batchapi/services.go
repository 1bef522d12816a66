package batchapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Services are the base addresses of the services that a gateway may call, by
// name.
type Services map[string]*url.URL

// Set adds a service, given as NAME=URL, for example
// "users=http://127.0.0.1:9011/v1".
func (s Services) Set(text string) error {
	name, address, _ := strings.Cut(text, "=")
	base, err := url.Parse(address)
	switch {
	case err != nil:
		return err
	case name == "", base.Scheme != "http" && base.Scheme != "https", base.Host == "":
		return errors.New("want NAME=URL, for example users=http://127.0.0.1:9011")
	case base.User != nil, base.RawQuery != "", base.Fragment != "":
		return errors.New("want a URL of a scheme, a host and perhaps a path, and nothing else")
	case s[name] != nil:
		return fmt.Errorf("service %q is there already", name)
	}
	s[name] = base
	return nil
}

// tricks are what could lead a path out of its base, or be read in two ways.
var tricks = regexp.MustCompile(`\.\.|//|\\`)

// locate returns the address of a call. Whatever the call says, it is on the
// service's host and below its base path.
func (s Services) locate(call Call) (string, error) {
	base := s[call.Service]
	if base == nil {
		return "", fmt.Errorf("no service %q; the gateway calls only those in its configuration", call.Service)
	}
	path, err := url.ParseRequestURI(call.Path)
	if err != nil || call.Path[0] != '/' || strings.ContainsAny(call.Path, " #") || tricks.MatchString(path.Path) {
		return "", fmt.Errorf("path %q: want one like /users/42?full=1, without a host, \"..\", \"//\", a backslash, a space or a #", call.Path)
	}
	address := base.JoinPath(path.EscapedPath())
	address.RawQuery = path.RawQuery
	return address.String(), nil
}

// NewTransport returns what connects a gateway to its services. It keeps up to
// limit connections to each of them open, so that the next batch need not dial
// again (without a number, net/http keeps 2), and goes through no proxy.
func NewTransport(limit int) *http.Transport {
	return &http.Transport{
		MaxIdleConnsPerHost:    limit,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: MaxAnswer,
	}
}

// Get makes one call; it is the [Do] of a gateway.
func (g *Gateway) Get(ctx context.Context, call Call) (Answer, error) {
	address, err := g.Services.locate(call)
	if err != nil {
		return Answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Answer{}, err
	}
	// RoundTrip and not http.Client.Do: a service that redirects must not lead elsewhere.
	resp, err := g.Transport.RoundTrip(req)
	if err != nil {
		return Answer{}, fmt.Errorf("service %q: %w", call.Service, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	if err == nil && len(body) > MaxAnswer {
		err = fmt.Errorf("its answer is over %d bytes; ask for less", MaxAnswer)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("service %q: %w", call.Service, err)
	}
	return Answer{Status: resp.StatusCode, Body: string(body)}, nil
}
