package match_test

import (
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
	} {
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
