package gss

import (
	"bytes"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/types"
)

// The tokens of RFC 4121, 4.2.6.2:
//
//	05 04 | flags | FF | EC (2) | RRC (2) | sequence number (8) | …
//
// A sealed one goes on with the encryption of message, EC bytes and the header;
// an unsealed one with the message and a checksum of EC bytes. What follows the
// header may have been rotated to the right by RRC.
const (
	tokenHeader = 16

	flagAcceptor = 1 // sent by the acceptor
	flagSealed   = 2
	flagSubkey   = 4 // the acceptor's own key is used

	usageAcceptor  = 22
	usageInitiator = 24
)

// tokens makes the tokens of one side of a context and takes those of the other.
type tokens struct {
	etype  etype.EType
	key    []byte
	subkey byte // flagSubkey, or 0

	send, receive uint64 // the next sequence numbers
}

func newTokens(key types.EncryptionKey, subkey bool, send, receive uint64) (*tokens, error) {
	kind, err := crypto.GetEtype(key.KeyType)
	if err != nil || !isAES(key.KeyType) {
		return nil, errNotAES
	}
	if len(key.KeyValue) != kind.GetKeyByteSize() {
		return nil, errors.New("a key of another length than its kind has")
	}
	t := &tokens{etype: kind, key: key.KeyValue, send: send, receive: receive}
	if subkey {
		t.subkey = flagSubkey
	}
	return t, nil
}

// isAES says whether keys of this kind (RFC 3962) make the tokens of
// RFC 4121; RC4 makes others, and is broken.
func isAES(kind int32) bool { return kind == 17 || kind == 18 }

func (t *tokens) checksum() int { return t.etype.GetHMACBitLength() / 8 }

// overhead is by how much a sealed token is longer than its message: the header,
// what encryption begins and ends with, and the header within it.
func (t *tokens) overhead() int {
	return tokenHeader + t.etype.GetConfounderByteSize() + tokenHeader + t.checksum()
}

func header(flags byte, ec int, sequence uint64) []byte {
	h := make([]byte, tokenHeader)
	h[0], h[1], h[2], h[3] = 5, 4, flags, 0xff
	binary.BigEndian.PutUint16(h[4:], uint16(ec))
	binary.BigEndian.PutUint64(h[8:], sequence)
	return h
}

func (t *tokens) wrap(message []byte, seal bool) ([]byte, error) {
	flags := t.subkey
	if !seal {
		sum, err := t.etype.GetChecksumHash(t.key, append(bytes.Clone(message), header(flags, 0, t.send)...), usageInitiator)
		if err != nil {
			return nil, err
		}
		token := append(header(flags, len(sum), t.send), message...)
		t.send++
		return append(token, sum...), nil
	}
	flags |= flagSealed
	h := header(flags, 0, t.send)
	plain := append(append(make([]byte, 0, len(message)+len(h)), message...), h...)
	_, cipher, err := t.etype.EncryptMessage(t.key, plain, usageInitiator)
	if err != nil {
		return nil, err
	}
	t.send++
	return append(h, cipher...), nil
}

func (t *tokens) unwrap(token []byte) (message []byte, sealed bool, err error) {
	if len(token) < tokenHeader || token[0] != 5 || token[1] != 4 || token[3] != 0xff {
		return nil, false, errors.New("not a token")
	}
	flags, sequence := token[2], binary.BigEndian.Uint64(token[8:])
	sealed = flags&flagSealed != 0
	switch {
	case flags&flagAcceptor == 0:
		return nil, false, errors.New("it comes from this side")
	case flags&flagSubkey != t.subkey:
		return nil, false, errors.New("it is made with another key")
	case sequence != t.receive:
		return nil, false, fmt.Errorf("number %d where %d is due", sequence, t.receive)
	}
	ec, rrc := int(binary.BigEndian.Uint16(token[4:])), int(binary.BigEndian.Uint16(token[6:]))
	body := rotated(token[tokenHeader:], rrc)
	if sealed {
		message, err = t.unseal(body, token[:tokenHeader], ec)
	} else {
		message, err = t.verify(body, flags, ec)
	}
	if err != nil {
		return nil, false, err
	}
	t.receive++
	return message, sealed, nil
}

// unseal decrypts what follows the header. The header within is the outer one as
// it was before the rotation; it proves flags, length and number.
func (t *tokens) unseal(body, outer []byte, ec int) ([]byte, error) {
	if len(body) < t.overhead()-tokenHeader+ec { // the library panics on too little
		return nil, errors.New("too short")
	}
	plain, err := t.etype.DecryptMessage(t.key, body, usageAcceptor)
	if err != nil {
		return nil, errors.New("it was altered")
	}
	end := len(plain) - tokenHeader
	if end < ec {
		return nil, errors.New("too short")
	}
	want := bytes.Clone(outer)
	want[6], want[7] = 0, 0
	if !bytes.Equal(plain[end:], want) {
		return nil, errors.New("its header was altered")
	}
	return plain[:end-ec], nil
}

// verify checks a token that is signed and readable.
func (t *tokens) verify(body []byte, flags byte, ec int) ([]byte, error) {
	if ec != t.checksum() || len(body) < ec {
		return nil, errors.New("its checksum has another length")
	}
	message, sum := body[:len(body)-ec], body[len(body)-ec:]
	want, err := t.etype.GetChecksumHash(t.key, append(bytes.Clone(message), header(flags, 0, t.receive)...), usageAcceptor)
	if err != nil || !hmac.Equal(sum, want) {
		return nil, errors.New("it was altered")
	}
	return message, nil
}

// rotated undoes a rotation to the right by n bytes.
func rotated(b []byte, n int) []byte {
	if len(b) == 0 || n%len(b) == 0 {
		return b
	}
	n %= len(b)
	return append(bytes.Clone(b[n:]), b[:n]...)
}
