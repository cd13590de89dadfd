package gss

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/qpimport/qpimport/pkg/source"
)

// Kerberos says who logs in, and who gives out the tickets: by Keytab or Password, or
// where neither is set by the credential cache.
type Kerberos struct {
	Principal string // NAME@REALM; may be "" with a cache, which names its own
	Keytab    []byte // the content of a keytab
	Password  source.Secret
	Cache     string // as KRB5CCNAME has it: FILE:PATH, or a path; "" is the user's own

	Config   string        // paths of krb5.conf, as KRB5_CONFIG lists them; "" for none
	KDCs     []string      // HOST[:PORT] of those of the principal's realm, in place of Config; none: by DNS
	Resolver *net.Resolver // asks DNS; nil is the system's
}

// Ticket is a proof of who somebody is, for one service.
type Ticket struct {
	realm   string
	name    types.PrincipalName
	service string
	ticket  messages.Ticket
	key     types.EncryptionKey
	keytab  bool // whether a keytab is what proves it
}

func (t *Ticket) client() string { return t.name.PrincipalNameString() + "@" + t.realm }

// Ticket logs in, once, and gets the ticket for a service, such as
// ldap/dc1.corp.example. Errors are [source.Error], or the context's.
func (k Kerberos) Ticket(ctx context.Context, service string) (t *Ticket, err error) {
	defer func() {
		if recover() != nil { // the library trusts what it decodes
			t, err = nil, unreachable(nil, "try again", "the answer of the KDC is damaged")
		}
	}()
	t = &Ticket{service: service, keytab: k.Keytab != nil}
	x := &exchange{Ticket: t, phrase: k.Password}
	var own *cache
	switch {
	case k.Keytab == nil && x.phrase.Reveal() == "":
		if own, err = k.cache(); err != nil {
			return nil, err
		}
		t.name, t.realm = own.name, own.realm
	default:
		var name string
		name, t.realm = splitPrincipal(k.Principal)
		t.name = types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, name)
	}
	if t.keytab {
		if x.keys, err = readKeytab(k.Keytab); err != nil {
			return nil, err
		}
	}
	g, err := k.get(ctx, x, own)
	if err != nil {
		return nil, err
	}
	if !isAES(g.key.KeyType) {
		return nil, refused("allow AES for that account (msDS-SupportedEncryptionTypes), then set its password anew",
			"the ticket for %s is not made with AES but with RC4, which is broken", service)
	}
	t.ticket, t.key = g.ticket, g.key
	return t, nil
}

// get is the way to the ticket: from the cache, or by the tickets that a KDC grants.
func (k Kerberos) get(ctx context.Context, x *exchange, own *cache) (grant, error) {
	var tgt grant
	var err error
	if own != nil {
		if g, ok := own.grant(x.service, time.Now()); ok {
			return g, nil
		}
		if tgt, err = own.tgt(time.Now()); err != nil {
			return grant{}, err
		}
	}
	realm := ""
	if x.kdcs, realm, err = k.places(x.realm, x.service); err != nil {
		return grant{}, err
	}
	if own == nil {
		if tgt, err = x.login(ctx); err != nil {
			return grant{}, err
		}
	}
	return x.forService(ctx, tgt, realm)
}

// cache is the credential cache, which has to be that of the principal.
func (k Kerberos) cache() (*cache, error) {
	path := k.Cache
	if path == "" {
		path = defaultCache()
		if err := ownCache(path); err != nil {
			return nil, err
		}
	}
	c, err := openCache(path)
	if err != nil {
		return nil, err
	}
	name, realm := splitPrincipal(k.Principal)
	if own := c.name.PrincipalNameString(); k.Principal != "" && (!strings.EqualFold(name, own) || !strings.EqualFold(realm, c.realm)) {
		return nil, usage("`kinit` gets a ticket for another one; or leave the principal out", "the credential cache %s is that of %s@%s, not of %s", c.path, own, c.realm, k.Principal)
	}
	return c, nil
}

// splitPrincipal takes NAME@REALM apart at the last @. AD writes realms in
// capitals.
func splitPrincipal(principal string) (name, realm string) {
	at := strings.LastIndexByte(principal, '@')
	if at < 0 {
		return principal, ""
	}
	return principal[:at], strings.ToUpper(principal[at+1:])
}

// places says where the KDCs are, and in which realm the service is, "" where nothing
// tells.
func (k Kerberos) places(realm, service string) (*kdcs, string, error) {
	at := &kdcs{resolver: k.Resolver, dns: true, known: map[string][]string{}}
	if len(k.KDCs) > 0 {
		for _, kdc := range k.KDCs {
			at.known[strings.ToUpper(realm)] = append(at.known[strings.ToUpper(realm)], withPort(kdc))
		}
		return at, "", nil
	}
	if k.Config == "" {
		return at, "", nil
	}
	conf, err := readConf(k.Config)
	if err != nil {
		return nil, "", err
	}
	at.known, at.dns = conf.kdcs, !conf.noDNS
	_, host, _ := strings.Cut(service, "/")
	return at, conf.realmOf(host), nil
}
