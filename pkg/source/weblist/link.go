package weblist

import (
	"errors"
	"net/url"
	"strings"
)

// NextLink is the link to the next page in an answer's header (RFC 8288), nil where
// there is none.
func NextLink(a Answer) (*url.URL, error) {
	broken := errors.New("its Link header cannot be read")
	var next *url.URL
	for rest := strings.TrimSpace(strings.Join(a.Header.Values("Link"), ",")); rest != ""; {
		if rest[0] == ',' {
			rest = strings.TrimSpace(rest[1:])
			continue
		}
		target, after, ok := strings.Cut(strings.TrimPrefix(rest, "<"), ">")
		if rest[0] != '<' || !ok {
			return nil, broken
		}
		var rel string
		rel, rest = relation(after)
		if !hasWord(rel, "next") {
			continue
		}
		u, err := a.URL.Parse(strings.TrimSpace(target))
		if err != nil || next != nil && *next != *u {
			return nil, broken
		}
		next = u
	}
	return next, nil
}

// relation reads the parameters of a link; rest begins with the next one.
func relation(text string) (rel, rest string) {
	parameters, rest := cutPlain(text, ',')
	for parameters != "" {
		var part string
		part, parameters = cutPlain(parameters, ';')
		name, value, _ := strings.Cut(part, "=")
		if rel == "" && strings.EqualFold(strings.TrimSpace(name), "rel") {
			rel = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return rel, strings.TrimSpace(rest)
}

// cutPlain cuts at the first separator that is not within quotes.
func cutPlain(text string, separator byte) (before, after string) {
	quoted := false
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

func hasWord(text, word string) bool {
	for _, w := range strings.Fields(text) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
