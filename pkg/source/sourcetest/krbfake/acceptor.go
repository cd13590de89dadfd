package krbfake

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Acceptor is the service's side of one login. Its fields are set before the first
// step.
type Acceptor struct {
	// Layers are the security layers that are offered; default 7, all of them.
	// Limit is the longest token that is taken; default 65,536.
	Layers byte
	Limit  int
	// Binding, where set, is the channel binding that the client has to send.
	Binding []byte
	// Refuse, where set, is a code of RFC 4120 in place of the proof.
	Refuse int32
	// NoSubkey goes on with the ticket's key.
	NoSubkey bool
	// WrongProof proves the knowledge of another login.
	WrongProof bool
	// Edit, where set, sees the Nth sealed token with the number of bytes before
	// it, from 0, and returns what is sent in its place.
	Edit func(n int, token []byte) []byte

	kdc   *KDC
	step  int
	kind  etype.EType
	key   []byte
	flags byte // of the tokens that are sent
	send  uint64
	take  uint64
	chunk int
	sent  int

	Client string // who has logged in
	Layer  byte   // the layer that was chosen
	Most   int    // the longest token that the client takes
}

// Accept makes the service's side of a login.
func (k *KDC) Accept() *Acceptor { return &Acceptor{kdc: k, Layers: 7, Limit: 65536} }

const (
	usageAPRep         = 12
	usageFromAcceptor  = 22
	usageFromInitiator = 24
)

// ErrRefused is a token that does not hold.
var ErrRefused = errors.New("refused")

func (a *Acceptor) refuse(why string) ([]byte, bool, error) {
	return nil, false, fmt.Errorf("%w: %s", ErrRefused, why)
}

// Step takes the client's token and returns the answer; done says that the client
// is logged in.
func (a *Acceptor) Step(token []byte) (reply []byte, done bool, err error) {
	a.step++
	switch a.step {
	case 1:
		return a.accept(token)
	case 2:
		if len(token) > 0 {
			return a.refuse("something where nothing is due")
		}
		offer := binary.BigEndian.AppendUint32(nil, uint32(a.Limit))
		offer[0] = a.Layers
		return a.wrap(offer), false, nil
	case 3:
		answer, sealed, err := a.Open(token)
		if err != nil || sealed || len(answer) != 4 {
			return a.refuse("no answer to the offer of layers")
		}
		a.Layer, a.Most = answer[0], int(binary.BigEndian.Uint32(answer)&0xffffff)
		if a.Layer&a.Layers == 0 || a.Layer == 1 && a.Most != 0 {
			return a.refuse("a layer that was not offered")
		}
		a.chunk = min(a.Most, 16<<10) - 60
		return nil, true, nil
	}
	return a.refuse("a step too many")
}

// accept takes the ticket and proves that it could be read.
func (a *Acceptor) accept(token []byte) ([]byte, bool, error) {
	if a.Refuse != 0 {
		e := messages.NewKRBError(types.PrincipalName{NameType: 1, NameString: []string{"ldap"}}, a.kdc.opts.Realm, a.Refuse, "")
		return frame(0x0300, must(e.Marshal())), false, nil
	}
	body, ok := unframe(token, 0x0100)
	var request messages.APReq
	if !ok || request.Unmarshal(body) != nil || request.Ticket.DecryptEncPart(a.kdc.keys, nil) != nil {
		return a.refuse("no ticket of this realm")
	}
	session := request.Ticket.DecryptedEncPart.Key
	if request.DecryptAuthenticator(session) != nil {
		return a.refuse("no authenticator")
	}
	auth := request.Authenticator
	sum := auth.Cksum.Checksum
	if auth.Cksum.CksumType != 0x8003 || len(sum) != 24 || binary.LittleEndian.Uint32(sum) != 16 {
		return a.refuse("no checksum of the GSS-API")
	}
	if want := bindingHash(a.Binding); a.Binding != nil && !bytes.Equal(sum[4:20], want) {
		return a.refuse("another channel binding")
	}
	if flags := binary.LittleEndian.Uint32(sum[20:]); flags&0x10 == 0 {
		a.Layers &^= 4 // without confidentiality nothing is sealed
	}
	a.Client = auth.CName.PrincipalNameString() + "@" + auth.CRealm
	a.take = uint64(auth.SeqNumber)
	a.send = 0xfffffff0 // goes beyond 32 bits soon
	proof := messages.EncAPRepPart{CTime: auth.CTime, Cusec: auth.Cusec, SequenceNumber: int64(a.send)}
	if a.WrongProof {
		proof.Cusec = (proof.Cusec + 1) % 1000000
	}
	kind, err := crypto.GetEtype(session.KeyType)
	if err != nil {
		return nil, false, err
	}
	key := session
	a.flags = 1
	if !a.NoSubkey {
		if key, err = types.GenerateEncryptionKey(kind); err != nil {
			return nil, false, err
		}
		proof.Subkey = key
		a.flags |= 4
	}
	a.kind, a.key = kind, key.KeyValue
	plain := asn1tools.AddASNAppTag(must(asn1.Marshal(proof)), asnAppTag.EncAPRepPart)
	encrypted, err := crypto.GetEncryptedData(plain, session, usageAPRep, 0)
	if err != nil {
		return nil, false, err
	}
	answer := must(asn1.Marshal(messages.APRep{PVNO: 5, MsgType: 15, EncPart: encrypted}))
	return frame(0x0200, asn1tools.AddASNAppTag(answer, asnAppTag.APREP)), false, nil
}

