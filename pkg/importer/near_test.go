package importer

import (
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"Contoso", "Fabrikam", "Müller GmbH", "Contosa", "Kontoso", "Cantoso", "X"}
	for meant, want := range map[string][]string{
		"contsoo":     {"Contoso"},
		"Contos":      {"Contoso", "Contosa", "Kontoso"},
		"muler gmbh":  {"Müller GmbH"},
		"Y":           nil,
		"":            nil,
		"Elsewhere":   nil,
		"Fabrikam AG": {"Fabrikam"},
	} {
		if got := nearest(meant, names); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", meant, got, want)
		}
	}
}
