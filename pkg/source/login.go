package source

import (
	"slices"
	"strings"
)

// DomainUser takes a login of Windows apart: DOMAIN\user, as people and scripts
// write it. A DN, which may hold a backslash too, is none.
func DomainUser(s string) (domain, user string, ok bool) {
	domain, user, ok = strings.Cut(strings.TrimSpace(s), `\`)
	if !ok || domain == "" || user == "" || strings.ContainsAny(s, `=,@"`) || strings.Contains(user, `\`) {
		return "", "", false
	}
	return domain, user, true
}

// InDomain says whether a DN, UPN or address lies in a domain as Windows shows it in a
// login: by its DNS name, or by a part of that, which the NetBIOS name is by default
// (of at most 15 characters).
func InDomain(name, domain string) bool {
	const most = 15
	is := func(label string) bool {
		return strings.EqualFold(label, domain) || len(label) > most && strings.EqualFold(label[:most], domain)
	}
	if _, suffix, ok := strings.Cut(name, "@"); ok {
		return strings.EqualFold(suffix, domain) || slices.ContainsFunc(strings.Split(suffix, "."), is)
	}
	rdns, err := ParseDN(name)
	if err != nil {
		return false
	}
	var labels []string
	for _, r := range rdns {
		if strings.EqualFold(r.Type, "DC") {
			labels = append(labels, r.Value)
		}
	}
	return strings.EqualFold(strings.Join(labels, "."), domain) && domain != "" || slices.ContainsFunc(labels, is)
}
