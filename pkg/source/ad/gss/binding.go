package gss

import (
	"crypto"
	_ "crypto/sha256" // of certificates
	_ "crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"strings"
)

// Binding is the channel binding of a TLS connection (tls-server-end-point of
// RFC 5929): a login that is passed on over another connection does not fit it.
// It is nil where the certificate's signature names no hash.
func Binding(state tls.ConnectionState) []byte {
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	leaf := state.PeerCertificates[0]
	hash := bindingHash(leaf.SignatureAlgorithm)
	if hash == 0 {
		return nil
	}
	h := hash.New()
	h.Write(leaf.Raw)
	return h.Sum([]byte("tls-server-end-point:"))
}

// bindingHash is the hash of a certificate's signature; for MD5 and SHA-1 it is
// SHA-256.
func bindingHash(algorithm x509.SignatureAlgorithm) crypto.Hash {
	name := algorithm.String()
	switch {
	case strings.Contains(name, "SHA384"):
		return crypto.SHA384
	case strings.Contains(name, "SHA512"):
		return crypto.SHA512
	case strings.Contains(name, "SHA256"), strings.Contains(name, "SHA1"), strings.Contains(name, "MD5"):
		return crypto.SHA256
	}
	return 0
}
