package source

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
)

// maxAuthorities is more than all authorities of a system take, in bytes.
const maxAuthorities = 16 << 20

// ErrNoCertificate is the error of a file in which there is none.
var ErrNoCertificate = errors.New("it holds no certificate")

// ReadAuthorities reads the certificates that are trusted: all that a file has as PEM,
// or one in DER or base64, as Windows exports it. Errors are those of the file, or
// [ErrNoCertificate].
func ReadAuthorities(path string) (*x509.CertPool, error) {
	data, err := ReadFile(path, maxAuthorities)
	if err != nil {
		return nil, err
	}
	data = unmarked(data)
	pool := x509.NewCertPool()
	if pool.AppendCertsFromPEM(data) {
		return pool, nil
	}
	if der, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(data))); err == nil {
		data = der
	}
	cert, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, ErrNoCertificate
	}
	pool.AddCert(cert)
	return pool, nil
}

// unmarked is PEM without the byte order mark that tools of Windows write, before
// which a certificate would not be seen, and without what UTF-16 has beyond ASCII.
func unmarked(data []byte) []byte {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if text, ok := bytes.CutPrefix(data, []byte(mark)); ok {
			return bytes.ReplaceAll(text, []byte{0}, nil)
		}
	}
	return bytes.TrimPrefix(data, []byte("\uFEFF"))
}
