package source

import "testing"

func TestDomainUser(t *testing.T) {
	for in, want := range map[string][2]string{
		`CORP\ann`: {"CORP", "ann"}, ` corp.example\a.lee `: {"corp.example", "a.lee"}, `CORP\ann$`: {"CORP", "ann$"},
		`ann`: {}, `\ann`: {}, `CORP\`: {}, `CN=Lee\, Ann,DC=x`: {}, `A\B\C`: {}, `a\b@x`: {}, ``: {},
	} {
		domain, user, ok := DomainUser(in)
		if domain != want[0] || user != want[1] || ok != (want[1] != "") {
			t.Errorf("%q: %q %q %v", in, domain, user, ok)
		}
	}
}
