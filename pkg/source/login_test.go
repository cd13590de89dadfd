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

// TestInDomain holds names against the domain of a login.
func TestInDomain(t *testing.T) {
	for name, domains := range map[string][]string{
		"CN=Ann,OU=DC=x,DC=corp,DC=contoso,DC=example": {"CORP", "contoso", "corp.contoso.example"},
		"cn=ann,dc=a-very-long-name-indeed,dc=example": {"A-VERY-LONG-NAM", "A-VERY-LONG-NAME-INDEED"},
		"ann@corp.contoso.example":                     {"corp", "CONTOSO", "Corp.Contoso.Example"},
	} {
		for _, domain := range domains {
			if !InDomain(name, domain) {
				t.Errorf("%s is in %s", name, domain)
			}
		}
	}
	for name, domain := range map[string]string{
		"CN=Ann,OU=Fabrikam,DC=contoso,DC=example": "fabrikam", "ann@contoso.example": "fabrikam", "contoso": "contoso",
		"3f2504e0-4f89-11d3-9a0c-0305e82c3301": "3f2504e0", "CN=Ann,DC=con": "contoso", "": "",
	} {
		if InDomain(name, domain) {
			t.Errorf("%q is not in %q", name, domain)
		}
	}
}
