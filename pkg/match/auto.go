package match

import (
	"fmt"
	"strings"
)

// ParseMethod reads a method as people spell it.
func ParseMethod(s string) (Method, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "display-name", "display_name", "name":
		return ByDisplayName, nil
	case "evidence":
		return ByEvidence, nil
	}
	return "", fmt.Errorf("unknown way of matching %q: use display-name or evidence", s)
}

// Auto pairs the users of both sides by the method. Decisions taken by hand
// come first and beat every rule.
func Auto(in Input, by Method) Result {
	t := newTable(in)
	if by == ByEvidence {
		t.byEvidence()
	} else {
		t.byDisplayName()
	}
	return t.result()
}
