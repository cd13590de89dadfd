package source

import "strings"

// DomainUser takes a login of Windows apart: DOMAIN\user, as people and scripts
// write it. A DN, which may hold a backslash too, is none.
func DomainUser(s string) (domain, user string, ok bool) {
	domain, user, ok = strings.Cut(strings.TrimSpace(s), `\`)
	if !ok || domain == "" || user == "" || strings.ContainsAny(s, `=,@"`) || strings.Contains(user, `\`) {
		return "", "", false
	}
	return domain, user, true
}
