package gss

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/qpimport/qpimport/pkg/source"
)

// Kerberos says who logs in, and who gives out the tickets. Of Keytab, Password
// and Cache exactly one is set.
type Kerberos struct {
	Principal string // NAME@REALM; may be "" with a cache, which names its own
	Keytab    []byte // the content of a keytab
	Password  source.Secret
	Cache     string // as KRB5CCNAME has it: FILE:PATH, or a path

	Config string   // path of a krb5.conf; "" for none
	KDCs   []string // HOST[:PORT] of those of the principal's realm, in place of Config; none: by DNS
}

// Ticket is a proof of who somebody is, for one service.
type Ticket struct {
	realm   string
	name    types.PrincipalName
	service string
	ticket  messages.Ticket
	key     types.EncryptionKey
	keytab  bool // for the words of an error
}

func (t *Ticket) client() string { return t.name.PrincipalNameString() + "@" + t.realm }

// Ticket logs in, once, and gets the ticket for a service, such as
// ldap/dc1.corp.example. Errors are [source.Error].
func (k Kerberos) Ticket(ctx context.Context, service string) (*Ticket, error) {
	type result struct {
		ticket *Ticket
		err    error
	}
	// The library knows no context, and may panic on what it is sent.
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if recover() != nil {
				r = result{err: unreachable(nil, "try again", "the answer of the KDC is damaged")}
			}
			done <- r
		}()
		r.ticket, r.err = k.ticket(service)
	}()
	select {
	case r := <-done:
		return r.ticket, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (k Kerberos) ticket(service string) (*Ticket, error) {
	name, realm, err := k.identity()
	if err != nil {
		return nil, err
	}
	t := &Ticket{service: service, keytab: k.Keytab != nil}
	t.name, t.realm = types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, name), realm
	cfg, err := k.config(realm)
	if err != nil {
		return nil, err
	}
	var login *client.Client
	// AD does not answer to the negotiation of FAST as the library expects it.
	noFAST := client.DisablePAFXFAST(true)
	switch {
	case k.Keytab != nil:
		keys := keytab.New()
		if err := keys.Unmarshal(k.Keytab); err != nil {
			return nil, usage("make one with ktpass, `samba-tool domain exportkeytab` or `net ads keytab`", "the keytab cannot be read")
		}
		login = client.NewWithKeytab(name, realm, keys, cfg, noFAST)
	case k.Password.Reveal() != "":
		login = client.NewWithPassword(name, realm, k.Password.Reveal(), cfg, noFAST)
	default:
		if login, err = k.fromCache(name, realm, cfg); err != nil {
			return nil, err
		}
	}
	defer login.Destroy()
	t.ticket, t.key, err = login.GetServiceTicket(service)
	if err != nil {
		return nil, t.explain(err)
	}
	if !isAES(t.key.KeyType) {
		return nil, refused("allow AES for that account (msDS-SupportedEncryptionTypes), then set its password anew",
			"the ticket for %s is not made with AES but with RC4, which is broken", service)
	}
	return t, nil
}

// identity is who logs in.
func (k Kerberos) identity() (name, realm string, err error) {
	name, realm = splitPrincipal(k.Principal)
	if k.Cache == "" {
		return name, realm, nil
	}
	cache, err := k.cache()
	if err != nil {
		return "", "", err
	}
	cacheName, cacheRealm := cache.DefaultPrincipal.PrincipalName.PrincipalNameString(), cache.DefaultPrincipal.Realm
	if k.Principal != "" && (!strings.EqualFold(name, cacheName) || !strings.EqualFold(realm, cacheRealm)) {
		return "", "", usage("`kinit` gets a ticket for another one; or leave the principal out", "the credential cache %s is that of %s@%s, not of %s", k.Cache, cacheName, cacheRealm, k.Principal)
	}
	return cacheName, cacheRealm, nil
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

// config says where the KDCs are.
func (k Kerberos) config(realm string) (*config.Config, error) {
	cfg := config.New()
	switch {
	case len(k.KDCs) > 0:
		var kdcs []string
		for _, kdc := range k.KDCs {
			if _, _, err := net.SplitHostPort(kdc); err != nil {
				kdc = net.JoinHostPort(strings.Trim(kdc, "[]"), "88")
			}
			kdcs = append(kdcs, kdc)
		}
		cfg.Realms = []config.Realm{{Realm: realm, KDC: kdcs}}
		cfg.LibDefaults.DNSLookupKDC = true // for the realms of a forest
	case k.Config != "":
		var err error
		cfg, err = config.Load(k.Config)
		var partly config.UnsupportedDirective
		if err != nil && !errors.As(err, &partly) {
			return nil, &source.Error{Code: source.CodeUsage, Message: "the Kerberos configuration " + k.Config, Err: err, Hint: "KRB5_CONFIG names it"}
		}
	default:
		cfg.LibDefaults.DNSLookupKDC = true
	}
	d := &cfg.LibDefaults
	d.DefaultRealm = realm
	aes := []int32{18, 17}
	d.DefaultTktEnctypeIDs, d.DefaultTGSEnctypeIDs, d.PermittedEnctypeIDs = aes, aes, aes
	d.UDPPreferenceLimit = 1 // TCP: AD's tickets are larger than a datagram
	return cfg, nil
}

// cache reads the credential cache.
func (k Kerberos) cache() (c *credentials.CCache, err error) {
	const hint = "`kinit -c FILE:PATH NAME@REALM` makes one; KRB5CCNAME names it"
	path := k.Cache
	if kind, rest, ok := strings.Cut(path, ":"); ok && len(kind) > 1 { // one letter is a drive
		if path = rest; kind != "FILE" {
			return nil, usage(hint, "a credential cache of kind %s cannot be read, only a file", kind)
		}
	}
	defer func() {
		if recover() != nil { // the library trusts the file's lengths
			c, err = nil, usage(hint, "the credential cache %s is damaged", path)
		}
	}()
	c, err = credentials.LoadCCache(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, refused(hint, "there is no credential cache %s", path)
	case errors.Is(err, os.ErrPermission):
		return nil, refused(hint, "the credential cache %s may not be read", path)
	case err != nil, !isName(c.DefaultPrincipal.PrincipalName.PrincipalNameString()), !isName(c.DefaultPrincipal.Realm):
		return nil, usage(hint, "the credential cache %s is damaged", path)
	}
	return c, nil
}

// isName says whether a text can name somebody. The library fills up with zeros what
// a file that was cut does not hold.
func isName(text string) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// fromCache takes the ticket that somebody got before.
func (k Kerberos) fromCache(name, realm string, cfg *config.Config) (*client.Client, error) {
	cache, err := k.cache()
	if err != nil {
		return nil, err
	}
	tgt, ok := cache.GetEntry(types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: []string{"krbtgt", realm}})
	if !ok {
		return nil, refused("`kinit` gets one", "the credential cache %s holds no ticket of %s@%s", k.Cache, name, realm)
	}
	if time.Now().After(tgt.EndTime) {
		return nil, refused("`kinit` gets a new one", "the ticket of %s@%s expired on %s", name, realm, tgt.EndTime.UTC().Format(time.RFC3339))
	}
	login, err := client.NewFromCCache(cache, cfg)
	if err != nil {
		return nil, refused("`kinit` makes a new one", "the credential cache %s cannot be used", k.Cache)
	}
	return login, nil
}

// DefaultCache is where the credential cache of a user is whom KRB5CCNAME names
// none.
func DefaultCache(name string) string {
	return cmp.Or(name, fmt.Sprintf("FILE:/tmp/krb5cc_%d", os.Getuid()))
}
