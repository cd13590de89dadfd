package habit

import "testing"

func TestPropose(t *testing.T) {
	type person struct{ given, surname, username, address string }
	for _, c := range []struct {
		what   string
		people []person
		asks   Name
		want   string
	}{
		{"the commonest pattern", []person{{"Ann", "Bell", "abell", "ann.bell@x.example"}, {"Bob", "Kane", "bkane", "bob.kane@x.example"}, {"Cy", "Lee", "clee", "cy.lee@x.example"}, {"Dan", "May", "dmay", "dan@x.example"}},
			Name{Given: "Eve", Surname: "van den Berg"}, "eve.vandenberg@x.example"},
		{"two are no custom", []person{{"Ann", "Bell", "", "ann.bell@x.example"}, {"Bob", "Kane", "", "bob.kane@x.example"}}, Name{Given: "Eve", Surname: "Pike"}, ""},
		{"nor is a half", []person{{"Ann", "Bell", "", "ann.bell@x.example"}, {"Bob", "Kane", "", "bob.kane@x.example"}, {"Cy", "Lee", "", "cy.lee@x.example"},
			{"Dan", "May", "", "dmay@x.example"}, {"Eli", "Orr", "", "eorr@x.example"}, {"Flo", "Ray", "", "fray@x.example"}}, Name{Given: "Eve", Surname: "Pike"}, ""},
		{"letters with marks", []person{{"Jörg", "Müller", "", "joerg.mueller@x.example"}, {"Bob", "Kane", "", "bob.kane@x.example"}, {"Cy", "Lee", "", "cy.lee@x.example"}},
			Name{Given: "Käthe", Surname: "Groß"}, "kaethe.gross@x.example"},
		{"or without", []person{{"José", "Álvarez", "", "jose.alvarez@x.example"}, {"Bob", "Kane", "", "bob.kane@x.example"}, {"Cy", "Lee", "", "cy.lee@x.example"}},
			Name{Given: "Käthe", Surname: "O'Neil"}, "kathe.oneil@x.example"},
		{"another script", []person{{"Ann", "Bell", "", "ann.bell@x.example"}, {"Bob", "Kane", "", "bob.kane@x.example"}, {"Cy", "Lee", "", "cy.lee@x.example"}}, Name{Given: "有希", Surname: "田中", Username: "ytanaka"}, ""},
		{"no name", []person{{"Ann", "Bell", "", "ann.bell@x.example"}, {"Bob", "Kane", "", "bob.kane@x.example"}, {"Cy", "Lee", "", "cy.lee@x.example"}}, Name{Surname: "Kiosk"}, ""},
		{"the logon name", []person{{"", "", "ab1", "ab1@x.example"}, {"", "", "cd2", "cd2@x.example"}, {"", "", "ef3", "ef3@x.example"}}, Name{Username: "gh4@corp.example"}, "gh4@x.example"},
		{"taken", []person{{"Ann", "Bell", "", "ann.bell@x.example"}, {"Bob", "Kane", "", "bob.kane@x.example"}, {"Cy", "Lee", "", "cy.lee@x.example"}}, Name{Given: "Ann", Surname: "Bell"}, ""},
	} {
		var l Learner
		taken := map[string]bool{}
		for _, p := range c.people {
			l.Learn(Name{Given: p.given, Surname: p.surname, Username: p.username}, p.address)
			taken[p.address] = true
		}
		if got := l.Propose(c.asks, func(a string) bool { return taken[a] }); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// TestDomains takes the domain that those of the same UPN suffix have.
func TestDomains(t *testing.T) {
	var l Learner
	for _, p := range []struct{ given, upn, domain string }{{"Ann", "a.example", "a.example"}, {"Bob", "a.example", "a.example"}, {"Cy", "a.example", "a.example"}, {"Dan", "corp.b.example", "b.example"}} {
		l.Learn(Name{Given: p.given, Surname: "Bell", Domain: p.upn}, p.given+".bell@"+p.domain)
	}
	free := func(string) bool { return false }
	if got := l.Propose(Name{Given: "Eve", Surname: "Pike", Domain: "corp.b.example"}, free); got != "eve.pike@b.example" {
		t.Error(got)
	}
	if got := l.Propose(Name{Given: "Eve", Surname: "Pike", Domain: "new.example"}, free); got != "eve.pike@a.example" {
		t.Error(got)
	}
}

func BenchmarkLearn(b *testing.B) {
	var l Learner
	for b.Loop() {
		l.Learn(Name{Given: "Jörg", Surname: "van den Berg", Username: "jvdberg", Domain: "corp.x.example"}, "joerg.vandenberg@x.example")
	}
}
