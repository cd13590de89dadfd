package source

import (
	"strings"
	"unicode/utf8"
)

// LossyName says whether a name lost letters on its way: a question mark next to a
// letter, nothing but question marks, or the sign for what was no text. Nobody's
// name holds one, and different names become alike: such a name tells nobody apart.
func LossyName(name string) bool {
	if strings.ContainsRune(name, utf8.RuneError) {
		return true
	}
	i := strings.IndexByte(name, '?')
	if i < 0 {
		return false
	}
	if strings.Trim(name, "? ") == "" {
		return true
	}
	for ; i < len(name); i++ {
		if name[i] == '?' && (i > 0 && isASCIILetter(name[i-1]) || i < len(name)-1 && isASCIILetter(name[i+1])) {
			return true
		}
	}
	return false
}

func isASCIILetter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }

// DomainUser takes a login of Windows apart: DOMAIN\user, as people and scripts
// write it. A DN, which may hold a backslash too, is none.
func DomainUser(s string) (domain, user string, ok bool) {
	domain, user, ok = strings.Cut(strings.TrimSpace(s), `\`)
	if !ok || domain == "" || user == "" || strings.ContainsAny(s, `=,@"`) || strings.Contains(user, `\`) {
		return "", "", false
	}
	return domain, user, true
}
