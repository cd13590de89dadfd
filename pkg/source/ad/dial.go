package ad

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/qpimport/qpimport/pkg/source"
)

// endpoint is a domain controller's address and how it proves who it is.
type endpoint struct {
	address  string // host:port
	name     string // as its certificate or its service has it
	startTLS bool
	tls      *tls.Config // nil where the login seals the connection
}

func usage(hint, format string, args ...any) error {
	return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// parseEndpoint makes an endpoint of a connection that was found to be valid.
func parseEndpoint(c source.Connection) (endpoint, error) {
	u, err := url.Parse(c.URL)
	if err != nil { // not after Validate
		return endpoint{}, usage("", "the URL of the domain controller is not one")
	}
	to := endpoint{name: c.Server(), startTLS: c.Transport == source.TransportStartTLS}
	port := "389"
	if c.Transport == source.TransportLDAPS {
		port = "636"
	}
	to.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	if c.Transport == source.TransportSealed {
		return to, nil
	}
	to.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: to.name, VerifyConnection: refuseWeakKey}
	if c.CAFile != "" {
		if to.tls.RootCAs, err = readCA(c.CAFile); err != nil {
			return endpoint{}, err
		}
	}
	return to, nil
}

// readCA reads the certificates that are trusted.
func readCA(file string) (*x509.CertPool, error) {
	pool, err := source.ReadAuthorities(file)
	switch {
	case errors.Is(err, source.ErrNoCertificate):
		return nil, usage("export the certificate of the authority as Base-64 encoded X.509 (.cer)", "the CA file %q holds no certificate", file)
	case err != nil:
		return nil, &source.Error{Code: source.CodeUsage, Message: "the CA file", Hint: "it holds the certificate of the authority that signed the server's", Err: err}
	}
	return pool, nil
}

// errWeakKey refuses what Go still takes: RSA keys that can be broken.
var errWeakKey = fmt.Errorf("the server's certificate has an RSA key of less than 2048 bits")

func refuseWeakKey(state tls.ConnectionState) error {
	if key, ok := state.PeerCertificates[0].PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
		return errWeakKey
	}
	return nil
}

func tlsName(state tls.ConnectionState) string {
	return tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
}

// dial connects, and encrypts unless the login will do that. raw is the connection
// below conn.
func dial(ctx context.Context, to endpoint, cfg Config) (raw, conn net.Conn, err error) {
	limits := cfg.Timeouts
	dialer := net.Dialer{Timeout: limits.Dial, Resolver: cfg.Resolver}
	raw, err = dialer.DialContext(ctx, "tcp", to.address)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, nil, contextError(ctx, to.address)
	case isUnknown(err):
		return nil, nil, permanent(err, "check the name of the domain controller", "cannot connect to %s", to.address)
	case err != nil:
		return nil, nil, unreachable(err, "check the name, the port and the firewall: 636 is LDAPS, 389 is LDAP with StartTLS", "cannot connect to %s", to.address)
	}
	if to.tls == nil {
		return raw, raw, nil
	}
	// One limit for StartTLS and handshake: each could otherwise wait for ever.
	limited, cancel := context.WithTimeout(ctx, limits.Handshake)
	defer cancel()
	conn, err = encrypt(limited, raw, to)
	if err == nil {
		return raw, conn, nil
	}
	_ = raw.Close()
	switch {
	case ctx.Err() != nil:
		err = contextError(ctx, to.address)
	case limited.Err() != nil:
		err = unreachable(nil, "is this the right port? 636 is LDAPS, 389 is LDAP with StartTLS", "%s did not finish the TLS handshake within %s", to.address, limits.Handshake)
	}
	return nil, nil, err
}

// encrypt makes a TLS connection of raw, which is closed when ctx ends first.
func encrypt(ctx context.Context, raw net.Conn, to endpoint) (*tls.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if to.startTLS {
		if err := startTLS(raw, to.address); err != nil {
			return nil, err
		}
	}
	conn := tls.Client(raw, to.tls)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, explainTLS(err, to)
	}
	return conn, ctx.Err()
}

// startTLS asks the server to go on with TLS. It reads its answer and not a
// byte more: what somebody may have put behind it must meet the TLS handshake,
// and fail there.
func startTLS(raw net.Conn, server string) error {
	const oid = "1.3.6.1.4.1.1466.20037"
	request := ber.NewSequence("LDAPMessage")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, "messageID"))
	extended := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tagExtendedRequest, nil, "ExtendedRequest")
	extended.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, oid, "requestName"))
	request.AppendChild(extended)
	if _, err := raw.Write(request.Bytes()); err != nil {
		return unreachable(err, "", "asking %s for StartTLS", server)
	}
	answer, err := readMessage(raw, nil, 4096)
	if err != nil {
		return unreachable(err, "is this the port of LDAP (389)? LDAPS (636) needs no StartTLS", "%s gave no answer to StartTLS", server)
	}
	m, err := parseMessage(answer)
	if err != nil || m.id != 1 || m.op != opExtendedResponse {
		return unreachable(err, "is this the port of LDAP (389)? LDAPS (636) needs no StartTLS", "%s gave an answer to StartTLS that is none", server)
	}
	if m.code != 0 {
		return unreachable(nil, "nothing was sent unencrypted; the domain controller may lack a certificate, which a login with a ticket, or on Windows as the account that runs this, does not need", "%s refuses StartTLS: %s", server, codeName(m.code))
	}
	return nil
}

func unreachable(err error, hint, format string, args ...any) error {
	return &source.Error{Code: source.CodeUnreachable, Message: fmt.Sprintf(format, args...), Hint: hint, Err: err}
}

// permanent is unreachable for a server that stays so until somebody acts.
func permanent(err error, hint, format string, args ...any) error {
	return &source.Error{Code: source.CodeUnreachable, Message: fmt.Sprintf(format, args...), Hint: hint, Permanent: true, Err: err}
}

// isUnknown says whether there is no server of that name.
func isUnknown(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// contextError says that the caller's context ended the wait.
func contextError(ctx context.Context, server string) error {
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	return unreachable(ctx.Err(), "give it more time, or try again later", "%s took longer than the command may", server)
}
