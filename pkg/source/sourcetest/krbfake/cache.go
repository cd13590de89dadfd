package krbfake

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Cache is a credential cache with a ticket-granting ticket of an account that is good
// until a time.
func (k *KDC) Cache(account string, until time.Time) ([]byte, error) {
	return k.CacheFor(account, "krbtgt/"+k.opts.Realm, until)
}

// CacheFor is a credential cache (version 4 of MIT's format) with a ticket of an
// account for a service. Where that is unknown nobody can read the ticket.
func (k *KDC) CacheFor(account, name string, until time.Time) ([]byte, error) {
	client := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, account)
	service := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, name)
	begin := until.Add(-2 * time.Hour)
	keys := keytab.New()
	if err := keys.AddEntry(name, k.opts.Realm, "key of "+name, begin, 1, k.opts.Kind); err != nil {
		return nil, err
	}
	ticket, key, err := messages.NewTicket(client, k.opts.Realm, service, k.opts.Realm, types.NewKrbFlags(), keys, k.opts.Kind, 1, begin, begin, until, until)
	if err != nil {
		return nil, err
	}
	encoded, err := ticket.Marshal()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	num := func(v any) { _ = binary.Write(&b, binary.BigEndian, v) }
	data := func(v []byte) {
		num(uint32(len(v)))
		b.Write(v)
	}
	principal := func(p types.PrincipalName) {
		num(uint32(p.NameType))
		num(uint32(len(p.NameString)))
		data([]byte(k.opts.Realm))
		for _, part := range p.NameString {
			data([]byte(part))
		}
	}
	b.Write([]byte{5, 4, 0, 12, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0}) // version, no offset to the KDC's clock
	principal(client)
	principal(client)
	principal(service)
	num(uint16(key.KeyType))
	data(key.KeyValue)
	for _, t := range []time.Time{begin, begin, until, until} {
		num(uint32(t.Unix()))
	}
	b.WriteByte(0)              // not a key of a user
	b.Write([]byte{0, 0, 0, 0}) // flags
	num(uint32(0))              // addresses
	num(uint32(0))              // authorization data
	data(encoded)
	data(nil)
	return b.Bytes(), nil
}
