package match_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// Two GUIDs and their immutable ids: base64 of the bytes as AD stores them, the
// first three groups little-endian.
const (
	guidA      = "00112233-4455-6677-8899-aabbccddeeff"
	guidB      = "fedcba98-7654-3210-0123-456789abcdef"
	immutableA = "MyIRAFVEd2aImaq7zN3u/w=="
	immutableB = "mLrc/lR2EDIBI0VniavN7w=="
)

func named(p match.Person, given, surname string) match.Person {
	return with(p, func(u *source.User) {
		u.GivenName, u.Surname = given, surname
		if u.DisplayName == "" {
			u.DisplayName = given + " " + surname
		}
	})
}

// amongOthers adds people who are not alike in anything.
func amongOthers(in match.Input) match.Input {
	for k, name := range []string{"Wiremu Okafor", "Saskia Thornbury", "Henrik Valstad", "Beatrix Quenneville", "Dragan Milosevski", "Imogen Fairweather", "Yusuf Abernathy"} {
		given, surname, _ := strings.Cut(name, " ")
		change := func(u *source.User) {
			u.Email = strings.ToLower(given) + "@ex.example"
			u.Department, u.Title = "Department "+surname, "Post of "+given
		}
		in.AD = append(in.AD, with(named(adUser(fmt.Sprint("other-", k), ""), given, surname), change))
		in.M365 = append(in.M365, with(named(mailbox(fmt.Sprint("other-", k), ""), given, surname), change))
	}
	return in
}

