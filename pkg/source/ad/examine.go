package ad

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// reached is how a connection came about, for [Directory.Examine].
type reached struct {
	bind string               // one of [source.Binds]
	tls  *tls.ConnectionState // nil where the login seals
}

// Examine implements [source.Examiner]. What the server demands it does not say; where
// this program runs on the server itself, its registry does.
func (d *Directory) Examine(ctx context.Context) (source.Examination, error) {
	var x source.Examination
	dse, err := d.lookup(ctx, "", "tokenGroups")
	if err != nil {
		return x, err
	}
	token := values(dse, "tokenGroups")
	x.SignIn = d.reached.signIn()
	if x.SignIn.As, err = d.whoAmI(ctx, token); err != nil {
		return x, err
	}
	as := ""
	if x.SignIn.As != "" {
		as = fmt.Sprintf(" as %q", x.SignIn.As)
	}
	x.Notes = append(x.Notes, "signed in"+as+" "+d.reached.how())
	x.Demands = d.reached.demands(serverPolicy(d.info.Server))
	if administers(token) {
		x.Warnings = append(x.Warnings, "the account that signs in is an administrator: an ordinary user can read all that is needed")
	}
	if d.reached.tls != nil {
		x.Ends = append(x.Ends, source.End{What: "the certificate of " + d.info.Server, At: d.reached.tls.PeerCertificates[0].NotAfter})
	}
	return x, nil
}

// signIn says by what the account logged in and what protects the connection.
func (r reached) signIn() source.SignIn {
	s := source.SignIn{By: "password", Over: "sealed by the login"}
	switch r.bind {
	case source.BindKerberos:
		s.By = "ticket"
	case source.BindWindows:
		s.By = "account that runs the program"
	}
	if r.tls != nil {
		s.Over = tlsName(*r.tls)
	}
	return s
}

// how is that in words.
func (r reached) how() string {
	s := r.signIn()
	by := map[string]string{source.BindKerberos: "with a ticket", source.BindWindows: "as the account that runs the program"}[r.bind]
	switch {
	case r.tls == nil:
		return by + "; the login seals the connection"
	case by == "":
		return "with a password, over " + s.Over
	}
	return by + ", bound to the connection, over " + s.Over
}

// policy is what a server demands of a login, as far as it is known.
type policy struct{ signing, binding source.Flag }

// demands says what the server asks of a login and whether this one meets it. Without
// the server's own word only a login that lacks it would tell, and that one the server
// would note down as unsafe.
func (r reached) demands(known policy) []source.Demand {
	words := func(what string, f source.Flag) string {
		switch f {
		case source.Yes:
			return what + " is demanded"
		case source.No:
			return what + " is not demanded"
		}
		return "whether " + what + " is demanded is not known"
	}
	signing := source.Demand{Name: "signing", Demanded: known.signing, Met: source.Yes, Text: words("LDAP signing", known.signing) + "; the sealed connection meets it"}
	binding := source.Demand{Name: "channel_binding", Demanded: known.binding, Met: source.Yes, Text: words("channel binding", known.binding)}
	switch {
	case r.tls == nil:
		binding.Text += "; it is for logins within TLS, and this one is not"
	case r.bind == "":
		binding.Met = source.Unknown
		binding.Text += "; it is for logins by ticket, and this one is by password"
	default:
		binding.Text += "; this login is bound to its connection"
	}
	if r.tls != nil {
		signing.Text = words("LDAP signing", known.signing) + "; TLS meets it"
	}
	return []source.Demand{signing, binding}
}

// whoAmI names the account that a token is of: the first of its SIDs, which is shown
// itself where the account is of another domain. AD would also answer to LDAP's own
// question, which Samba does not know.
func (d *Directory) whoAmI(ctx context.Context, token [][]byte) (string, error) {
	if len(token) == 0 {
		return "", nil
	}
	res, err := d.search(ctx, &ldap.SearchRequest{
		BaseDN: d.root, Scope: ldap.ScopeWholeSubtree, SizeLimit: 1,
		Filter:     "(objectSid=" + ldap.EscapeFilter(string(token[0])) + ")",
		Attributes: []string{"sAMAccountName"},
		Controls:   []ldap.Control{ldap.NewControlString(domainScope, false, "")},
	})
	if err != nil {
		return "", err
	}
	if len(res.Entries) == 1 {
		if name := text(res.Entries[0], "sAMAccountName"); name != "" {
			return name, nil
		}
	}
	sid, _ := adattr.SID(token[0]) // "" where it is none
	return sid, nil
}

// administers says whether a token is that of an administrator of the domain or
// the forest (RIDs 512 and 519), or of its controllers (S-1-5-32-544).
func administers(token [][]byte) bool {
	return slices.ContainsFunc(token, func(raw []byte) bool {
		sid, err := adattr.SID(raw)
		domain := strings.HasPrefix(sid, "S-1-5-21-")
		return err == nil && (sid == "S-1-5-32-544" || domain && (strings.HasSuffix(sid, "-512") || strings.HasSuffix(sid, "-519")))
	})
}
