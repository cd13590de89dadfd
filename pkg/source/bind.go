package source

import (
	"cmp"
	"net/netip"
	"net/url"
	"strings"
)

// The ways to log in to Active Directory.
const (
	BindSimple   = "simple"   // name and password
	BindKerberos = "kerberos" // a ticket
	BindWindows  = "windows"  // the account that runs the program
)

// Binds are the names of the ways to log in to Active Directory.
func Binds() []string { return []string{BindSimple, BindKerberos, BindWindows} }

// WithDefaultBind says how to log in where the connection does not: on Windows, and
// where no account is named, as the one that runs the program.
func (l LDAP) WithDefaultBind(system string) LDAP {
	alone := l.BindDN == "" && l.BindPasswordFrom == "" && l.Principal == "" && l.KeytabFrom == ""
	if l.Bind == "" && system == "windows" && alone && (l.URL != "" || l.Domain != "") {
		l.Bind = BindWindows
	}
	return l
}

// cutPrincipal takes NAME@REALM apart at the last @.
func cutPrincipal(principal string) (name, realm string, ok bool) {
	at := strings.LastIndexByte(principal, '@')
	if at < 0 {
		return "", "", false
	}
	return principal[:at], principal[at+1:], true
}

// Server is the name by which the domain controller proves who it is, "" where
// DNS says who that is. It has no dot at its end, which is for DNS alone.
func (l LDAP) Server() string {
	name := l.TLSServerName
	if u, err := url.Parse(l.URL); err == nil {
		name = cmp.Or(name, u.Hostname())
	}
	return strings.TrimSuffix(name, ".")
}

func (l LDAP) validateDomain(p *ConnectionProblems, transport string) {
	if transport == TransportSealed && l.Bind == "" {
		p.add("%s: "+TransportSealed+" goes with %s "+BindKerberos+" or "+BindWindows, "transport", "bind")
	}
	if !domainPattern().MatchString(l.Domain) || len(l.Domain) > 253 {
		p.add("%s: not the DNS name of a domain, such as corp.example", "domain")
	}
	if l.TLSServerName != "" {
		p.add("%s has no meaning beside %s", "tls_server_name", "domain")
	}
}

// validateBind checks how the account logs in.
func (l LDAP) validateBind(p *ConnectionProblems) {
	simple := []part{{"bind_dn", l.BindDN}, {"bind_password_from", l.BindPasswordFrom}}
	kerberos := []part{{"principal", l.Principal}, {"keytab_from", l.KeytabFrom}, {"kdc", l.KDC}}
	switch l.Bind {
	case "":
		for _, f := range simple {
			if f.value == "" {
				p.add("%s is missing", f.name)
			}
		}
		for _, f := range kerberos {
			if f.value != "" {
				p.add("%s goes with %s "+BindKerberos, f.name, "bind")
			}
		}
	case BindKerberos:
		l.validateKerberos(p)
	case BindWindows:
		for _, f := range append(simple, kerberos...) {
			if f.value != "" {
				p.add("%s has no meaning with %s "+BindWindows+": the account that runs the program logs in", f.name, "bind")
			}
		}
	default:
		p.add("%s: use one of "+strings.Join(Binds(), ", "), "bind")
		return
	}
	if _, err := netip.ParseAddr(l.Server()); err == nil && l.Bind != "" {
		p.add("%s: has to name the domain controller as DNS does, not by its address; %s may", "url", "tls_server_name")
	}
	p.reference("bind_password_from", l.BindPasswordFrom)
	p.reference("keytab_from", l.KeytabFrom)
}

func (l LDAP) validateKerberos(p *ConnectionProblems) {
	if l.BindDN != "" {
		p.add("%s goes with a simple bind; for %s "+BindKerberos+" it is %s", "bind_dn", "bind", "principal")
	}
	if l.BindPasswordFrom != "" && l.KeytabFrom != "" {
		p.add("give one of %s and %s", "keytab_from", "bind_password_from")
	}
	if l.Principal == "" && (l.BindPasswordFrom != "" || l.KeytabFrom != "") {
		p.add("%s is missing", "principal")
	}
	if name, realm, ok := cutPrincipal(l.Principal); l.Principal != "" && (!ok || name == "" || !hostPattern().MatchString(realm)) {
		p.add("%s: has to be NAME@REALM, such as svc@CORP.EXAMPLE", "principal")
	}
	if l.KDC != "" {
		if u, err := parseAddress("kdc://"+l.KDC, "kdc"); err != nil || u.Path != "" || !isPlain(u) {
			p.add("%s: has to be HOST or HOST:PORT", "kdc")
		}
	}
}