func TestAutoByEvidence(t *testing.T) {
	type change = func(*source.User)
	mail := func(address string) change { return func(u *source.User) { u.Email = address } }
	proxies := func(addresses ...string) change { return func(u *source.User) { u.Addresses = addresses } }
	employee := func(id string) change { return func(u *source.User) { u.EmployeeID = id } }
	mobile := func(n string) change { return func(u *source.User) { u.Mobile = n } }
	job := func(department, title string) change {
		return func(u *source.User) { u.Department, u.Title = department, title }
	}
	immutable := func(id string) change { return func(u *source.User) { u.ImmutableID, u.Synced = id, source.Yes } }
	sid := func(s string) change { return func(u *source.User) { u.SID = s } }
	username := func(s string) change { return func(u *source.User) { u.Username = s } }
	mk := func(p match.Person, changes ...change) match.Person {
		for _, c := range changes {
			c(p.User)
		}
		return p
	}
	ad := func(id, given, surname string, changes ...change) match.Person {
		return mk(named(adUser(id, ""), given, surname), changes...)
	}
	mb := func(id, given, surname string, changes ...change) match.Person {
		return mk(named(mailbox(id, ""), given, surname), changes...)
	}

	for _, tc := range []struct {
		name      string
		ad, m365  []match.Person
		decisions []match.Decision
		crowd     bool // among others, whose departments and titles differ
		want      []string
	}{
		{
			name: "the anchor is objectGUID in AD's byte order", ad: []match.Person{ad(guidA, "Ada", "Lind")},
			m365: []match.Person{mb("m", "Augusta", "Lind", immutable(immutableA))},
			want: []string{"pair " + guidA + "=m anchor"},
		},
		{
			name: "an anchor that the sync engine did not write is one identifier among others", ad: []match.Person{ad(guidA, "Ada", "Lind")},
			m365: []match.Person{mb("m", "Ada", "Lind", func(u *source.User) { u.ImmutableID = immutableA })},
			want: []string{"pair " + guidA + "=m evidence"},
		},
		{
			name: "an anchor can be copied: a wholly other name goes to review", ad: []match.Person{ad(guidA, "Ada", "Lind")},
			m365: []match.Person{mb("m", "Augusta", "Berg", immutable(immutableA))},
			want: []string{"review " + guidA + " ? m name_differs", "m365 m"},
		},
		{
			name: "a SID cannot be copied", ad: []match.Person{ad(guidA, "Ada", "Lind", sid("S-1-5-21-1-1-1-7"))},
			m365: []match.Person{mb("m", "Augusta", "Berg", immutable(immutableA), sid("S-1-5-21-1-1-1-7"))},
			want: []string{"pair " + guidA + "=m anchor"},
		},
		{
			name: "an anchor that leads away from the user's own mailbox",
			ad:   []match.Person{ad(guidA, "Ada", "Lind", mobile("0151 2223344"))},
			m365: []match.Person{mb("m", "Ida", "Lind", immutable(immutableA)), mb("n", "Ada", "Lind", mobile("0151 2223344"))},
			want: []string{"review " + guidA + " ? m n name_differs", "m365 m", "m365 n"},
		},
		{
			name: "the SID of a user of this domain who is gone", ad: []match.Person{ad("a", "Ada", "Lind", sid("S-1-5-21-1-1-1-7"), mail("ada@ex.example"))},
			m365: []match.Person{mb("m", "Ada", "Lind", sid("S-1-5-21-1-1-1-8"), mail("ada@ex.example"))},
			want: []string{"review a ? m contradiction", "m365 m"},
		},
		{
			name: "a mailbox of another forest, and the name alone", crowd: true, ad: []match.Person{ad("a", "Ada", "Lind", sid("S-1-5-21-1-1-1-7"), job("HR", "Welder"))},
			m365: []match.Person{mb("m", "Ada", "Lind", sid("S-1-5-21-9-9-9-7"), job("HR", "Welder"))},
			want: []string{"review a ? m foreign_origin", "m365 m"},
		},
		{
			name: "a mailbox of another forest, where the user is proven otherwise", ad: []match.Person{ad("a", "Ada", "Lind", sid("S-1-5-21-1-1-1-7"), mail("ada@ex.example"), employee("4711"))},
			m365: []match.Person{mb("m", "Ada", "Lind", sid("S-1-5-21-9-9-9-7"), mail("ada@ex.example"), employee("4711"))},
			want: []string{"pair a=m evidence"},
		},
		{
			name: "a sAMAccountName of another forest", ad: []match.Person{ad("a", "Ada", "Lind", sid("S-1-5-21-1-1-1-7"), username("k4711"))},
			m365: []match.Person{mb("m", "Ada", "Lind", sid("S-1-5-21-9-9-9-7"), func(u *source.User) { u.OnPremUsername = "k4711" })},
			want: []string{"review a ? m foreign_origin", "m365 m"},
		},
		{
			name: "the anchor is ms-DS-ConsistencyGuid", ad: []match.Person{ad(guidA, "Ada", "Lind", func(u *source.User) { u.ConsistencyGUID = guidB })},
			m365: []match.Person{mb("m", "Ada", "Lind", immutable(immutableB))},
			want: []string{"pair " + guidA + "=m anchor"},
		},
		{
			name: "the SID decides on a copied anchor",
			ad: []match.Person{ad(guidA, "Ada", "Lind", sid("S-1-5-21-1-1-1-7")),
				ad(guidB, "Eva", "Berg", sid("S-1-5-21-1-1-1-8"), func(u *source.User) { u.ConsistencyGUID = guidA })},
			m365: []match.Person{mb("m", "Ada", "Lind", immutable(immutableA), sid("s-1-5-21-1-1-1-7"))},
			want: []string{"pair " + guidA + "=m anchor", "ad " + guidB + " no_candidate"},
		},
		{
			name: "a copied anchor without a SID proves nothing",
			ad: []match.Person{ad(guidA, "Ada", "Lind"),
				ad(guidB, "Eva", "Berg", func(u *source.User) { u.ConsistencyGUID = guidA })},
			m365: []match.Person{mb("m", "Ida", "Holm", immutable(immutableA))},
			want: []string{"ad " + guidA + " no_candidate", "ad " + guidB + " no_candidate", "m365 m"},
		},
		{
			name: "a stale anchor gives way to other evidence",
			ad:   []match.Person{ad(guidA, "Ada", "Lind", mail("ada@ex.example"))},
			m365: []match.Person{mb("m", "Ada", "Lind", func(u *source.User) { u.ImmutableID = immutableB }, mail("ada@ex.example"))},
			want: []string{"pair " + guidA + "=m evidence"},
		},
		{
			name: "another user's anchor beats an equal address and name",
			ad:   []match.Person{ad(guidA, "Ada", "Lind", mail("ada@ex.example")), ad(guidB, "Eva", "Berg", sid("S-1-5-21-1-1-1-8"))},
			m365: []match.Person{mb("m", "Ada", "Lind", immutable(immutableB), sid("S-1-5-21-1-1-1-8"), mail("ada@ex.example"))},
			want: []string{"pair " + guidB + "=m anchor", "ad " + guidA + " candidates_taken"},
		},
		{
			name: "an address and the name", ad: []match.Person{ad("a", "Zoë", "Müller", mail("Zoe@ex.example"))},
			m365: []match.Person{mb("m", "Zoe", "Mueller", mail("zm@ex.example"), proxies("SMTP:zm@ex.example", "smtp:zoe@EX.example"))},
			want: []string{"pair a=m evidence"},
		},
		{
			name: "an address alone", ad: []match.Person{ad("a", "Ada", "Lind", mail("x@ex.example"))}, m365: []match.Person{mb("m", "Eva", "Berg", mail("x@ex.example"))},
			want: []string{"review a ? m name_differs", "m365 m"},
		},
		{
			name: "an address of several mailboxes is no identifier", ad: []match.Person{ad("a", "Ada", "Lind", mail("x@ex.example"))},
			m365: []match.Person{mb("m", "Ada", "Lind", mail("x@ex.example")), mb("n", "Eva", "Berg", proxies("smtp:x@ex.example"))},
			want: []string{"review a ? m not_proven", "m365 m", "m365 n"},
		},
		{
			name: "an employee id, and the name in the other order",
			ad:   []match.Person{ad("a", "Ada", "Lind", employee("42"))}, m365: []match.Person{with(mb("m", "", "", employee("42")), func(u *source.User) { u.DisplayName = "LIND, Ada (Sales)" })},
			want: []string{"pair a=m evidence"},
		},
		{
			name: "leading zeros count where nothing shows that they do not", ad: []match.Person{ad("a", "Ada", "Lind", employee("0042"))},
			m365: []match.Person{mb("m", "Ada", "Lind", employee("42"))},
			want: []string{"review a ? m not_proven", "m365 m"},
		},
		{
			name: "leading zeros do not count where others show it",
			ad:   []match.Person{ad("a", "Ada", "Lind", employee("0042")), ad("b", "Eva", "Berg", employee("0043")), ad("c", "Ida", "Holm", employee("0044"))},
			m365: []match.Person{mb("m", "Ada", "Lind", employee("42")), mb("n", "Eva", "Berg", employee("43")), mb("o", "Ida", "Holm", employee("44"))},
			want: []string{"pair a=m evidence", "pair b=n evidence", "pair c=o evidence"},
		},
		{
			name: "another employee id", ad: []match.Person{ad("a", "Ada", "Lind", employee("41"), mail("x@ex.example"))},
			m365: []match.Person{mb("m", "Ada", "Lind", employee("42"), mail("x@ex.example"))},
			want: []string{"review a ? m contradiction", "m365 m"},
		},
		{
			name: "a mobile number and a nickname", ad: []match.Person{ad("a", "Robert", "Lind", mobile("(415) 555 0100"))},
			m365: []match.Person{mb("m", "Bob", "Lind", mobile("+1 415-555-0100"))},
			want: []string{"review a ? m not_proven", "m365 m"},
		},
		{
			name: "an address and a nickname", ad: []match.Person{ad("a", "Robert", "Lind", mail("r.lind@ex.example"))},
			m365: []match.Person{mb("m", "Bob", "Lind", mail("r.lind@ex.example"))},
			want: []string{"pair a=m evidence"},
		},
		{
			name: "a mobile number and the name", ad: []match.Person{ad("a", "Robert", "Lind", mobile("(415) 555 0100"))},
			m365: []match.Person{mb("m", "Robert", "Lind", mobile("+1 415-555-0100"))},
			want: []string{"pair a=m evidence"},
		},
		{
			name: "a mobile number and a display name, both of which a user can set himself", ad: []match.Person{with(adUser("a", "Robert Lind"), mobile("(415) 555 0100"))},
			m365: []match.Person{mb("m", "Robert", "Lind", mobile("+1 415-555-0100"))},
			want: []string{"review a ? m not_proven", "m365 m"},
		},
		{
			name: "a nickname alone", ad: []match.Person{ad("a", "Robert", "Lind")}, m365: []match.Person{mb("m", "Bob", "Lind")},
			want: []string{"review a ? m not_proven", "m365 m"},
		},
		{
			name: "a telephone that others have", ad: []match.Person{ad("a", "Ada", "Lind", mobile("4155550100")), ad("b", "Eva", "Berg", mobile("4155550100"))},
			m365: []match.Person{mb("m", "Ada", "Lind", mobile("4155550100"))},
			want: []string{"review a ? m not_proven", "ad b no_candidate", "m365 m"},
		},
		{
			name: "spouses share a telephone", ad: []match.Person{ad("a", "Ada", "Lind", mobile("4155550100"))}, m365: []match.Person{mb("m", "Karl", "Lind", mobile("4155550100"))},
			want: []string{"review a ? m name_differs", "m365 m"},
		},
		{
			name: "a name alone", ad: []match.Person{ad("a", "Ada", "Lind")}, m365: []match.Person{mb("m", "Ada", "Lind")},
			want: []string{"review a ? m not_proven", "m365 m"},
		},
		{
			name: "a name, department and title", crowd: true, ad: []match.Person{ad("a", "Ada", "Lind", job("Human Resources", "Welder"))}, m365: []match.Person{mb("m", "Ada", "Lind", job("HR", "welder"))},
			want: []string{"pair a=m corroborated_name"},
		},
		{
			name: "namesakes with department and title", ad: []match.Person{ad("a", "Ada", "Lind", job("Human Resources", "Welder")), ad("b", "Ada", "Lind")},
			m365: []match.Person{mb("m", "Ada", "Lind", job("HR", "Welder"))},
			want: []string{"review a ? m namesakes", "review b ? m namesakes", "m365 m"},
		},
		{
			name: "father and son", ad: []match.Person{with(ad("a", "Karl", "Lind", mail("karl@ex.example")), func(u *source.User) { u.DisplayName = "Karl Lind Sr." })},
			m365: []match.Person{with(mb("m", "Karl", "Lind", mail("karl@ex.example")), func(u *source.User) { u.DisplayName = "Lind, Karl Jr" })},
			want: []string{"review a ? m contradiction", "m365 m"},
		},
		{
			name: "other middle initials", ad: []match.Person{with(ad("a", "Karl", "Lind", mail("k@ex.example")), func(u *source.User) { u.Initials = "A" })},
			m365: []match.Person{with(mb("m", "Karl", "Lind", mail("k@ex.example")), func(u *source.User) { u.DisplayName = "Karl B. Lind" })},
			want: []string{"review a ? m contradiction", "m365 m"},
		},
		{
			name: "Cyrillic and its transliteration", ad: []match.Person{ad("a", "Sergey", "Aleksandrov", mail("s@ex.example"))},
			m365: []match.Person{mb("m", "Сергей", "Александров", mail("s@ex.example"))},
			want: []string{"pair a=m evidence"},
		},
		{
			name: "scripts that cannot be compared want two identifiers", ad: []match.Person{ad("a", "Yuki", "Tanaka", mail("y@ex.example")), ad("b", "Mei", "Okada", mail("mei@ex.example"), employee("19"))},
			m365: []match.Person{mb("m", "雪", "田中", mail("y@ex.example")), mb("n", "芽衣", "岡田", mail("mei@ex.example"), employee("19"))},
			want: []string{"pair b=n evidence", "review a ? m not_proven", "m365 m"},
		},
		{
			name: "a recycled address, and by chance the given name", ad: []match.Person{ad("a", "Ada", "Lind", mail("ada.berg@ex.example"), job("Sales", "Clerk"))},
			m365: []match.Person{mb("m", "Ada", "Berg", mail("ada.berg@ex.example"), job("Sales", "Clerk"))},
			want: []string{"review a ? m name_differs", "m365 m"},
		},
		{
			name: "a second account does not make its owner a namesake",
			ad: []match.Person{ad("a", "Ada", "Lind", mail("ada@ex.example"), username("alind")),
				ad("b", "Ada", "Lind", mail("ada@ex.example"), username("adm-alind")), ad("c", "Ada", "Lind", username("x.alind"))},
			m365: []match.Person{mb("m", "Ada", "Lind", mail("ada@ex.example"))},
			want: []string{"pair a=m evidence", "ad b admin_account", "ad c admin_account"},
		},
		{
			name: "a service account", ad: []match.Person{with(adUser("a", "svc_backup"), username("svc_backup"))}, m365: []match.Person{mb("m", "Ada", "Lind")},
			want: []string{"ad a service_account", "m365 m"},
		},
		{
			name: "a disabled user is proposed, never paired",
			ad:   []match.Person{with(ad("a", "Ada", "Lind", mail("ada@ex.example")), func(u *source.User) { u.Enabled = source.No })},
			m365: []match.Person{with(mb("m", "Ada", "Lind", mail("ada@ex.example")), func(u *source.User) { u.Enabled, u.Exchange = source.No, source.No })},
			want: []string{"review a ? m disabled"},
		},
		{
			name: "a guest is no candidate", ad: []match.Person{ad("a", "Ada", "Lind", mail("ada@ex.example"))},
			m365: []match.Person{with(mb("m", "Ada", "Lind", mail("ada@ex.example")), func(u *source.User) { u.Guest = true })},
			want: []string{"ad a no_candidate"},
		},
		{
			name: "a rejected pair leaves the next best", ad: []match.Person{ad("a", "Ada", "Lind", mail("ada@ex.example"))},
			m365:      []match.Person{mb("m", "Ada", "Lind", mail("ada@ex.example")), mb("n", "Ada", "Lind", mail("ada2@ex.example"))},
			decisions: []match.Decision{{ADID: "a", M365ID: "m", Verdict: match.VerdictReject}},
			want:      []string{"review a ? n namesakes", "m365 m", "m365 n"},
		},
		{
			name: "a disabled namesake counts", ad: []match.Person{ad("a", "Ada", "Lind", job("HR", "Welder")), with(ad("b", "Ada", "Lind"), func(u *source.User) { u.Enabled = source.No })},
			m365: []match.Person{mb("m", "Ada", "Lind", job("HR", "Welder"))},
			want: []string{"review a ? m namesakes", "review b ? m disabled", "m365 m"},
		},
		{
			name: "a namesake who was not imported counts", ad: []match.Person{ad("a", "Ada", "Lind", job("HR", "Welder")), bystander(ad("b", "Ada", "Lind"))},
			m365: []match.Person{mb("m", "Ada", "Lind", job("HR", "Welder"))},
			want: []string{"review a ? m namesakes", "m365 m"},
		},
		{
			name: "a namesake who is gone counts", ad: []match.Person{ad("a", "Ada", "Lind", job("HR", "Welder")), gone(ad("b", "Ada", "Lind"))},
			m365: []match.Person{mb("m", "Ada", "Lind", job("HR", "Welder"))},
			want: []string{"review a ? m namesakes", "ad b gone", "m365 m"},
		},
		{
			name: "an address of somebody who was not imported is his", ad: []match.Person{ad("a", "Ada", "Lind", job("HR", "Welder")), bystander(ad("b", "Eva", "Berg", mail("ada@ex.example")))},
			m365: []match.Person{mb("m", "Ada", "Lind", mail("ada@ex.example"), job("HR", "Welder"))},
			want: []string{"review a ? m contradiction", "m365 m"},
		},
		{
			name: "a disabled copy of somebody is not his rival",
			ad:   []match.Person{ad("a", "Ada", "Lind", mail("ada@ex.example"), employee("471")), with(ad("b", "Ada", "Lind", mail("ada@ex.example"), employee("471")), func(u *source.User) { u.Enabled = source.No })},
			m365: []match.Person{mb("m", "Ada", "Lind", mail("ada@ex.example"), employee("471"))},
			want: []string{"pair a=m evidence", "ad b disabled"},
		},
		{
			name: "a taken namesake still counts", ad: []match.Person{ad("a", "Ada", "Lind", job("HR", "Welder")), taken(ad("b", "Ada", "Lind"))},
			m365: []match.Person{mb("m", "Ada", "Lind", job("HR", "Welder"))},
			want: []string{"review a ? m namesakes", "m365 m"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := match.Input{AD: tc.ad, M365: tc.m365, Decisions: tc.decisions}
			if tc.crowd {
				in = amongOthers(in)
			}
			got := match.Auto(in, match.ByEvidence).Result
			s := slices.DeleteFunc(summary(got), func(line string) bool { return strings.Contains(line, "other-") })
			if !slices.Equal(s, tc.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(s, "\n  "), strings.Join(tc.want, "\n  "))
			}
			checkInvariants(t, in, got)
		})
	}
}

