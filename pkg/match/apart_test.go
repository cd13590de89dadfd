package match_test

import (
	"fmt"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestAutoTellsApart: pairs of two people that something makes likely. None of
// them may be made, by either method, unless said otherwise.
func TestAutoTellsApart(t *testing.T) {
	person := func(p match.Person, display string, change func(*source.User)) match.Person {
		p.User.DisplayName = display
		change(p.User)
		return p
	}
	ad := func(id, display string, change func(*source.User)) match.Person {
		return person(adUser(id, ""), display, change)
	}
	mb := func(id, display string, change func(*source.User)) match.Person {
		return person(mailbox(id, ""), display, change)
	}
	nothing := func(*source.User) {}
	mail := func(address string) func(*source.User) { return func(u *source.User) { u.Email = address } }
	welder := func(u *source.User) { u.Department, u.Title = "Sales", "Welder" }
	smith := func(u *source.User) { welder(u); u.GivenName, u.Surname = "John", "Smith" }

	for name, tc := range map[string]struct {
		ad, m365 []match.Person
		right    map[string]string // the pairs that may be made
	}{
		"two given names that look alike, and an address": {
			ad:   []match.Person{ad("a", "Christian Müller", mail("c.mueller@ex.example"))},
			m365: []match.Person{mb("m", "Christine Müller", mail("c.mueller@ex.example"))},
		},
		"two given names that look alike, and a telephone": {
			ad:   []match.Person{ad("a", "Mario Rossi", func(u *source.User) { u.Mobile = "+39 333 1234567" })},
			m365: []match.Person{mb("m", "Maria Rossi", func(u *source.User) { u.Mobile = "+39 333 1234567" })},
		},
		"a logon name that was handed on, and the address made of it": {
			ad: []match.Person{ad("a", "Jane Smith", func(u *source.User) { u.Username, u.UPN, u.Email = "jsmith", "jsmith@ex.example", "jsmith@ex.example" })},
			m365: []match.Person{mb("m", "John Smith", func(u *source.User) {
				u.OnPremUsername, u.UPN, u.Email = "jsmith", "jsmith@ex.example", "jsmith@ex.example"
			})},
		},
		"marks of generation in brackets": {
			ad: []match.Person{ad("a", "John Smith (Senior)", smith)}, m365: []match.Person{mb("m", "John Smith (Junior)", smith)},
		},
		"marks of generation behind a dash": {
			ad: []match.Person{ad("a", "John Smith - Sr", smith)}, m365: []match.Person{mb("m", "John Smith - Jr", smith)},
		},
		"a mark of generation on one side": {
			ad: []match.Person{ad("a", "João Silva", welder)}, m365: []match.Person{mb("m", "João Silva Filho", welder)},
		},
		"middle names": {
			ad: []match.Person{ad("a", "John William Smith", smith)}, m365: []match.Person{mb("m", "John Paul Smith", smith)},
		},
		"names in two scripts that have nothing in common": {
			ad:   []match.Person{ad("a", "Dmitry Sokolov", func(u *source.User) { u.Email, u.Phone = "sales@ex.example", "+7 495 1234567" })},
			m365: []match.Person{mb("m", "Иван Петров", func(u *source.User) { u.Email, u.Phone = "sales@ex.example", "+7 495 1234567" })},
		},
		"a forwarded address, and a given name one letter away": {
			ad: []match.Person{
				ad("a", "Stephany Thornbury", func(u *source.User) { mail("stephany.thornbury@ex.example")(u); u.Enabled = source.No }),
				ad("b", "Stephan Thornbury", func(u *source.User) { u.UPN = "stephan.thornbury@ex.example" }),
			},
			m365: []match.Person{mb("m", "Stephan Thornbury", func(u *source.User) {
				u.Email, u.UPN = "stephan.thornbury@ex.example", "stephan.thornbury@ex.example"
				u.Addresses = []string{"SMTP:stephan.thornbury@ex.example", "smtp:stephany.thornbury@ex.example"}
			})},
			right: map[string]string{"b": "m"},
		},
		"the same, and she has not left": {
			ad: []match.Person{
				ad("a", "Stephany Thornbury", mail("stephany.thornbury@ex.example")),
				ad("b", "Stephan Thornbury", func(u *source.User) { u.UPN = "stephan.thornbury@ex.example" }),
			},
			m365: []match.Person{mb("m", "Stephan Thornbury", func(u *source.User) {
				u.Email, u.UPN = "stephan.thornbury@ex.example", "stephan.thornbury@ex.example"
				u.Addresses = []string{"SMTP:stephan.thornbury@ex.example", "smtp:stephany.thornbury@ex.example"}
			})},
			right: map[string]string{"b": "m"},
		},
		"the name of somebody else in the display name alone": {
			ad: []match.Person{ad("a", "Margit Thorne", func(u *source.User) {
				welder(u)
				u.GivenName, u.Surname = "Malte", "Fuchs"
			})},
			m365: []match.Person{mb("m", "Margit Thorne", func(u *source.User) {
				welder(u)
				u.GivenName, u.Surname = "Margit", "Thorne"
			})},
		},
		"the name of somebody else, but not in the common name": {
			ad:   []match.Person{ad("a", "Margit Thorne", func(u *source.User) { welder(u); u.DN = "CN=Malte Fuchs,OU=Staff,DC=ex,DC=example" })},
			m365: []match.Person{mb("m", "Margit Thorne", welder)},
		},
		"letters of another alphabet": {
			ad: []match.Person{ad("a", "M\u0430rgit Th\u043erne", welder)}, m365: []match.Person{mb("m", "Margit Thorne", welder)},
		},
		"letters that only look like others": {
			ad: []match.Person{ad("a", "M\u0251rgit Thorne", welder)}, m365: []match.Person{mb("m", "Margit Thorne", welder)},
		},
		"an employee id that is none": {
			ad:   []match.Person{ad("a", "Ann Lee", func(u *source.User) { u.EmployeeID, u.Department = "CONTRACTOR", "IT" })},
			m365: []match.Person{mb("m", "Lee, Ann", func(u *source.User) { u.EmployeeID, u.Department = "Contractor", "Finance" })},
		},
		"the mailbox of somebody who left": {
			ad: []match.Person{
				ad("a", "John Smith", smith),
				ad("b", "John Smith", func(u *source.User) {
					smith(u)
					u.Email, u.EmployeeID, u.Enabled = "john.smith@ex.example", "E1", source.No
				}),
			},
			m365: []match.Person{mb("m", "John Smith", func(u *source.User) { smith(u); u.Email, u.EmployeeID = "john.smith@ex.example", "E1" })},
		},
		"the mailbox of the son": {
			ad:    []match.Person{ad("a", "John Smith", nothing), ad("b", "John Smith Jr", mail("john.smith@ex.example"))},
			m365:  []match.Person{mb("m", "John Smith", mail("john.smith@ex.example"))},
			right: map[string]string{"b": "m"},
		},
		"an anchor that was moved": {
			ad:   []match.Person{ad(guidA, "Bob Ray", mail("bob.ray@ex.example"))},
			m365: []match.Person{mb("m", "Tina Old", func(u *source.User) { u.ImmutableID = immutableA }), mb("n", "Bob Ray", mail("bob.ray@ex.example"))},
		},
		"an anchor that was moved between two who have their mail in AD": {
			ad: []match.Person{ad(guidA, "Bob Ray", mail("bob.ray@ex.example")), ad("b", "Ann Lee", mail("ann.lee@ex.example"))},
			m365: []match.Person{
				mb("m", "Ann Lee", func(u *source.User) { u.Email, u.ImmutableID = "ann.lee@ex.example", immutableA }),
				mb("n", "Bob Ray", mail("bob.ray@ex.example")),
			},
			right: map[string]string{guidA: "n", "b": "m"},
		},
		"employee ids, of which one has a second account": {
			ad: []match.Person{
				ad("a", "John Smith", func(u *source.User) { u.EmployeeID = "4711" }),
				ad("b", "John Smith Test", func(u *source.User) { u.Username, u.EmployeeID = "jsmith.t", "4711" }),
			},
			m365: []match.Person{mb("m", "John Smith", func(u *source.User) { u.EmployeeID = "8088" })},
		},
		"an address with a number, of which the other has none": {
			ad:   []match.Person{ad("a", "John Smith", func(u *source.User) { smith(u); u.Email = "john.smith2@ex.example" })},
			m365: []match.Person{mb("m", "John Smith", func(u *source.User) { smith(u); u.Email = "john.smith@ex.example" })},
		},
		"a principal name with a number, of which the address has none": {
			ad:   []match.Person{ad("a", "John Smith", func(u *source.User) { smith(u); u.UPN = "john.smith2@ex.example" })},
			m365: []match.Person{mb("m", "John Smith", func(u *source.User) { smith(u); u.Email = "john.smith@ex.example" })},
		},
		"the name of a colleague, by marriage": {
			ad: []match.Person{
				ad("a", "Laura Jones", func(u *source.User) { welder(u); u.GivenName, u.Surname = "Laura", "Jones" }),
				ad("b", "Laura Smith", func(u *source.User) { u.GivenName, u.Surname, u.Email = "Laura", "Smith", "laura.smith@ex.example" }),
			},
			m365: []match.Person{mb("m", "Laura Jones", func(u *source.User) {
				welder(u)
				u.GivenName, u.Surname, u.Email = "Laura", "Jones", "laura.jones@ex.example"
				u.Addresses = []string{"SMTP:laura.jones@ex.example", "smtp:laura.smith@ex.example"}
			})},
			right: map[string]string{"b": "m"},
		},
		"the login of a service": {
			ad: []match.Person{ad("a", "Bernd Kramer", func(u *source.User) { u.Username = "svc-backup" })}, m365: []match.Person{mb("m", "Bernd Kramer", nothing)},
		},
		"the address of an office": {
			ad: []match.Person{ad("a", "Eva Busch", nothing)}, m365: []match.Person{mb("m", "Eva Busch", func(u *source.User) { u.UPN, u.Email = "info@ex.example", "info@ex.example" })},
		},
	} {
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			for _, p := range match.Auto(match.Input{AD: tc.ad, M365: tc.m365}, by).Pairs {
				if tc.right[p.AD.ID] != p.M365.ID {
					t.Errorf("%s, by %s: %s was paired with %s (%s)", name, by, p.AD.DisplayName, p.M365.DisplayName, p.Reason)
				}
			}
		}
	}
}

