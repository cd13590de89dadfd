package ldapfake

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Certificate says what a server certificate looks like. The zero value is one
// that a client trusts: for 127.0.0.1, localhost and dc1.corp.contoso.example,
// now, with a P-256 key.
type Certificate struct {
	Names               []string // DNS names and addresses
	CommonNameOnly      bool     // no names but the common name
	NotBefore, NotAfter time.Time
	SelfSigned          bool
	RSABits             int  // an RSA key of that size
	SHA1                bool // signed with SHA-1
	NegativeSerial      bool
	AuthorityEnded      bool // the authority's own certificate has expired
}

// CA signs certificates.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes an authority with a key of its own.
func NewCA() (*CA, error) { return newCA(time.Now().Add(24 * time.Hour)) }

func newCA(until time.Time) (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Fake CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &CA{cert, key}, err
}

// PEM is the authority's certificate.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// DER is the authority's certificate.
func (ca *CA) DER() []byte { return ca.cert.Raw }

// Issue makes and signs a certificate.
func (ca *CA) Issue(c Certificate) (tls.Certificate, error) {
	var key crypto.Signer
	var err error
	if c.RSABits > 0 {
		key, err = rsa.GenerateKey(rand.Reader, c.RSABits)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x7f), Subject: pkix.Name{CommonName: "dc1.corp.contoso.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if !c.NotBefore.IsZero() {
		template.NotBefore = c.NotBefore
	}
	if !c.NotAfter.IsZero() {
		template.NotAfter = c.NotAfter
	}
	names := c.Names
	if names == nil {
		names = []string{"127.0.0.1", "localhost", "dc1.corp.contoso.example"}
	}
	for _, name := range names {
		if c.CommonNameOnly {
			break
		}
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	if c.SHA1 {
		template.SignatureAlgorithm = x509.ECDSAWithSHA1
	}
	parent, signer := ca.cert, crypto.Signer(ca.key)
	if c.SelfSigned {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err == nil && c.NegativeSerial {
		der, err = ca.negate(der)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// negate makes the serial number 0x7f of a certificate negative, which the
// library would not write, and signs it again.
func (ca *CA) negate(der []byte) ([]byte, error) {
	var cert struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &cert); err != nil {
		return nil, err
	}
	tbs := cert.TBS.FullBytes
	for i := range tbs[:len(tbs)-2] {
		if tbs[i] == 0x02 && tbs[i+1] == 0x01 && tbs[i+2] == 0x7f {
			tbs[i+2] = 0xff
			break
		}
	}
	digest := sha256.Sum256(tbs)
	signature, err := ecdsa.SignASN1(rand.Reader, ca.key, digest[:])
	if err != nil {
		return nil, err
	}
	cert.TBS = asn1.RawValue{FullBytes: tbs}
	cert.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	return asn1.Marshal(cert)
}