// TestAutoHostile: nobody is paired by what everybody has. Were the work not
// bounded, the test would not end in time.
func TestAutoHostile(t *testing.T) {
	const n = 2000
	for _, tc := range []struct {
		name   string
		change func(u *source.User, k int)
	}{
		{"one name", func(u *source.User, k int) { u.DisplayName, u.GivenName, u.Surname = "Ada Lind", "Ada", "Lind" }},
		{"one telephone", func(u *source.User, k int) {
			u.DisplayName, u.Mobile = fmt.Sprintf("Given%d Surname%d", k, k), "4155550100"
		}},
		{"one address", func(u *source.User, k int) {
			u.DisplayName, u.Email = fmt.Sprintf("Given%d Surname%d", k, k), "all@ex.example"
		}},
		{"one surname", func(u *source.User, k int) {
			u.DisplayName = fmt.Sprintf("%c%c%c Lind", 'A'+k%26, 'a'+k/26%26, 'a'+k/676)
		}},
		{"one word in every place", func(u *source.User, k int) { u.DisplayName = strings.Repeat("x ", 5000) + "y z" }},
		{"many addresses", func(u *source.User, k int) {
			if k == 0 {
				for a := range 20000 {
					u.Addresses = append(u.Addresses, fmt.Sprintf("smtp:a%d@ex.example", a))
				}
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var in match.Input
			size := n
			if tc.name == "one word in every place" {
				size = 200
			}
			for k := range size {
				a, m := adUser(fmt.Sprintf("a%05d", k), ""), mailbox(fmt.Sprintf("m%05d", k), "")
				tc.change(a.User, k)
				tc.change(m.User, k)
				in.AD, in.M365 = append(in.AD, a), append(in.M365, m)
			}
			got := match.Auto(in, match.ByEvidence).Result
			checkInvariants(t, in, got)
			if len(got.Pairs) > 0 {
				t.Errorf("%d pairs, the first %s=%s by %s", len(got.Pairs), got.Pairs[0].AD.ID, got.Pairs[0].M365.ID, got.Pairs[0].Reason)
			}
		})
	}
}
