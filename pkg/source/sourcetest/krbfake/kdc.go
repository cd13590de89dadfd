// Package krbfake is a KDC on the wire and the acceptor's side of a login by its
// tickets, for tests: AS and TGS exchange over TCP (RFC 4120), the Kerberos
// mechanism of the GSS-API (RFC 4121), and the security layer of SASL GSSAPI (RFC
// 4752). It is written from these documents and shares no code with the client
// that it tests, but for the library that encodes and encrypts.
package krbfake

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Options say whom the KDC knows and how it behaves.
type Options struct {
	Realm string // default CORP.CONTOSO.EXAMPLE
	// Accounts are names, told apart by case, with their passwords.
	Accounts map[string]string
	// Services are those that tickets are given for; default
	// ldap/dc1.corp.contoso.example.
	Services []string
	// Refer names for services the realm that knows more of them; Trusts are the realms
	// whose word for an account is taken.
	Refer  map[string]string
	Trusts []string
	// Kind is the number of the encryption of all keys; default 18, AES-256.
	Kind int32
	// Refuse gives accounts and services the code of RFC 4120 that they are refused
	// with.
	Refuse map[string]int32
	// Life is how long a ticket is good; default an hour.
	Life time.Duration
	// Edit, where set, sees each answer and returns what is sent instead.
	Edit func(answer []byte) []byte
	// Claim, where set, is the length that answers are said to have, in bytes.
	Claim uint32
	// Offer, where set, is the kind of key that a login is asked for, in place of Kind,
	// and Params how it is made of a password.
	Offer  int32
	Params []byte
	// NoProof lets everybody have a ticket that the password opens, as AD does for
	// accounts that do not require Kerberos preauthentication.
	NoProof bool
	// KeyVersion is the number of the accounts' keys; default 1.
	KeyVersion int
}

// KDC is a running fake.
type KDC struct {
	opts   Options
	keys   *keytab.Keytab // of the ticket-granting service and the services
	listen net.Listener
	wg     sync.WaitGroup

	mu       sync.Mutex
	logins   int
	accounts map[string]types.EncryptionKey
}

// The numbers of RFC 4120 that a KDC encrypts with.
const (
	usageTimestamp = 1
	usageASRep     = 3
	usageTGSRep    = 8
)

const (
	codeUnknownClient  = 6
	codeUnknownService = 7
	codePreauthFailed  = 24
	codePreauthNeeded  = 25
	codeBadTicket      = 31
	codeOtherClient    = 36
)

// Start runs a KDC on a port of 127.0.0.1.
func Start(opts Options) (*KDC, error) {
	if opts.Realm == "" {
		opts.Realm = "CORP.CONTOSO.EXAMPLE"
	}
	if opts.Services == nil {
		opts.Services = []string{"ldap/dc1.corp.contoso.example"}
	}
	if opts.Kind == 0 {
		opts.Kind = 18
	}
	if opts.Offer == 0 {
		opts.Offer = opts.Kind
	}
	if opts.KeyVersion == 0 {
		opts.KeyVersion = 1
	}
	if opts.Life == 0 {
		opts.Life = time.Hour
	}
	k := &KDC{opts: opts, keys: keytab.New(), accounts: map[string]types.EncryptionKey{}}
	for name, password := range opts.Accounts {
		key, _, err := crypto.GetKeyFromPassword(password, types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, name), opts.Realm, opts.Kind, types.PADataSequence{})
		if err != nil {
			return nil, err
		}
		k.accounts[name] = key
	}
	for _, service := range append([]string{"krbtgt/" + opts.Realm}, opts.Services...) {
		if err := k.keys.AddEntry(service, opts.Realm, "key of "+service, time.Now(), 1, opts.Kind); err != nil {
			return nil, err
		}
	}
	cross := func(realm, issuer string) error {
		return k.keys.AddEntry("krbtgt/"+realm, issuer, "key of krbtgt/"+realm, time.Now(), 1, opts.Kind)
	}
	for _, next := range opts.Refer {
		if err := cross(next, opts.Realm); err != nil {
			return nil, err
		}
	}
	for _, issuer := range opts.Trusts {
		if err := cross(opts.Realm, issuer); err != nil {
			return nil, err
		}
	}
	var err error
	if k.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	k.wg.Go(func() {
		for {
			conn, err := k.listen.Accept()
			if err != nil {
				return
			}
			k.wg.Go(func() { k.serve(conn) })
		}
	})
	return k, nil
}

// Addr is HOST:PORT of the KDC.
func (k *KDC) Addr() string { return k.listen.Addr().String() }

// Logins says how many passwords or keys were tried.
func (k *KDC) Logins() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.logins
}

// Close ends the KDC.
func (k *KDC) Close() {
	k.listen.Close()
	k.wg.Wait()
}

// Keytab is a keytab with the key of an account.
func (k *KDC) Keytab(account, password string) ([]byte, error) {
	keys := keytab.New()
	if err := keys.AddEntry(account, k.opts.Realm, password, time.Now(), 1, k.opts.Kind); err != nil {
		return nil, err
	}
	return keys.Marshal()
}

// serve answers one request.
func (k *KDC) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return
	}
	request := make([]byte, min(binary.BigEndian.Uint32(head[:]), 1<<20))
	if _, err := io.ReadFull(conn, request); err != nil {
		return
	}
	answer := k.answer(request)
	if k.opts.Edit != nil {
		answer = k.opts.Edit(answer)
	}
	length := uint32(len(answer))
	if k.opts.Claim != 0 {
		length = k.opts.Claim
	}
	_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, length), answer...))
}

