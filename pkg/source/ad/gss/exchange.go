package gss

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/qpimport/qpimport/pkg/source"
)

// grant is a ticket with the key that goes with it.
type grant struct {
	ticket messages.Ticket
	key    types.EncryptionKey
}

// exchange gets tickets for who logs in: the exchanges of RFC 4120, 3.1 and 3.3. Of
// keys and phrase, the password, one is set, or neither where there is a ticket already.
type exchange struct {
	*Ticket // that is made
	kdcs    *kdcs
	keys    keys
	phrase  source.Secret
}

// kinds are the kinds of keys that are used: AES, the longer one first.
func kinds() []int32 { return []int32{18, 17} }

// settings are what the library makes requests with, for keys of these kinds.
func settings(kinds []int32) *config.Config {
	cfg := config.New()
	d := &cfg.LibDefaults
	d.DefaultTktEnctypeIDs, d.DefaultTGSEnctypeIDs, d.PermittedEnctypeIDs = kinds, kinds, kinds
	return cfg
}

// login gets a ticket-granting ticket for a key or a password. The proof of it is
// sent once: more tries may lock the account.
func (x *exchange) login(ctx context.Context) (grant, error) {
	held := kinds()
	if x.keytab {
		held = slices.DeleteFunc(held, func(kind int32) bool { return x.keys.of(x.name, x.realm, kind) == nil })
		if len(held) == 0 {
			return grant{}, x.noKey()
		}
	}
	request, err := messages.NewASReqForTGT(x.realm, settings(held), x.name)
	if err != nil {
		return grant{}, err
	}
	answer, err := x.send(ctx, request.Marshal)
	var refusal messages.KRBError
	var hints types.PADataSequence
	proved := false
	if errors.As(err, &refusal) && refusal.ErrorCode == errorcode.KDC_ERR_PREAUTH_REQUIRED {
		if hints.Unmarshal(refusal.EData) != nil {
			return grant{}, unusable(x.realm)
		}
		proof, err := x.proof(hints, held)
		if err != nil {
			return grant{}, err
		}
		request.PAData = types.PADataSequence{proof}
		x.kdcs.settle(x.realm)
		proved = true
		answer, err = x.send(ctx, request.Marshal)
		if ctx.Err() == nil && source.CodeOf(err) == source.CodeUnreachable {
			return grant{}, unreachable(fmt.Errorf("%w: %w", ErrProved, err), "try again later, and not often: more tries may lock the account", "the login of %s", x.client())
		}
		if err != nil {
			return grant{}, x.explain(err)
		}
	} else if err != nil {
		return grant{}, x.explain(err)
	}
	return x.granted(answer, request, hints, held, proved)
}

// ErrProved says that a KDC has the proof of a password and did not answer to it: to try
// elsewhere would be another try.
var ErrProved = errors.New("the KDC did not answer to the proof of the password")

// send asks the KDC of the account's realm.
func (x *exchange) send(ctx context.Context, marshal func() ([]byte, error)) ([]byte, error) {
	message, err := marshal()
	if err != nil {
		return nil, err
	}
	return x.kdcs.ask(ctx, x.realm, message)
}

// granted reads the answer to a login. Only who has the key can have made it.
func (x *exchange) granted(answer []byte, request messages.ASReq, hints types.PADataSequence, held []int32, proved bool) (grant, error) {
	var reply messages.ASRep
	if reply.Unmarshal(answer) != nil || !sameName(reply.CName, x.name) {
		return grant{}, unusable(x.realm)
	}
	if reply.CRealm != x.realm {
		return grant{}, usage("the realm is the domain's DNS name in capitals", "the realm of %s is spelled otherwise by its KDC", x.client())
	}
	if len(entries(reply.PAData)) > 0 {
		hints = reply.PAData
	}
	key, err := x.key(hints, slices.DeleteFunc(slices.Clone(held), func(kind int32) bool { return kind != reply.EncPart.EType }))
	if err != nil {
		return grant{}, err
	}
	part, err := opened(reply.EncPart, key, keyusage.AS_REP_ENCPART)
	if err != nil && !proved { // the domain does not ask the account for a proof
		return grant{}, x.explainCode(errorcode.KDC_ERR_PREAUTH_FAILED)
	}
	if err != nil || part.Nonce != request.ReqBody.Nonce || part.SRealm != x.realm || !sameName(part.SName, request.ReqBody.SName) {
		return grant{}, unusable(x.realm)
	}
	if time.Since(part.AuthTime).Abs() > 5*time.Minute {
		return grant{}, x.explainCode(errorcode.KRB_AP_ERR_SKEW)
	}
	x.name = reply.CName
	return grant{reply.Ticket, part.Key}, nil
}