// TestAutoKeepsPeopleTogether: what looks like a reason to tell them apart is none.
func TestAutoKeepsPeopleTogether(t *testing.T) {
	su := func(u *source.User) {
		u.GivenName, u.Surname, u.Email, u.EmployeeID = "Su", "Lee", "su.lee@ex.example", "4711"
	}
	ad := []match.Person{
		with(adUser("a", "Su Lee"), func(u *source.User) { su(u); u.Username = "su.lee" }),
		with(adUser("b", "John Smith"), func(u *source.User) {
			u.GivenName, u.Surname, u.Username, u.Email, u.EmployeeID = "John", "Smith", "j.smith", "john@ex.example", "99999"
		}),
		with(adUser("c", "Robert Smith"), func(u *source.User) {
			u.GivenName, u.Surname, u.Username, u.Email, u.EmployeeID = "Robert", "Smith", "smith", "robert@ex.example", "99999"
		}),
	}
	m365 := []match.Person{
		with(mailbox("m", "Su Lee"), func(u *source.User) { su(u); u.UPN = "su.lee@ex.example" }),
		with(mailbox("n", "John Smith"), func(u *source.User) { u.Email, u.EmployeeID = "john@ex.example", "815" }),
		with(mailbox("o", "Robert Smith"), func(u *source.User) { u.Email, u.EmployeeID = "robert@ex.example", "816" }),
	}
	for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
		if got := match.Auto(match.Input{AD: ad, M365: m365}, by).Result; len(got.Pairs) != 3 {
			t.Errorf("by %s: %q", by, summary(got))
		}
	}
}

