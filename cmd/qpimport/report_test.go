package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestPageName makes of any name a file name that every system takes, and that no
// two customers share.
func TestPageName(t *testing.T) {
	safe := regexp.MustCompile(`^[a-z0-9-]{8,60}\.html$`)
	for name, want := range map[string]string{
		"Contoso": "contoso-89abcdef.html", "Smith & Söhne GmbH": "smith-s-hne-gmbh-89abcdef.html", "../../etc/passwd": "etc-passwd-89abcdef.html",
		"CON": "con-89abcdef.html", "index": "index-89abcdef.html", "株式会社": "89abcdef.html", "<script>": "script-89abcdef.html", "\u202e\x1b": "89abcdef.html",
		strings.Repeat("Long ", 100): "long-long-long-long-long-long-long-long-long-lon-89abcdef.html",
	} {
		got := pageName(name, "01234567-89ab-7def-8123-012389abcdef")
		if got != want || !safe.MatchString(got) {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
		if got == pageName(name, "01234567-89ab-7def-8123-0123fedcba98") {
			t.Errorf("two customers %q have one page", name)
		}
	}
}
