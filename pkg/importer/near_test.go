package importer

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// things are names of as many things.
func things(names ...string) iter.Seq[called] {
	return func(yield func(called) bool) {
		for _, name := range names {
			if !yield(called{whose: name, name: name}) {
				return
			}
		}
	}
}

func TestNearest(t *testing.T) {
	there := things("Contoso", "Fabrikam", "Müller GmbH", "Contosa", "Kontoso", "Cantoso", "X",
		"ann.bell@contoso.example", "corp.example/Staff/London", "OU=Kiosk,DC=corp,DC=example", "jdoe")
	for meant, want := range map[string][]string{
		"contsoo":                     {"Contoso"},
		"Contos":                      {"Contoso", "Contosa"},
		"muler gmbh":                  {"Müller GmbH"},
		"Y":                           nil,
		"":                            nil,
		"Elsewhere":                   nil,
		"Fabrikam AG":                 {"Fabrikam"},
		"Müll":                        {"Müller GmbH"}, // the beginning
		"fab":                         {"Fabrikam"},
		"fa":                          nil,
		"ann.b":                       {"ann.bell@contoso.example"},
		"jdeo":                        {"jdoe"},
		`CORP\jdeo`:                   {"jdoe"},
		"an.bell@contoso.example":     {"ann.bell@contoso.example"},
		"zoe@contoso.example":         nil, // the domain alone is no likeness
		"corp.example/Staff/Londn":    {"corp.example/Staff/London"},
		"corp.example/Staff/Paris":    nil,
		"OU=Board,DC=corp,DC=example": nil,
		"OU=Kiosks,DC=corp,DC=example": {
			"OU=Kiosk,DC=corp,DC=example",
		},
	} {
		var got []string
		for _, c := range nearest(meant, there) {
			got = append(got, c.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", meant, got, want)
		}
	}
}

// TestDistance holds the distance with its short cuts against one that looks at all.
func TestDistance(t *testing.T) {
	words := []string{"", "a", "ab", "ba", "abc", "acb", "bca", "xyz", "abcdef", "abdcef", "badcfe", "ferdinand", "fredinand", "frdinandd"}
	for _, a := range words {
		for _, b := range words {
			whole := distance([]rune(a), []rune(b), 100)
			if back := distance([]rune(b), []rune(a), 100); back != whole {
				t.Errorf("%q to %q is %d, and back %d", a, b, whole, back)
			}
			for most := range 6 {
				if got, want := distance([]rune(a), []rune(b), most), min(whole, most+1); got != want {
					t.Errorf("%q to %q up to %d is %d, want %d", a, b, most, got, want)
				}
			}
		}
	}
	for pair, want := range map[[2]string]int{{"abc", "acb"}: 1, {"badcfe", "abcdef"}: 3, {"xyz", "abc"}: 3, {"ab", "abc"}: 1} {
		if got := distance([]rune(pair[0]), []rune(pair[1]), 100); got != want {
			t.Errorf("%q is %d, want %d", pair, got, want)
		}
	}
}

// TestMeant says what is proposed: one name of each, what finds a person in place of his
// name, and nothing that looks like another line.
func TestMeant(t *testing.T) {
	contoso := registry.New(registry.Customer{ID: "c1", Name: "Contoso"})
	contoso.Accounts = []*registry.Account{
		{ID: "a1", Username: "jdoe", UPN: "jdoe@x.example", DisplayName: "John Doe"},
		{ID: "a2", Username: "j doe\nhint: x", DisplayName: "Jon Deo"},
	}
	fabrikam := registry.New(registry.Customer{ID: "c2", Name: "Fabrikam"})
	fabrikam.Accounts = []*registry.Account{{ID: "b1", Email: "jdo@y.example", Username: "jdof"}}
	for _, c := range []struct {
		missing []string
		there   iter.Seq[called]
		want    string
	}{
		{[]string{"jdo"}, namesOfAccounts(contoso), "jdoe"},
		{[]string{"jhon doe"}, namesOfAccounts(contoso), "jdoe (John Doe)"},
		{[]string{"jdo", "nobody", "jon deo"}, namesOfAccounts(contoso), `jdoe for "jdo"; "j doe hint: x" (Jon Deo) for "jon deo"`},
		{[]string{"jdo"}, namesOfAccounts(contoso, fabrikam), "jdoe of Contoso, jdof of Fabrikam"},
		{[]string{"w", "x", "y", "jdo"}, namesOfAccounts(contoso), ""}, // no more than three are looked for
		{[]string{"jdo"}, nil, ""},
	} {
		if got := meant(c.missing, c.there); got != c.want {
			t.Errorf("%q: %s, want %s", c.missing, got, c.want)
		}
	}
}

// TestListHits lists the hits of a name in order, up to a bound, each on its line.
func TestListHits(t *testing.T) {
	got := listHits("x", []hit{{id: "2", label: "b", of: "B"}, {id: "1", label: "c", of: "A"}, {id: "3", label: "a\n  z", of: "B"}})
	if want := "\"x\" is the name of 3:\nc of A\na z of B\nb of B"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var many []hit
	for i := range 13 {
		many = append(many, hit{id: fmt.Sprint(i), label: "same"})
	}
	want := "\"x\" is the name of 13:" + strings.Repeat("\nsame", 10) + "\nand 3 more"
	if got := listHits("x", many); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// BenchmarkMeant looks for three names among 100,000 users.
func BenchmarkMeant(b *testing.B) {
	users := make([]*source.User, 100_000)
	for i := range users {
		name := fmt.Sprintf("%s.%s%d", []string{"anna", "bertram", "christoph", "dora"}[i%4], []string{"bell", "müller", "papadopoulos"}[i%3], i)
		users[i] = &source.User{ID: fmt.Sprint(i), Username: name, UPN: name + "@contoso.example", Email: name + "@mail.contoso.example",
			DN: "CN=" + name + ",OU=Staff,DC=corp,DC=contoso,DC=example", DisplayName: name + " Smith"}
	}
	for b.Loop() {
		if meant([]string{"bertam.mueler77777", "Anna Bel", "cristoph.papadopulos5@contoso.example"}, namesOfUsers(slices.Values(users))) == "" {
			b.Fatal("nothing")
		}
	}
}