// opened decrypts what a KDC tells the client alone.
func opened(sealed types.EncryptedData, key types.EncryptionKey, usage uint32) (part messages.EncKDCRepPart, err error) {
	kind, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		return part, err
	}
	if len(sealed.Cipher) < kind.GetConfounderByteSize()+kind.GetHMACBitLength()/8 { // the library panics on too little
		return part, errAnswer
	}
	plain, err := crypto.DecryptEncPart(sealed, key, usage)
	if err != nil {
		return part, err
	}
	return part, part.Unmarshal(plain)
}

// proof is the time, encrypted with the account's key.
func (x *exchange) proof(hints types.PADataSequence, held []int32) (types.PAData, error) {
	key, err := x.key(hints, held)
	if err != nil {
		return types.PAData{}, err
	}
	now, err := types.GetPAEncTSEncAsnMarshalled()
	if err != nil {
		return types.PAData{}, err
	}
	sealed, err := crypto.GetEncryptedData(now, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP, 0)
	if err != nil {
		return types.PAData{}, err
	}
	value, err := sealed.Marshal()
	return types.PAData{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: value}, err
}

// entries are the kinds of keys that a KDC takes, and how each is made of a password.
func entries(hints types.PADataSequence) types.ETypeInfo2 {
	for _, h := range hints {
		if h.PADataType == patype.PA_ETYPE_INFO2 {
			info, _ := h.GetETypeInfo2() // what cannot be read names none
			return info
		}
	}
	return nil
}

// key is the account's key, of the first of these kinds that the KDC takes. A KDC is
// not proved yet: what it asks for is done only where that gives nothing away.
func (x *exchange) key(hints types.PADataSequence, held []int32) (types.EncryptionKey, error) {
	offered := entries(hints)
	if len(offered) == 0 {
		for _, kind := range held {
			offered = append(offered, types.ETypeInfo2Entry{EType: kind})
		}
	}
	for _, offer := range offered {
		switch {
		case !slices.Contains(held, offer.EType):
		case x.keytab:
			return *x.keys.of(x.name, x.realm, offer.EType), nil
		default:
			return x.fromPassword(offer)
		}
	}
	return types.EncryptionKey{}, x.noKey()
}

// The rounds by which AES makes a key of a password: what it does of itself (RFC 3962),
// and with what more a KDC would only keep this computer at work.
const (
	minRounds = 4096
	maxRounds = 1 << 18
)

func (x *exchange) fromPassword(offer types.ETypeInfo2Entry) (types.EncryptionKey, error) {
	key := types.EncryptionKey{KeyType: offer.EType}
	kind, err := crypto.GetEtype(offer.EType)
	if err != nil {
		return key, err
	}
	params := kind.GetDefaultStringToKeyParams()
	if given := offer.S2KParams; len(given) > 0 {
		if len(given) != 4 || binary.BigEndian.Uint32(given) < minRounds || binary.BigEndian.Uint32(given) > maxRounds {
			return key, refused("does something pose as the domain controller? nothing was sent", "the KDC of the realm %s asks for a proof by which the password of %s could be guessed, or for endless work", x.realm, x.client())
		}
		params = hex.EncodeToString(given)
	}
	salt := offer.Salt
	if salt == "" {
		salt = x.name.GetSalt(x.realm)
	}
	key.KeyValue, err = kind.StringToKey(x.phrase.Reveal(), salt, params)
	return key, err
}

