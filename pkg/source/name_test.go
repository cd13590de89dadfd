package source

import "testing"

func TestLossyName(t *testing.T) {
	for name, want := range map[string]bool{
		"": false, "Ann Lee": false, "Jörg": false, "Ann (?)": false, "Ann ? Lee": false,
		"J?rg": true, "M?ller": true, "Jos?": true, "?lo": true, "???": true, "?? ???": true, "J\ufffdrg": true, "田?": false,
	} {
		if got := LossyName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

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
