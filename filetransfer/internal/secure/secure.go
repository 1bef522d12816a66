// Package secure makes the TLS 1.3 settings of a receiver and its senders. A
// receiver without a certificate makes one; its sender then knows it by a pin,
// the digest of that certificate, which a person carries from one to the other.
package secure

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

// Receiver returns the settings for a receiver, with the certificate and key in
// two PEM files, or with one of its own if both are "". pin is what its senders
// need then. If ca is not "", only senders with a certificate by an authority in
// that PEM file are let in.
func Receiver(certFile, keyFile, ca string) (config *tls.Config, pin string, err error) {
	config = &tls.Config{MinVersion: tls.VersionTLS13}
	var cert tls.Certificate
	if certFile == "" && keyFile == "" {
		cert, err = selfMade()
		pin = pinOf(cert.Leaf)
	} else {
		cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	}
	if err != nil {
		return nil, "", fmt.Errorf("certificate: %w", err)
	}
	config.Certificates = []tls.Certificate{cert}
	if ca != "" {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs, err = pool(ca)
	}
	return config, pin, err
}

// Sender returns the settings for a sender to a receiver with this pin, or if
// pin is "", with a certificate by an authority in the PEM file ca. The
// sender's own certificate and key may be "".
func Sender(pin, certFile, keyFile, ca string) (config *tls.Config, err error) {
	config = &tls.Config{MinVersion: tls.VersionTLS13}
	if certFile != "" || keyFile != "" {
		cert, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{cert}
	}
	if pin == "" {
		config.RootCAs, err = pool(ca)
		return config, err
	}
	if sum, ok := strings.CutPrefix(pin, prefix); !ok || base64.RawStdEncoding.DecodedLen(len(sum)) != sha256.Size {
		return nil, fmt.Errorf("pin %q is not complete; copy the whole line that the receiver prints", pin)
	}
	config.InsecureSkipVerify = true // what follows is stricter: this very certificate
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if got := pinOf(state.PeerCertificates[0]); got != pin {
			return fmt.Errorf("the receiver has the pin %s, not %s; is it another one, or was it started anew?", got, pin)
		}
		return nil
	}
	return config, nil
}

const prefix = "SHA256:"

func pinOf(cert *x509.Certificate) string {
	if cert == nil {
		return ""
	}
	sum := sha256.Sum256(cert.Raw)
	return prefix + base64.RawStdEncoding.EncodeToString(sum[:])
}

// selfMade makes a certificate that lives as long as the receiver. Its names do
// not matter: senders look at the pin alone.
func selfMade() (cert tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "receive"},
		NotBefore:    time.Now().Add(-24 * time.Hour), // clocks differ
		NotAfter:     time.Now().AddDate(1, 0, 0),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return cert, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

func pool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("certificate authority: no certificate in " + file)
	}
	return pool, nil
}