func bindingHash(binding []byte) []byte {
	b := make([]byte, 16)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(binding)))
	sum := md5.Sum(append(b, binding...))
	return sum[:]
}

var oid = []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2}

func frame(id uint16, body []byte) []byte {
	inner := append(binary.BigEndian.AppendUint16(bytes.Clone(oid), id), body...)
	return append(append([]byte{0x60}, asn1tools.MarshalLengthBytes(len(inner))...), inner...)
}

func unframe(token []byte, id uint16) ([]byte, bool) {
	at := bytes.Index(token, oid)
	if len(token) < 2 || token[0] != 0x60 || at < 2 || at > 6 {
		return nil, false
	}
	rest := token[at+len(oid):]
	if len(rest) < 2 || binary.BigEndian.Uint16(rest) != id {
		return nil, false
	}
	return rest[2:], true
}

func (a *Acceptor) header(flags byte, ec, rrc int) []byte {
	h := []byte{5, 4, a.flags | flags, 0xff}
	h = binary.BigEndian.AppendUint16(h, uint16(ec))
	h = binary.BigEndian.AppendUint16(h, uint16(rrc))
	return binary.BigEndian.AppendUint64(h, a.send)
}

// rotate moves the last n bytes to the front, as often as n says.
func rotate(b []byte, n int) []byte {
	n %= len(b)
	return append(bytes.Clone(b[len(b)-n:]), b[:len(b)-n]...)
}

// wrap makes a token that is signed and readable, its checksum before the message
// as Windows and Samba have it.
func (a *Acceptor) wrap(message []byte) []byte {
	sum := must(a.kind.GetChecksumHash(a.key, append(bytes.Clone(message), a.header(0, 0, 0)...), usageFromAcceptor))
	token := append(a.header(0, len(sum), len(sum)), rotate(append(bytes.Clone(message), sum...), len(sum))...)
	a.send++
	return token
}

// Seal makes a sealed token, rotated by 28 bytes as Windows and Samba do.
func (a *Acceptor) Seal(message []byte) []byte { return a.SealWith(message, 0, 28) }

// SealWith makes a sealed token with so many filler bytes and so many rotations.
func (a *Acceptor) SealWith(message []byte, ec, rrc int) []byte {
	plain := append(append(bytes.Clone(message), make([]byte, ec)...), a.header(2, ec, 0)...)
	_, cipher, err := a.kind.EncryptMessage(a.key, plain, usageFromAcceptor)
	if err != nil {
		panic(err)
	}
	token := append(a.header(2, ec, rrc), rotate(cipher, rrc)...)
	a.send++
	return token
}

// Open takes the client's next token.
func (a *Acceptor) Open(token []byte) (message []byte, sealed bool, err error) {
	if len(token) < 16+12 || token[0] != 5 || token[1] != 4 || token[2]&1 != 0 || token[2]&4 != a.flags&4 ||
		binary.BigEndian.Uint64(token[8:]) != a.take || binary.BigEndian.Uint16(token[6:]) != 0 {
		return nil, false, fmt.Errorf("%w: not the token that is due", ErrRefused)
	}
	head, body, ec := token[:16], token[16:], int(binary.BigEndian.Uint16(token[4:]))
	if sealed = head[2]&2 != 0; sealed {
		plain, err := a.kind.DecryptMessage(a.key, body, usageFromInitiator)
		if err != nil || len(plain) < 16+ec || !bytes.Equal(plain[len(plain)-16:], head) {
			return nil, false, fmt.Errorf("%w: damaged", ErrRefused)
		}
		message = plain[:len(plain)-16-ec]
	} else {
		message = body[:len(body)-ec]
		clean := append(bytes.Clone(head[:4]), 0, 0, 0, 0)
		clean = append(clean, head[8:]...)
		if !bytes.Equal(body[len(body)-ec:], must(a.kind.GetChecksumHash(a.key, append(bytes.Clone(message), clean...), usageFromInitiator))) {
			return nil, false, fmt.Errorf("%w: damaged", ErrRefused)
		}
	}
	a.take++
	return message, sealed, nil
}

// Conn goes on with the layer that was chosen.
func (a *Acceptor) Conn(conn net.Conn) net.Conn {
	if a.Layer != 4 {
		return conn
	}
	return &sealed{Conn: conn, a: a}
}

// sealed is a sealed connection as the service sees it.
type sealed struct {
	net.Conn
	a      *Acceptor
	opened []byte
}

func (s *sealed) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), s.a.chunk)
		token := s.a.Seal(rest[:n])
		out := append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...)
		if s.a.Edit != nil {
			out = s.a.Edit(s.a.sent, out)
		}
		s.a.sent++
		if _, err := s.Conn.Write(out); err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(p), nil
}

func (s *sealed) Read(p []byte) (int, error) {
	for len(s.opened) == 0 {
		var head [4]byte
		if _, err := io.ReadFull(s.Conn, head[:]); err != nil {
			return 0, err
		}
		n := int(binary.BigEndian.Uint32(head[:]))
		if n > s.a.Limit {
			return 0, fmt.Errorf("%w: a token of %d bytes", ErrRefused, n)
		}
		token := make([]byte, n)
		if _, err := io.ReadFull(s.Conn, token); err != nil {
			return 0, err
		}
		message, isSealed, err := s.a.Open(token)
		if err != nil || !isSealed {
			return 0, fmt.Errorf("%w: not sealed", ErrRefused)
		}
		s.opened = message
	}
	n := copy(p, s.opened)
	s.opened = s.opened[n:]
	return n, nil
}