// TestAutoAmongMany: what is learnt of forty people tells others apart. Where people
// have the same mobile in both directories, one of a name, department and title with
// another mobile is somebody else; but a telephone on the desk is no mobile, and an
// extension no other line.
func TestAutoAmongMany(t *testing.T) {
	var in match.Input
	given := []string{"Anton", "Beatriz", "Duncan", "Gwendolyn", "Hamid", "Ingrid", "Jorge", "Noemi"}
	surnames := []string{"Aumann", "Castell", "Fonseca", "Halvorsen", "Marsh"}
	for k := range 40 {
		mobile := fmt.Sprintf("+44 7700 %06d", 1000+k*7919)
		change := func(u *source.User) {
			u.GivenName, u.Surname, u.Mobile, u.EmployeeID = given[k%8], surnames[k%5], mobile, fmt.Sprint(30000+k*37)
			u.Department, u.Title = fmt.Sprint("Ward ", k%7), fmt.Sprint("Rank ", k%6)
			u.DisplayName = u.GivenName + " " + u.Surname
		}
		in.AD = append(in.AD, with(adUser(fmt.Sprint("a", k), ""), change))
		in.M365 = append(in.M365, with(mailbox(fmt.Sprint("m", k), ""), change))
	}
	pair := func(id string, ad, m365 source.User) {
		for _, u := range []*source.User{&ad, &m365} {
			u.Department, u.Title = "Ward 3", "Nurse"
			if u.DisplayName == "" {
				u.DisplayName = u.GivenName + " " + u.Surname
			}
		}
		in.AD = append(in.AD, with(adUser(id, ""), func(u *source.User) { ad.Kind, ad.ID, ad.Enabled = u.Kind, u.ID, u.Enabled; *u = ad }))
		in.M365 = append(in.M365, with(mailbox(id, ""), func(u *source.User) {
			m365.Kind, m365.ID, m365.Enabled, m365.Email, m365.Exchange = u.Kind, u.ID, u.Enabled, u.Email, u.Exchange
			*u = m365
		}))
	}
	pair("another mobile", source.User{GivenName: "Jaspreet", Surname: "Kaur", Mobile: "+44 7700 900111"}, source.User{GivenName: "Jaspreet", Surname: "Kaur", Mobile: "+44 7700 900222"})
	pair("names in each other's place", source.User{DisplayName: "Li Wei", GivenName: "Wei", Surname: "Li"}, source.User{DisplayName: "Wei Li", GivenName: "Li", Surname: "Wei"})
	pair("an employee id given out again", source.User{GivenName: "Karin", Surname: "Pohl", EmployeeID: "K1200"}, source.User{GivenName: "Katrin", Surname: "Pohl", EmployeeID: "K1200"})
	pair("desk and mobile", source.User{GivenName: "Wiremu", Surname: "Okafor", Mobile: "+44 7700 900333"}, source.User{GivenName: "Wiremu", Surname: "Okafor", Phone: "+44 20 7946 0444"})
	pair("an extension", source.User{GivenName: "Lucia", Surname: "Brandt", Phone: "+44 7700 900555 x12"}, source.User{GivenName: "Lucia", Surname: "Brandt", Phone: "+44 7700 900555"})
	right := map[string]bool{"desk and mobile": true, "an extension": true}
	pairs := map[string]string{}
	for _, p := range match.Auto(in, match.ByEvidence).Pairs {
		pairs[p.AD.ID] = p.M365.ID
	}
	for _, p := range in.AD[40:] {
		if got := pairs[p.ID] != ""; got != right[p.ID] {
			t.Errorf("%s: paired is %t", p.ID, got)
		}
	}
}
