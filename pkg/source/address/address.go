// Package address compares e-mail addresses as mail systems do.
package address

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Key is the form of an address by which it is compared: equal keys are one
// mailbox. Blanks round it, case, the ways to write a letter with a mark, the two
// forms of a domain in other letters (müller.example, xn--mller-kva.example) and a
// dot at its end make no difference. What is no address keeps its own key.
func Key(address string) string {
	address = strings.ToLower(norm.NFC.String(strings.TrimFunc(address, isBlank)))
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	local, domain := address[:at+1], strings.TrimRightFunc(address[at+1:], func(r rune) bool { return r == '.' || isBlank(r) })
	return local + lookUp(domain)
}

// Wire is an address as mail servers that know nothing but ASCII take it: with its
// domain as it is looked up. What stands before the @ has no such form.
func Wire(address string) string {
	at := strings.LastIndexByte(address, '@')
	return address[:at+1] + lookUp(address[at+1:])
}

func lookUp(domain string) string {
	if strings.HasPrefix(domain, "xn--") || strings.Contains(domain, ".xn--") || !isASCII(domain) {
		if ascii, err := lookup.ToASCII(domain); err == nil && ascii != "" {
			return ascii
		}
	}
	return domain
}

// lookup is how domains are looked up, with names that hosts may not have, but
// mail domains do: under_score.example.
var lookup = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// isBlank knows what nobody sees at the ends of an address.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.In(r, unicode.Cf) }
