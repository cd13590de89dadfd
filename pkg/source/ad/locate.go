package ad

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/ad/gss"
)

const (
	// maxTries is how many domain controllers are tried before it is said that none
	// answers, and tryFor how long others are begun with: those that are gone cost
	// nothing, and those that say nothing waitForNext each.
	maxTries = 50
	tryFor   = 15 * time.Second
	// maxPings is how many are asked which site this computer is in.
	maxPings = 5
	// waitForNext bounds the wait for one to connect where there is another one.
	waitForNext = 3 * time.Second
	// waitForSite bounds the wait for a domain controller to say which site this
	// computer is in. Many networks let no such question through.
	waitForSite = time.Second
)

// place is where a domain controller listens for LDAP.
type place struct {
	host string
	port uint16
}

// locate asks DNS for the domain's controllers, the nearest first: those of this
// computer's site, then all others, each list in the order that DNS gives them. A
// name outside the domain is none: a certificate or a ticket for it would prove
// nothing.
func (cfg Config) locate(ctx context.Context) ([]place, error) {
	domain := cfg.Connection.Domain
	if cfg.Connection.Primary {
		places, err := cfg.controllers(ctx, "pdc._msdcs."+domain)
		return places[:min(len(places), 1)], err // there is one
	}
	all, err := cfg.controllers(ctx, "dc._msdcs."+domain)
	if err != nil {
		return nil, err
	}
	site := cfg.site(ctx, all)
	if site == "" {
		return all, ctx.Err()
	}
	near, err := cfg.controllers(ctx, site+"._sites.dc._msdcs."+domain)
	if err != nil {
		cfg.Log("the site %q has no domain controller: %v", site, err)
	}
	for _, p := range all {
		if !slices.Contains(near, p) {
			near = append(near, p)
		}
	}
	return near, ctx.Err()
}

func (cfg Config) resolver() *net.Resolver { return cmp.Or(cfg.Resolver, net.DefaultResolver) }

// controllers reads the SRV records below a name.
func (cfg Config) controllers(ctx context.Context, name string) ([]place, error) {
	domain := cfg.Connection.Domain
	// What it finds it returns, beside an error for names that are none.
	_, records, err := cfg.resolver().LookupSRV(ctx, "ldap", "tcp", name)
	var found []place
	outside := ""
	for _, r := range records {
		host := strings.ToLower(strings.TrimSuffix(r.Target, "."))
		if host != domain && !strings.HasSuffix(host, "."+domain) {
			cfg.Log("DNS names %q, which is not in the domain %q", host, domain)
			outside = cmp.Or(outside, host)
			continue
		}
		if p := (place{host, r.Port}); p.port != 0 && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case ctx.Err() != nil:
		return nil, contextError(ctx, "DNS")
	case outside != "":
		return nil, permanent(nil, "if that is right, name it by its URL", "DNS has domain controllers whose names are not in the domain %s, as %.100q", domain, outside)
	case err == nil, isUnknown(err):
		return nil, permanent(nil, "is the name right, and does this computer ask the domain's DNS? otherwise name a domain controller by its URL", "DNS knows no domain controller of %s", domain)
	}
	return nil, unreachable(err, "try again, or name a domain controller by its URL", "asking DNS for the domain controllers of %s", domain)
}

// openNearest opens the first domain controller that answers, and no other one
// once anything was read or a password was sent.
func openNearest(ctx context.Context, cfg Config) (*Directory, error) {
	places, err := cfg.locate(ctx)
	if err != nil {
		return nil, err
	}
	all := len(places)
	if all > 1 {
		cfg.Timeouts.Dial = min(cfg.Timeouts.Dial, waitForNext)
	}
	cfg.Password, cfg.Keytab = once(cfg.Password), once(cfg.Keytab)
	var first error
	tries, until := 0, time.Now().Add(tryFor)
	for _, p := range places[:min(all, maxTries)] {
		if time.Now().After(until) {
			break
		}
		tries++
		to, err := endpointAt(cfg.Connection, p)
		if err != nil {
			return nil, err
		}
		raw, conn, err := connect(ctx, to, cfg)
		if err == nil {
			return login(ctx, raw, conn, to.address, cfg)
		}
		if ctx.Err() != nil || source.CodeOf(err) != source.CodeUnreachable || errors.Is(err, gss.ErrProved) {
			return nil, err
		}
		cfg.Log("%v; on to the next one", err)
		if first == nil {
			first = err
		}
	}
	var e *source.Error
	if all == 1 || !errors.As(first, &e) {
		return nil, first
	}
	tried := ""
	if all > tries {
		tried = fmt.Sprintf(", of which %d were tried", tries)
	}
	none := *e
	none.Message = fmt.Sprintf("none of %d domain controllers of %s can be used%s: %s", all, cfg.Connection.Domain, tried, e.Message)
	return nil, &none
}

// once asks for a secret once, however many domain controllers are tried: a
// program may be behind it, or a person.
func once(ask func(context.Context) (source.Secret, error)) func(context.Context) (source.Secret, error) {
	if ask == nil {
		return nil
	}
	var secret source.Secret
	var err error
	var asked bool
	return func(ctx context.Context) (source.Secret, error) {
		if !asked {
			asked = true
			secret, err = ask(ctx)
		}
		return secret, err
	}
}

