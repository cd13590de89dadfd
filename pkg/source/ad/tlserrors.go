package ad

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// explainTLS says in words why the server was not trusted, and what to do.
func explainTLS(err error, to endpoint) error {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
	)
	name := to.tls.ServerName
	switch {
	case errors.As(err, &host):
		if len(host.Certificate.DNSNames)+len(host.Certificate.IPAddresses) == 0 {
			return permanent(nil, "give the domain controller a certificate with a subject alternative name; a common name alone has not counted for years",
				"the certificate of %s holds no DNS name or address", to.address)
		}
		return untrusted(TopicServerName, "the certificate of %s is not for %q but for %s", to.address, name, certificateNames(host.Certificate))
	case errors.As(err, &verify) && forgeable(verify.UnverifiedCertificates[0]):
		return permanent(nil, "renew the certificate with SHA-256", "the certificate of %s is signed with %s, which can be forged", to.address, verify.UnverifiedCertificates[0].SignatureAlgorithm)
	case errors.As(err, &verify) && endedAbove(verify):
		return permanent(nil, "renew it and name the new one; if it is valid, compare the clocks", "the certificate of the authority that signed the one of %s has expired, or is not valid yet", to.address)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		cert := invalid.Cert
		if cert != nil && time.Now().Before(cert.NotBefore) {
			return unreachable(nil, "compare the clocks of both computers", "the certificate of %s is valid only from %s", to.address, cert.NotBefore.UTC().Format(time.RFC3339))
		}
		until := ""
		if cert != nil {
			until = " on " + cert.NotAfter.UTC().Format(time.RFC3339)
		}
		return permanent(nil, "renew the domain controller's certificate; if it is valid, compare the clocks", "the certificate of %s expired%s", to.address, until)
	case errors.As(err, &authority) && strings.Contains(authority.Error(), "while trying to verify candidate authority"):
		return untrusted(TopicAuthority, "the certificate of %s is signed by an authority that has the name of one that is trusted, with another key", to.address)
	case errors.As(err, &authority):
		return untrusted(TopicAuthority, "the certificate of %s is signed by an authority that is not trusted", to.address)
	case errors.As(err, &invalid):
		return permanent(invalid, "give the domain controller a certificate for server authentication", "the certificate of %s is not valid", to.address)
	case errors.Is(err, errWeakKey):
		return permanent(nil, "renew the certificate with a key of at least 2048 bits", "the certificate of %s has an RSA key of less than 2048 bits", to.address)
	case errors.As(err, &record):
		return permanent(nil, "is this the right port? 636 is LDAPS, 389 is LDAP with StartTLS", "%s does not answer with TLS", to.address)
	case strings.Contains(err.Error(), "failed to parse certificate"):
		return permanent(err, "give the domain controller a new certificate", "the certificate of %s cannot be read", to.address)
	case strings.Contains(err.Error(), "protocol version"): // ours, or the server's alert
		return permanent(nil, "enable TLS 1.2 on the domain controller; older versions are not used", "%s offers no TLS 1.2 or later", to.address)
	case strings.Contains(err.Error(), "handshake failure"): // the server's alert
		return permanent(nil, "enable ECDHE with AES on the domain controller; RSA key exchange is not used", "%s and this program have no cipher suite of TLS in common", to.address)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), isReset(err):
		return unreachable(nil, "is this the right port, and does the domain controller have a certificate? a login with a ticket, or on Windows as the account that runs this, needs none", "%s closed the connection during the TLS handshake", to.address)
	}
	return unreachable(err, "is it a domain controller, and does something between here and there end the TLS connection?", "no TLS connection to %s", to.address)
}

// What errors are about: a certificate that is for a server of another name, or
// signed by an authority that nothing here trusts.
const (
	TopicServerName source.Topic = "server_name"
	TopicAuthority  source.Topic = "authority"
)

// untrusted is a certificate that is right once the connection says what to
// expect of it.
func untrusted(topic source.Topic, format string, args ...any) error {
	return &source.Error{Code: source.CodeUnreachable, Topic: topic, Message: fmt.Sprintf(format, args...), Permanent: true}
}

// forgeable says whether a certificate is signed in a way that Go refuses. It
// reports that as an unknown authority.
func forgeable(cert *x509.Certificate) bool {
	switch cert.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// endedAbove says whether it is the certificate of an authority that is out of time.
func endedAbove(err *tls.CertificateVerificationError) bool {
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid):
		return invalid.Reason == x509.Expired && invalid.Cert != nil && !invalid.Cert.Equal(err.UnverifiedCertificates[0])
	case errors.As(err, &authority): // what it knows of the cause is in its text alone
		return strings.Contains(authority.Error(), "has expired or is not yet valid")
	}
	return false
}

// isReset says whether the network, and not TLS, ended the handshake.
func isReset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "read" || op.Op == "write")
}

// certificateNames lists whom a certificate is for, the first few names.
func certificateNames(cert *x509.Certificate) string {
	var names []string
	for _, n := range cert.DNSNames {
		names = append(names, fmt.Sprintf("%.100q", n))
	}
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > 5 {
		names = append(names[:5], "others")
	}
	return strings.Join(names, ", ")
}