func (k *KDC) answer(request []byte) []byte {
	var as messages.ASReq
	if as.Unmarshal(request) == nil {
		return k.login(as)
	}
	var tgs messages.TGSReq
	if tgs.Unmarshal(request) == nil {
		return k.grant(tgs)
	}
	return nil
}

// refusal is a KRB-ERROR.
func (k *KDC) refusal(code int32, name types.PrincipalName, data []byte) []byte {
	e := messages.NewKRBError(name, k.opts.Realm, code, "")
	e.EData = data
	return must(e.Marshal())
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// login is the AS exchange.
func (k *KDC) login(r messages.ASReq) []byte {
	name := r.ReqBody.CName.PrincipalNameString()
	key, ok := k.accounts[name]
	switch code := k.opts.Refuse[name]; {
	case code != 0:
		return k.refusal(code, r.ReqBody.SName, nil)
	case !ok || r.ReqBody.Realm != k.opts.Realm:
		return k.refusal(codeUnknownClient, r.ReqBody.SName, nil)
	}
	proof, tried := k.timestamp(r.PAData, key)
	switch {
	case k.opts.NoProof:
	case !tried:
		info := must(asn1.Marshal(types.ETypeInfo2{{EType: k.opts.Offer, Salt: k.opts.Realm + strings.Join(r.ReqBody.CName.NameString, ""), S2KParams: k.opts.Params}}))
		methods := must(asn1.Marshal(types.PADataSequence{{PADataType: patype.PA_ENC_TIMESTAMP}, {PADataType: patype.PA_ETYPE_INFO2, PADataValue: info}}))
		return k.refusal(codePreauthNeeded, r.ReqBody.SName, methods)
	case !proof:
		return k.refusal(codePreauthFailed, r.ReqBody.SName, nil)
	}
	service := types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: []string{"krbtgt", k.opts.Realm}}
	fields := k.ticket(r.ReqBody, r.ReqBody.CName, k.opts.Realm, service, key, usageASRep)
	fields.MsgType = msgtype.KRB_AS_REP
	answer := messages.ASRep{KDCRepFields: fields}
	return must(answer.Marshal())
}

// timestamp checks the proof that a login has, if it has one.
func (k *KDC) timestamp(data types.PADataSequence, key types.EncryptionKey) (proof, tried bool) {
	for _, pa := range data {
		if pa.PADataType != patype.PA_ENC_TIMESTAMP {
			continue
		}
		k.mu.Lock()
		k.logins++
		k.mu.Unlock()
		var encrypted types.EncryptedData
		if encrypted.Unmarshal(pa.PADataValue) != nil {
			return false, true
		}
		_, err := crypto.DecryptEncPart(encrypted, key, usageTimestamp)
		return err == nil, true
	}
	return false, false
}

// grant is the TGS exchange.
func (k *KDC) grant(r messages.TGSReq) []byte {
	service := r.ReqBody.SName.PrincipalNameString()
	if code := k.opts.Refuse[service]; code != 0 {
		return k.refusal(code, r.ReqBody.SName, nil)
	}
	granted := r.ReqBody.SName
	next := k.opts.Refer[service]
	known := next != ""
	if known {
		granted = types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/"+next)
	}
	for _, s := range k.opts.Services {
		known = known || s == service
	}
	if !known {
		return k.refusal(codeUnknownService, r.ReqBody.SName, nil)
	}
	for _, pa := range r.PAData {
		var ap messages.APReq
		if pa.PADataType != patype.PA_TGS_REQ || ap.Unmarshal(pa.PADataValue) != nil {
			continue
		}
		if ap.Ticket.DecryptEncPart(k.keys, nil) != nil || ap.DecryptAuthenticator(ap.Ticket.DecryptedEncPart.Key) != nil {
			break
		}
		client := ap.Ticket.DecryptedEncPart
		if ap.Authenticator.CRealm != client.CRealm || !ap.Authenticator.CName.Equal(client.CName) {
			return k.refusal(codeOtherClient, r.ReqBody.SName, nil)
		}
		fields := k.ticket(r.ReqBody, client.CName, client.CRealm, granted, client.Key, usageTGSRep)
		fields.MsgType = msgtype.KRB_TGS_REP
		answer := messages.TGSRep{KDCRepFields: fields}
		return must(answer.Marshal())
	}
	return k.refusal(codeBadTicket, r.ReqBody.SName, nil)
}

// ticket makes a ticket for a service, and what tells the client its key.
func (k *KDC) ticket(r messages.KDCReqBody, client types.PrincipalName, realm string, service types.PrincipalName, key types.EncryptionKey, usage uint32) messages.KDCRepFields {
	now := time.Now().UTC().Truncate(time.Second)
	until := now.Add(k.opts.Life)
	flags := types.NewKrbFlags()
	ticket, session, err := messages.NewTicket(client, realm, service, k.opts.Realm, flags, k.keys, k.opts.Kind, 1, now, now, until, until)
	if err != nil {
		panic(err)
	}
	part := messages.EncKDCRepPart{
		Key: session, LastReqs: []messages.LastReq{{LRValue: now}}, Nonce: r.Nonce, Flags: flags,
		AuthTime: now, StartTime: now, EndTime: until, RenewTill: until, SRealm: k.opts.Realm, SName: service,
	}
	encrypted, err := crypto.GetEncryptedData(must(part.Marshal()), key, usage, k.opts.KeyVersion)
	if err != nil {
		panic(err)
	}
	return messages.KDCRepFields{PVNO: iana.PVNO, CRealm: realm, CName: client, Ticket: ticket, EncPart: encrypted}
}