// endpointAt is the endpoint of a domain controller that DNS named.
func endpointAt(c source.Connection, p place) (endpoint, error) {
	c.URL, c.Domain = "ldap://"+net.JoinHostPort(p.host, fmt.Sprint(p.port)), ""
	if c.Transport == source.TransportLDAPS { // whose port DNS does not tell
		c.URL = "ldaps://" + p.host
	}
	return parseEndpoint(c)
}

// isSite says whether a name can stand in the name of a service.
func isSite(name string) bool {
	return name != "" && len(name) <= 63 && !strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
	})
}

// site asks a few domain controllers which site this computer is in, and takes the
// first answer; "" where there is none. It is not proved: at worst a controller far
// away is taken.
func (cfg Config) site(ctx context.Context, places []place) string {
	ctx, cancel := context.WithTimeout(ctx, waitForSite)
	defer cancel()
	places = places[:min(len(places), maxPings)]
	type answer struct {
		site string
		err  error
	}
	answers := make(chan answer, len(places))
	for _, p := range places {
		go func() {
			site, err := cfg.ping(ctx, p)
			answers <- answer{site, err}
		}()
	}
	site := ""
	for range places { // all, so that nobody is left asking
		switch got := <-answers; {
		case site != "":
		case isSite(got.site):
			site = got.site
			cfg.Log("this computer is in the site %q", site)
			cancel()
		case got.err != nil:
			cfg.Log("which site this computer is in: %v", got.err)
		}
	}
	return site
}

// ping is the LDAP ping of MS-ADTS 6.3.3 over UDP.
func (cfg Config) ping(ctx context.Context, p place) (site string, err error) {
	dialer := net.Dialer{Resolver: cfg.resolver()}
	conn, err := dialer.DialContext(ctx, "udp", net.JoinHostPort(p.host, fmt.Sprint(p.port)))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	until, _ := ctx.Deadline()
	if err := conn.SetDeadline(until); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := conn.Write(pingRequest(cfg.Connection.Domain)); err != nil {
		return "", err
	}
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	if err != nil {
		return "", err
	}
	return clientSite(answer[:n])
}

// pingRequest is a search for the attribute Netlogon in the version that names
// sites (NETLOGON_NT_VERSION_5EX).
func pingRequest(domain string) []byte {
	text := func(s string) *ber.Packet {
		return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
	}
	number := func(tag ber.Tag, n int) *ber.Packet {
		return ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, tag, n, "")
	}
	equals := func(name, value string) *ber.Packet {
		match := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "equalityMatch")
		match.AppendChild(text(name))
		match.AppendChild(text(value))
		return match
	}
	filter := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "and")
	filter.AppendChild(equals("DnsDomain", domain))
	filter.AppendChild(equals("NtVer", "\x06\x00\x00\x00"))
	attributes := ber.NewSequence("attributes")
	attributes.AppendChild(text("Netlogon"))
	search := ber.Encode(ber.ClassApplication, ber.TypeConstructed, opSearchRequest&0x1f, nil, "SearchRequest")
	for _, part := range []*ber.Packet{
		text(""), number(ber.TagEnumerated, 0), number(ber.TagEnumerated, 0), number(ber.TagInteger, 0), number(ber.TagInteger, 0),
		ber.NewBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, false, ""), filter, attributes,
	} {
		search.AppendChild(part)
	}
	message := ber.NewSequence("LDAPMessage")
	message.AppendChild(number(ber.TagInteger, 1))
	message.AppendChild(search)
	return message.Bytes()
}

var errPing = errors.New("not the answer of a domain controller")

// clientSite reads the site of who asked from the answer to a ping, a datagram of
// one or two messages: NETLOGON_SAM_LOGON_RESPONSE_EX of MS-ADTS 6.3.1.9.
func clientSite(datagram []byte) (string, error) {
	_, rest, ok := cut(datagram, tagSequence)
	if !ok {
		return "", errPing
	}
	whole := datagram[:len(datagram)-len(rest)]
	if m, err := parseMessage(whole); err != nil || m.op != opSearchEntry {
		return "", errPing
	}
	response := values(parseEntry(whole), "Netlogon")
	if len(response) != 1 || len(response[0]) < 24 || binary.LittleEndian.Uint16(response[0]) != 23 {
		return "", errPing
	}
	// Forest, domain, host, both NetBIOS names, user, the server's site, ours.
	at, name := 24, ""
	for range 8 {
		if name, at, ok = dnsName(response[0], at); !ok {
			return "", errPing
		}
	}
	return name, nil
}

// dnsName reads a name as RFC 1035 compresses it, and says where the next one
// begins.
func dnsName(b []byte, at int) (name string, next int, ok bool) {
	var labels []string
	for jumps := 0; at < len(b); {
		length := int(b[at])
		at++
		switch {
		case length == 0:
			return strings.Join(labels, "."), cmp.Or(next, at), true
		case length >= 0xc0:
			if at >= len(b) || jumps > 8 {
				return "", 0, false
			}
			if next == 0 {
				next = at + 1
			}
			at = (length&0x3f)<<8 | int(b[at])
			jumps++
		case length > 63 || at+length > len(b) || len(labels) > 32:
			return "", 0, false
		default:
			labels = append(labels, string(b[at:at+length]))
			at += length
		}
	}
	return "", 0, false
}
