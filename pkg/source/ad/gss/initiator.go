package gss

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what RFC 4121 has for channel bindings
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// The flags of the GSS-API that are asked for (RFC 4121, 4.1.1). Without
// confidentiality nothing could be sealed; with replay and sequence the acceptor
// checks our numbers.
const (
	flagMutual   = 2
	flagReplay   = 4
	flagSequence = 8
	flagConf     = 16
	flagInteg    = 32
)

// What a token of the Kerberos mechanism begins with (RFC 4121, 4.1).
const (
	tokenAPReq = 0x0100
	tokenAPRep = 0x0200
	tokenError = 0x0300
)

const (
	usageAPRep = 12

	optionMutual = 2 // bit of the AP options
)

var kerberosOID = asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}

// initiator is the Kerberos mechanism's side of who logs in.
type initiator struct {
	ticket  *Ticket
	binding []byte
	seal    bool

	sent   *types.Authenticator // nil until the first step
	tokens *tokens              // nil until the acceptor has proved who it is
}

// Initiate begins a context with a ticket. binding is that of the connection
// below, nil for none; seal says whether messages are to be sealed.
func (t *Ticket) Initiate(binding []byte, seal bool) Context {
	return &initiator{ticket: t, binding: binding, seal: seal}
}

func (i *initiator) Name() string { return i.ticket.client() }
func (i *initiator) Close()       {}

func (i *initiator) Overhead() int {
	if i.tokens == nil {
		return 0
	}
	return i.tokens.overhead()
}

func (i *initiator) Wrap(message []byte, seal bool) ([]byte, error) {
	if i.tokens == nil {
		return nil, errNotYet
	}
	return i.tokens.wrap(message, seal)
}

func (i *initiator) Unwrap(token []byte) ([]byte, bool, error) {
	if i.tokens == nil {
		return nil, false, errNotYet
	}
	return i.tokens.unwrap(token)
}

var errNotYet = errors.New("the login has not ended")

func (i *initiator) Step(token []byte) (out []byte, done bool, err error) {
	defer func() {
		if recover() != nil { // the library trusts what it decodes
			out, done, err = nil, false, errors.New("the server's ticket exchange is damaged")
		}
	}()
	switch {
	case i.tokens != nil:
		return nil, false, errors.New("the server goes on after the end of the ticket exchange")
	case i.sent == nil && token == nil:
		out, err = i.request()
		return out, false, err
	case i.sent == nil || len(token) == 0:
		return nil, false, errors.New("the server does not prove who it is")
	}
	err = i.reply(token)
	return nil, err == nil, err
}

// request makes the AP-REQ.
func (i *initiator) request() ([]byte, error) {
	auth, err := types.NewAuthenticator(i.ticket.realm, i.ticket.name)
	if err != nil {
		return nil, err
	}
	auth.Cksum = types.Checksum{CksumType: chksumtype.GSSAPI, Checksum: i.checksum()}
	request, err := messages.NewAPReq(i.ticket.ticket, i.ticket.key, auth)
	if err != nil {
		return nil, fmt.Errorf("making the ticket exchange: %w", err)
	}
	types.SetFlag(&request.APOptions, optionMutual)
	body, err := request.Marshal()
	if err != nil {
		return nil, err
	}
	i.sent = &auth
	return frame(tokenAPReq, body)
}

// checksum is what the mechanism puts in place of a checksum: the channel
// binding's hash and the flags.
func (i *initiator) checksum() []byte {
	le := binary.LittleEndian
	sum := make([]byte, 24)
	le.PutUint32(sum, 16)
	if i.binding != nil {
		// Without addresses: four numbers of zero, then the length.
		text := le.AppendUint32(make([]byte, 16), uint32(len(i.binding)))
		hash := md5.Sum(append(text, i.binding...)) //nolint:gosec // as above
		copy(sum[4:20], hash[:])
	}
	flags := uint32(flagMutual | flagReplay | flagSequence | flagInteg)
	if i.seal {
		flags |= flagConf
	}
	le.PutUint32(sum[20:], flags)
	return sum
}

// frame puts a message of Kerberos in the frame of RFC 2743, 3.1.
func frame(id uint16, body []byte) ([]byte, error) {
	oid, err := asn1.Marshal(kerberosOID)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{
		Class: asn1.ClassApplication, Tag: 0, IsCompound: true,
		Bytes: append(binary.BigEndian.AppendUint16(oid, id), body...),
	})
}

// unframe takes that frame off.
func unframe(token []byte) (id uint16, body []byte, err error) {
	var whole asn1.RawValue
	rest, err := asn1.Unmarshal(token, &whole)
	if err != nil || len(rest) > 0 || whole.Class != asn1.ClassApplication || whole.Tag != 0 {
		return 0, nil, errFrame
	}
	var oid asn1.ObjectIdentifier
	body, err = asn1.Unmarshal(whole.Bytes, &oid)
	if err != nil || !oid.Equal(kerberosOID) || len(body) < 2 {
		return 0, nil, errFrame
	}
	return binary.BigEndian.Uint16(body), body[2:], nil
}

var errFrame = errors.New("the server's answer is no token of Kerberos")

// reply checks the acceptor's proof and takes its key.
func (i *initiator) reply(token []byte) error {
	id, body, err := unframe(token)
	if err != nil {
		return err
	}
	if id == tokenError {
		var refusal messages.KRBError
		if err := refusal.Unmarshal(body); err != nil {
			return errFrame
		}
		return i.ticket.explain(refusal)
	}
	var reply messages.APRep
	if id != tokenAPRep || reply.Unmarshal(body) != nil {
		return errFrame
	}
	kind, err := crypto.GetEtype(i.ticket.key.KeyType)
	if err != nil {
		return err
	}
	if len(reply.EncPart.Cipher) < kind.GetConfounderByteSize()+kind.GetHMACBitLength()/8 { // the library panics on too little
		return errProof
	}
	plain, err := crypto.DecryptEncPart(reply.EncPart, i.ticket.key, usageAPRep)
	if err != nil {
		return errProof
	}
	var proof messages.EncAPRepPart
	if err := proof.Unmarshal(plain); err != nil {
		return errProof
	}
	if proof.CTime.Unix() != i.sent.CTime.Unix() || proof.Cusec != i.sent.Cusec {
		return errProof
	}
	key, subkey := proof.Subkey, len(proof.Subkey.KeyValue) > 0
	if !subkey {
		key = i.ticket.key
	}
	key.KeyValue = bytes.Clone(key.KeyValue)
	i.tokens, err = newTokens(key, subkey, uint64(i.sent.SeqNumber), uint64(uint32(proof.SequenceNumber)))
	return err
}

var errProof = errors.New("the server could not prove that it is the one that the ticket is for")
