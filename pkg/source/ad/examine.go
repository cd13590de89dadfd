package ad

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// reached is how a connection came about, for [Directory.Examine].
type reached struct {
	bind string               // one of [source.Binds]
	tls  *tls.ConnectionState // nil where the login seals
}

// Examine says who is logged in, by what, what protects the connection, and when
// the server's certificate ends.
func (d *Directory) Examine(ctx context.Context) (notes, warnings []string, err error) {
	dse, err := d.lookup(ctx, "", "tokenGroups")
	if err != nil {
		return nil, nil, err
	}
	token := values(dse, "tokenGroups")
	who, err := d.whoAmI(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	notes = append(notes, "signed in"+who+d.reached.how())
	if administers(token) {
		warnings = append(warnings, "the account that signs in is an administrator: an ordinary user can read all that is needed")
	}
	if d.reached.tls != nil {
		note, warning := source.Expiry("the certificate of "+d.info.Server, d.reached.tls.PeerCertificates[0].NotAfter, time.Now())
		if note != "" {
			notes = append(notes, note)
		} else {
			warnings = append(warnings, warning)
		}
	}
	return notes, warnings, nil
}

// how says by what the account logged in and what protects the connection.
func (r reached) how() string {
	by := map[string]string{source.BindKerberos: " with a ticket", source.BindWindows: " as the account that runs the program"}[r.bind]
	switch {
	case by == "":
		by = " with a password"
	case r.tls != nil:
		by += ", bound to the connection"
	}
	if r.tls == nil {
		return by + "; the login seals the connection, which a directory that demands signing takes"
	}
	return by + ", over " + tlsName(*r.tls)
}

// whoAmI names the account that a token is of: the first of its SIDs. AD would
// also answer to LDAP's own question, which Samba does not know.
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
	if err != nil || len(res.Entries) != 1 {
		return "", err
	}
	return fmt.Sprintf(" as %q", text(res.Entries[0], "sAMAccountName")), nil
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