// noKey says that there is no key that is good enough.
func (x *exchange) noKey() error {
	if x.keytab {
		return refused("`klist -k -e FILE` lists what it holds; make it with AES keys, and name the account as it is there", "the keytab holds no AES key of %s", x.client())
	}
	return refused("set its password anew; the domain then makes AES keys of it", "%s has no AES key", x.client())
}

// maxReferrals is how many realms are gone through on the way to a service.
const maxReferrals = 6

// forService gets the ticket for the service. The KDC of the account's realm says which
// other one to ask; by is the realm that the configuration has for the service, "" for none.
func (x *exchange) forService(ctx context.Context, tgt grant, by string) (grant, error) {
	service := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, x.service)
	want, realm, cfg := service, x.realm, settings(kinds())
	if by != "" && by != realm {
		want = types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: []string{"krbtgt", by}}
	}
	for range maxReferrals {
		request, err := x.request(realm, cfg, tgt, want)
		if err != nil {
			return grant{}, err
		}
		message, err := request.Marshal()
		if err != nil {
			return grant{}, err
		}
		answer, err := x.kdcs.ask(ctx, realm, message)
		if err != nil {
			return grant{}, x.explain(err)
		}
		var reply messages.TGSRep
		if reply.Unmarshal(answer) != nil {
			return grant{}, unusable(realm)
		}
		if reply.DecryptedEncPart, err = opened(reply.EncPart, tgt.key, keyusage.TGS_REP_ENCPART_SESSION_KEY); err != nil {
			return grant{}, unusable(realm)
		}
		if _, err := reply.Verify(cfg, request); err != nil {
			if strings.Contains(err.Error(), "clock skew") {
				return grant{}, x.explainCode(errorcode.KRB_AP_ERR_SKEW)
			}
			return grant{}, unusable(realm)
		}
		tgt = grant{reply.Ticket, reply.DecryptedEncPart.Key}
		name := reply.DecryptedEncPart.SName
		switch parts := name.NameString; {
		case sameName(name, service):
			return tgt, nil
		case len(parts) == 2 && parts[0] == "krbtgt":
			want, realm = service, parts[1]
		default:
			return grant{}, unusable(realm)
		}
	}
	return grant{}, unusable(realm)
}

// request asks a realm for a ticket. The library would say that the account is of the
// realm that made the ticket which is shown, and on the third realm it is not.
func (x *exchange) request(realm string, cfg *config.Config, tgt grant, want types.PrincipalName) (messages.TGSReq, error) {
	request, err := messages.NewTGSReq(x.name, realm, cfg, tgt.ticket, tgt.key, want, false)
	if err != nil {
		return request, err
	}
	body, err := request.ReqBody.Marshal()
	if err != nil {
		return request, err
	}
	kind, err := crypto.GetEtype(tgt.key.KeyType)
	if err != nil {
		return request, err
	}
	sum, err := kind.GetChecksumHash(tgt.key.KeyValue, body, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR_CHKSUM)
	if err != nil {
		return request, err
	}
	who, err := types.NewAuthenticator(x.realm, x.name)
	if err != nil {
		return request, err
	}
	who.Cksum = types.Checksum{CksumType: kind.GetHashID(), Checksum: sum}
	proof, err := messages.NewAPReq(tgt.ticket, tgt.key, who)
	if err != nil {
		return request, err
	}
	value, err := proof.Marshal()
	request.PAData = types.PADataSequence{{PADataType: patype.PA_TGS_REQ, PADataValue: value}}
	return request, err
}

// sameName compares names as AD does, without a difference of case.
func sameName(a, b types.PrincipalName) bool {
	return strings.EqualFold(a.PrincipalNameString(), b.PrincipalNameString())
}
