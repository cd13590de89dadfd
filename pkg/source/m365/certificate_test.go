package m365

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// Certificates as people have them, and when they end.
func TestCertificateShapes(t *testing.T) {
	own := certificate(t)
	key, cert := own[:strings.Index(own, "-----BEGIN CERT")], own[strings.Index(own, "-----BEGIN CERT"):]
	block, _ := pem.Decode([]byte(key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(parsed.(*rsa.PrivateKey))}))
	authority := authorityCertificate(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: ecDER}))
	encrypted := string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: block.Bytes}))
	for name, c := range map[string]struct {
		text string
		good bool
	}{
		"key first":           {key + cert, true},
		"certificate first":   {cert + key, true},
		"PKCS#1":              {pkcs1 + cert, true},
		"authority first":     {authority + cert + key, true},
		"authority last":      {key + cert + authority, true},
		"DOS":                 {strings.ReplaceAll(own, "\n", "\r\n"), true},
		"attributes":          {"Bag Attributes\n    friendlyName: qpimport\n" + key + "Bag Attributes\nsubject=CN = qpimport\n" + cert, true},
		"in one line":         {strings.ReplaceAll(own, "\n", `\n`), true},
		"base64 of PEM":       {base64.StdEncoding.EncodeToString([]byte(own)), true},
		"indented":            {"  " + strings.ReplaceAll(strings.TrimSpace(own), "\n", "\n  "), true},
		"spaces for newlines": {strings.ReplaceAll(own, "\n", " "), false},
		"twice":               {key + cert + cert, true},
		"another key's":       {key + authority, false},
		"no RSA key":          {ecKey + cert, false},
		"encrypted":           {encrypted + cert, false},
		"alone":               {cert, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, config, _ := start(t, people(1))
			config.ClientSecret, config.Certificate = nil, secret(c.text)
			x, err := open(t, config).Examine(t.Context())
			if c.good && (err != nil || len(x.Ends) != 1 || time.Until(x.Ends[0].At).Round(time.Hour) != time.Hour) {
				t.Errorf("%+v, %v", x.Ends, err)
			}
			if !c.good && source.CodeOf(err) != source.CodeUsage {
				t.Errorf("%v", err)
			}
		})
	}
}

// Where the sign-in service refuses a certificate that has ended, that is why.
func TestCertificateThatEnded(t *testing.T) {
	o := people(1)
	signInFault(401, "invalid_client", 700027)(&o, nil)
	_, config, _ := start(t, o)
	config.ClientSecret, config.Certificate = nil, secret(certificateUntil(t, time.Date(2025, 5, 6, 7, 8, 9, 0, time.UTC)))
	fails(t, config, source.CodeCredentials, "ended on 2025-05-06T07:08:09Z")
	config.Certificate = secret(certificate(t))
	fails(t, config, source.CodeCredentials, "AADSTS700027")
}

// authorityCertificate is one of another key that is good for longer.
func authorityCertificate(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(1000 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
