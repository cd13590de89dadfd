package ad

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/ad/gss"
)

// What errors of a login by ticket are about: a realm whose KDCs are not known, and
// a login that only Windows has.
const (
	TopicNoKDC      = gss.TopicNoKDC
	TopicNotWindows = gss.TopicNotWindows
)

// maxBindAnswer is the largest answer to a bind that is read, in bytes. A ticket
// with many groups has some ten thousand.
const maxBindAnswer = 1 << 20

// negotiate logs in by SASL GSSAPI before the LDAP library has the connection.
// The library would take a success that comes too early, which anybody on the way
// can send, for the end of the login, and go on in the clear; and it would have to
// be told in the middle of its work from which byte on all is sealed. Here nothing
// is sent before the server has proved who it is, and what is returned is sealed
// from its first byte, or was encrypted before.
func negotiate(ctx context.Context, raw, conn net.Conn, to endpoint, cfg Config) (net.Conn, error) {
	seal := cfg.Connection.Transport == source.TransportSealed
	var binding []byte
	if secure, ok := conn.(*tls.Conn); ok {
		binding = gss.Binding(secure.ConnectionState())
	}
	service := "ldap/" + to.name
	limited, cancel := context.WithTimeout(ctx, cfg.Timeouts.Bind)
	defer cancel()
	c, err := cfg.securityContext(limited, service, raw, binding, seal)
	if err == nil {
		stop := context.AfterFunc(limited, func() { _ = raw.Close() })
		defer stop()
		b := &saslBind{conn: conn, server: to.address, context: c}
		conn, err = b.run(seal)
		if err != nil || !seal { // else it is the connection's
			c.Close()
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, contextError(ctx, to.address)
	case limited.Err() != nil:
		return nil, unreachable(nil, "try again later, or another domain controller", "%s, or the KDC, did not finish the login within %s", to.address, cfg.Timeouts.Bind)
	case err != nil:
		return nil, err
	}
	cfg.Log("logged in as %q by %s (%s)", c.Name(), cfg.Connection.Bind, cfg.Connection.Transport)
	return conn, nil
}

// securityContext begins the login that the connection asks for.
func (cfg Config) securityContext(ctx context.Context, service string, raw net.Conn, binding []byte, seal bool) (gss.Context, error) {
	if cfg.Connection.Bind == source.BindWindows {
		return gss.System(service, binding, seal)
	}
	k, err := cfg.kerberos(ctx, raw)
	if err != nil {
		return nil, err
	}
	ticket, err := k.Ticket(ctx, service)
	if err != nil {
		return nil, err
	}
	cfg.Log("got a ticket for %q", service)
	return ticket.Initiate(binding, seal), nil
}

// kerberos says who logs in, and at which KDC: the one that is named, those of the
// configuration, or the domain controller itself, which is one.
func (cfg Config) kerberos(ctx context.Context, raw net.Conn) (gss.Kerberos, error) {
	c := cfg.Connection
	k := gss.Kerberos{Principal: c.Principal, Config: cfg.KerberosConfig, Resolver: cfg.Resolver}
	switch {
	case c.KDC != "":
		k.KDCs = []string{c.KDC}
	case k.Config == "":
		if host, _, err := net.SplitHostPort(raw.RemoteAddr().String()); err == nil {
			k.KDCs = []string{net.JoinHostPort(host, "88")}
		}
	}
	var secret source.Secret
	var err error
	switch {
	case c.KeytabFrom != "":
		if secret, err = cfg.Keytab(ctx); err == nil {
			k.Keytab = keytabOf(secret.Reveal())
		}
	case c.BindPasswordFrom != "":
		k.Password, err = cfg.password(ctx, c.Principal)
	default:
		k.Cache = cfg.CredentialCache
	}
	return k, err
}

// keytabOf is a keytab as it is, or in base64, as variables and vaults hold it.
func keytabOf(text string) []byte {
	const begin = 5 // a keytab's first byte
	if decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil && len(decoded) > 0 && decoded[0] == begin {
		return decoded
	}
	return []byte(text)
}

// saslBind is the exchange of messages of a login.
type saslBind struct {
	conn    net.Conn
	server  string
	context gss.Context
	id      int64
}

// run logs in and returns the connection to go on with. Each answer has to be the
// one that is due.
func (b *saslBind) run(seal bool) (net.Conn, error) {
	var token []byte
	for done := false; !done; {
		var out []byte
		var err error
		if out, done, err = b.context.Step(token); err != nil {
			return nil, b.broken(err)
		}
		if token, err = b.ask(out, ldap.LDAPResultSaslBindInProgress); err != nil {
			return nil, err
		}
	}
	answer, limit, err := gss.Answer(b.context, token, seal)
	if err != nil {
		return nil, b.broken(err)
	}
	if token, err = b.ask(answer, ldap.LDAPResultSuccess); err != nil {
		return nil, err
	}
	if len(token) > 0 {
		return nil, b.broken(errors.New("something follows its end"))
	}
	if !seal {
		return b.conn, nil
	}
	return gss.NewConn(b.conn, b.context, limit), nil
}

// broken is an exchange that went wrong; what has a code says enough itself.
func (b *saslBind) broken(err error) error {
	if source.CodeOf(err) != "" {
		return err
	}
	if errors.Is(err, gss.ErrLayer) {
		return &source.Error{Code: source.CodePermission, Message: "the login at " + b.server, Err: err, Hint: "the domain controller has to allow LDAP with sealing on port 389, which each one does by default"}
	}
	return incomplete(err, "try again; if it stays so, something between here and the server alters the data", "the login at %s", b.server)
}

// ask sends one bind request and reads its answer, not a byte more: the next one
// may be sealed.
func (b *saslBind) ask(token []byte, want uint16) ([]byte, error) {
	b.id++
	if _, err := b.conn.Write(saslRequest(b.id, token)); err != nil {
		return nil, unreachable(err, "try again", "the connection to %s was lost", b.server)
	}
	whole, err := readMessage(b.conn, nil, maxBindAnswer)
	switch {
	case errors.Is(err, errShape), errors.Is(err, errTooLarge):
		return nil, b.broken(err)
	case err != nil:
		return nil, unreachable(err, "is this the port of LDAP (389), and a domain controller?", "%s closed the connection during the login", b.server)
	}
	m, err := parseMessage(whole)
	if err != nil || m.id != b.id || m.op != opBindResponse {
		return nil, b.broken(errShape)
	}
	_, body, _, _ := parseOutline(whole)
	creds, text := saslAnswer(body)
	switch {
	case m.code == int64(want):
		return creds, nil
	case m.code == ldap.LDAPResultSuccess || m.code == ldap.LDAPResultSaslBindInProgress:
		return nil, b.broken(errors.New("the server ends it too early, or not at all"))
	}
	if len(creds) > 0 { // a refusal in Kerberos' own words says more
		if _, _, err := b.context.Step(creds); source.CodeOf(err) != "" {
			return nil, err
		}
	}
	if _, secure := b.conn.(*tls.Conn); secure && m.code == ldap.LDAPResultStrongAuthRequired {
		return nil, &source.Error{Code: source.CodePermission, Message: b.server + " takes no login by ticket within TLS", Hint: "it takes one on port 389, where the login seals the connection: use ldap:// without StartTLS"}
	}
	return nil, bindError(&ldap.Error{ResultCode: uint16(m.code), Err: errors.New(text)}, b.server, b.context.Name())
}

// saslRequest is a bind request of RFC 4511 by SASL GSSAPI.
func saslRequest(id int64, token []byte) []byte {
	auth := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "sasl")
	auth.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "GSSAPI", "mechanism"))
	if len(token) > 0 {
		auth.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(token), "credentials"))
	}
	bind := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationBindRequest, nil, "BindRequest")
	bind.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 3, "version"))
	bind.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", "name"))
	bind.AppendChild(auth)
	message := ber.NewSequence("LDAPMessage")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, "messageID"))
	message.AppendChild(bind)
	return message.Bytes()
}

// tagSASLCreds is serverSaslCreds of a bind response.
const tagSASLCreds = 0x87

// saslAnswer reads the credentials and the text of a bind response that
// [parseMessage] found to be one.
func saslAnswer(body []byte) (creds []byte, text string) {
	_, body, _ = cut(body, tagEnumerated)
	_, body, _ = cut(body, tagOctets) // matchedDN
	diagnostic, body, _ := cut(body, tagOctets)
	for len(body) > 0 {
		value, rest, ok := cut(body, body[0])
		if !ok {
			break
		}
		if body[0] == tagSASLCreds {
			creds = bytes.Clone(value)
		}
		body = rest
	}
	return creds, string(diagnostic)
}
