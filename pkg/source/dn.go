package source

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

// RDN is one step of a distinguished name, its value unescaped.
type RDN struct{ Type, Value string }

// ParseDN splits an RFC 4514 distinguished name into its steps, the leaf first.
// A multi-valued RDN is kept as one, its values joined by "+". Hex-encoded BER
// values (#04…) are not resolved.
func ParseDN(dn string) ([]RDN, error) {
	if strings.TrimSpace(dn) == "" {
		return nil, fmt.Errorf("empty distinguished name")
	}
	var out []RDN
	for rest, more := dn, true; more; {
		var part string
		part, rest, more = cutRDN(rest)
		typ, raw, ok := strings.Cut(part, "=")
		typ = strings.TrimSpace(typ)
		if !ok || typ == "" || strings.ContainsAny(typ, ` ",+<>;\`) {
			return nil, fmt.Errorf("not a distinguished name: %q has no TYPE=VALUE", part)
		}
		value, err := unescapeDN(raw)
		if err != nil {
			return nil, fmt.Errorf("not a distinguished name: %w", err)
		}
		out = append(out, RDN{typ, value})
	}
	return out, nil
}

// cutRDN cuts a DN at its first unescaped comma (or semicolon, as RFC 2253 had it).
func cutRDN(dn string) (rdn, rest string, more bool) {
	quoted := false
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case ',', ';':
			if !quoted {
				return dn[:i], dn[i+1:], true
			}
		}
	}
	return dn, "", false
}

func unescapeDN(s string) (string, error) {
	s = strings.TrimLeft(s, " ")
	if !strings.ContainsAny(s, `\"`) {
		return strings.TrimRight(s, " "), nil
	}
	var b strings.Builder
	end := 0 // what stands before was escaped and is not trimmed
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
		case s[i] != '\\':
			b.WriteByte(s[i])
			continue
		case i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			c, _ := hex.DecodeString(s[i+1 : i+3])
			b.WriteByte(c[0])
			i += 2
		case i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			return "", fmt.Errorf("%q ends in a lone backslash", s)
		}
		end = b.Len()
	}
	v := b.String()
	return v[:end] + strings.TrimRight(v[end:], " "), nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// EscapeRDN escapes a value for use in a DN, as RFC 4514 asks.
func EscapeRDN(v string) string {
	var b strings.Builder
	for i, r := range v {
		switch {
		case r == 0:
			b.WriteString(`\00`)
		case r == utf8.RuneError && !strings.HasPrefix(v[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\%02X`, v[i])
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\%02X`, r)
		case strings.ContainsRune(`,+"\<>;=`, r),
			r == '#' && i == 0, r == ' ' && (i == 0 || i == len(v)-1):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// ParentDN is the DN of the container, "" for a DN of one step or none.
func ParentDN(dn string) string {
	_, rest, more := cutRDN(dn)
	if !more {
		return ""
	}
	return strings.TrimLeft(rest, " ")
}

// DNKey folds a DN to a form that is equal for DNs that name the same object:
// spelled escapes, case and spaces round separators do not matter. Text that is
// no DN is only lower-cased.
func DNKey(dn string) string {
	if isPlainDN(dn) {
		return strings.ToLower(dn)
	}
	return spelledKey(dn)
}

// isPlainDN says whether a DN is spelled as its key is but for the case, as most are:
// DNs are folded by the hundred thousand.
func isPlainDN(dn string) bool {
	inType, start := true, 0 // of the type or the value
	for i := 0; i < len(dn); i++ {
		switch c := dn[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.':
		case inType && c == '=' && i > start:
			inType, start = false, i+1
		case inType, c < ' ', c > '~':
			return false
		}
		switch dn[i] {
		case '\\', '"', '+', ';', '<', '>', '#':
			return false
		case '=':
			if i+1 != start {
				return false
			}
		case ' ':
			if i == start || i == len(dn)-1 || dn[i+1] == ',' {
				return false
			}
		case ',':
			inType, start = true, i+1
		}
	}
	return !inType
}

// spelledKey is the key of a DN however it is spelled.
func spelledKey(dn string) string {
	rdns, err := ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	var b strings.Builder
	for i, r := range rdns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ToLower(r.Type))
		b.WriteByte('=')
		b.WriteString(EscapeRDN(strings.ToLower(r.Value)))
	}
	return b.String()
}

// CanonicalPath writes a DN as AD's canonical name: corp.example/Staff/London.
// A slash or backslash in a name is escaped with a backslash.
func CanonicalPath(dn string) string {
	rdns, err := ParseDN(dn)
	if err != nil {
		return dn
	}
	n := len(rdns)
	var domain []string
	for n > 0 && strings.EqualFold(rdns[n-1].Type, "dc") {
		domain = append(domain, rdns[n-1].Value)
		n--
	}
	for i, j := 0, len(domain)-1; i < j; i, j = i+1, j-1 {
		domain[i], domain[j] = domain[j], domain[i]
	}
	path := strings.Join(domain, ".")
	for i := n - 1; i >= 0; i-- {
		path += "/" + pathEscaper.Replace(rdns[i].Value)
	}
	return path
}

var pathEscaper = strings.NewReplacer(`\`, `\\`, `/`, `\/`)
