package match_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// adUser and mailbox make users that automatic matching takes.
func adUser(id, name string) match.Person {
	return match.Person{User: &source.User{Kind: source.AD, ID: id, DisplayName: name, Enabled: source.Yes}}
}

func mailbox(id, name string) match.Person {
	return match.Person{User: &source.User{
		Kind: source.M365, ID: id, DisplayName: name, Enabled: source.Yes,
		Email: id + "@example.com", Exchange: source.Yes,
	}}
}

func with(p match.Person, change func(*source.User)) match.Person {
	change(p.User)
	return p
}

func taken(p match.Person) match.Person {
	p.Partner = "somebody"
	return p
}

func bystander(p match.Person) match.Person {
	p.Bystander = true
	return p
}

func gone(p match.Person) match.Person {
	p.Gone = true
	return p
}

// summary writes a result in short: one line a case.
func summary(r match.Result) []string {
	ids := func(users []*source.User) string {
		var s []string
		for _, u := range users {
			s = append(s, u.ID)
		}
		return strings.Join(s, " ")
	}
	var out []string
	for _, p := range r.Pairs {
		out = append(out, fmt.Sprintf("pair %s=%s %s", p.AD.ID, p.M365.ID, p.Reason))
	}
	for _, a := range r.Ambiguous {
		out = append(out, fmt.Sprintf("ambiguous %s | %s %s", ids(a.AD), ids(a.M365), a.Reason))
	}
	for _, v := range r.Review {
		line := "review " + v.AD.ID + " ?"
		for _, c := range v.Candidates {
			line += " " + c.M365.ID
		}
		out = append(out, line+" "+v.Reason)
	}
	for _, u := range r.UnmatchedAD {
		out = append(out, "ad "+u.User.ID+" "+u.Reason)
	}
	for _, u := range r.UnmatchedM365 {
		out = append(out, "m365 "+u.ID)
	}
	return out
}

func TestAutoByDisplayName(t *testing.T) {
	disabled := func(u *source.User) { u.Enabled = source.No }
	decide := func(ad, m365 string, v match.Verdict) match.Decision {
		return match.Decision{ADID: ad, M365ID: m365, Verdict: v}
	}
	for _, tc := range []struct {
		name      string
		ad, m365  []match.Person
		decisions []match.Decision
		want      []string
	}{
		{name: "nothing to do"},
		{
			name: "equal keys pair", ad: []match.Person{adUser("a", "Ada  LOVELACE")},
			m365: []match.Person{mailbox("m", "ada lovelace\u200b")},
			want: []string{"pair a=m display_name"},
		},
		{
			name: "nobody of that name", ad: []match.Person{adUser("a", "Ada")}, m365: []match.Person{mailbox("m", "Eva")},
			want: []string{"ad a no_candidate", "m365 m"},
		},
		{
			name: "an empty name matches nothing", ad: []match.Person{adUser("a", " \u200b")}, m365: []match.Person{mailbox("m", "")},
			want: []string{"ad a no_display_name", "m365 m"},
		},
		{
			name: "namesakes in AD", ad: []match.Person{adUser("b", "Ada"), adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada")},
			want: []string{"ambiguous a b | m same_name"},
		},
		{
			name: "namesakes in Microsoft 365", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("n", "Ada"), mailbox("m", "Ada")},
			want: []string{"ambiguous a | m n same_name"},
		},
		{
			name: "namesakes without a mailbox", ad: []match.Person{adUser("a", "ada"), adUser("b", "ada")},
			want: []string{"ad a no_candidate", "ad b no_candidate"},
		},
		{
			name: "a taken namesake in AD counts", ad: []match.Person{adUser("a", "ada"), taken(adUser("b", "ada"))}, m365: []match.Person{mailbox("m", "Ada")},
			want: []string{"ambiguous a | m same_name"},
		},
		{
			name: "a taken namesake in Microsoft 365 counts", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada"), taken(mailbox("n", "Ada"))},
			want: []string{"ambiguous a | m same_name"},
		},
		{
			name: "all mailboxes of the name are taken", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{taken(mailbox("n", "Ada"))},
			want: []string{"ad a candidates_taken"},
		},
		{
			name: "all users of the name are taken", ad: []match.Person{taken(adUser("a", "ada"))}, m365: []match.Person{mailbox("n", "Ada")},
			want: []string{"m365 n"},
		},
		{
			name: "AD's own objects and guests do not count",
			ad: []match.Person{adUser("a", "ada"), with(adUser("c", "ada"), func(u *source.User) { u.Critical = true }),
				with(adUser("d", "ada"), func(u *source.User) { u.DN = `CN=ada\0ACNF:1,DC=x` })},
			m365: []match.Person{mailbox("m", "Ada"), with(mailbox("g", "Ada"), func(u *source.User) { u.Guest = true })},
			want: []string{"pair a=m display_name", "ad c system_object", "ad d replication_conflict"},
		},
		{
			name: "a disabled namesake in AD counts", ad: []match.Person{adUser("a", "ada"), with(adUser("b", "ada"), disabled)}, m365: []match.Person{mailbox("m", "Ada")},
			want: []string{"ambiguous a | m same_name", "ad b disabled"},
		},
		{
			name: "a namesake in AD who was not imported counts", ad: []match.Person{adUser("a", "ada"), bystander(adUser("b", "ada"))}, m365: []match.Person{mailbox("m", "Ada")},
			want: []string{"ambiguous a | m same_name"},
		},
		{
			name: "a namesake who is gone from AD counts", ad: []match.Person{adUser("a", "ada"), gone(adUser("b", "ada"))}, m365: []match.Person{mailbox("m", "Ada")},
			want: []string{"ambiguous a | m same_name", "ad b gone"},
		},
		{
			name: "a disabled namesake in Microsoft 365 counts", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada"), with(mailbox("o", "Ada"), disabled)},
			want: []string{"ambiguous a | m same_name", "m365 o"},
		},
		{
			name: "a namesake without a mailbox counts", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada"), with(mailbox("n", "Ada"), func(u *source.User) { u.Exchange = source.No })},
			want: []string{"ambiguous a | m same_name"},
		},
		{
			name: "who is gone from AD is not paired", ad: []match.Person{gone(adUser("a", "ada"))}, m365: []match.Person{mailbox("m", "Ada")},
			want: []string{"ad a gone", "m365 m"},
		},
		{
			name: "a decision beats uniqueness and the rest stays ambiguous",
			ad:   []match.Person{adUser("a", "ada"), adUser("b", "ada")}, m365: []match.Person{mailbox("m", "Ada"), mailbox("n", "Ada")},
			decisions: []match.Decision{decide("A ", "N", match.VerdictMatch)},
			want:      []string{"pair a=n decision", "ambiguous b | m same_name"},
		},
		{
			name: "a decision pairs any with any", ad: []match.Person{with(adUser("a", "ada"), disabled)}, m365: []match.Person{with(mailbox("m", "Eva"), disabled)},
			decisions: []match.Decision{decide("a", "m", match.VerdictMatch), decide("a", "m", match.VerdictMatch)},
			want:      []string{"pair a=m decision"},
		},
		{
			name: "rejected", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada")},
			decisions: []match.Decision{decide("a", "m", match.VerdictReject)},
			want:      []string{"ad a rejected", "m365 m"},
		},
		{
			name: "a rejection makes nobody unique", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada"), mailbox("n", "Ada")},
			decisions: []match.Decision{decide("a", "m", match.VerdictReject)},
			want:      []string{"ambiguous a | n same_name", "m365 m"},
		},
		{
			name: "ignored", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada")},
			decisions: []match.Decision{decide("a", "", match.VerdictIgnore)},
			want:      []string{"ad a ignored", "m365 m"},
		},
		{
			name: "the decided mailbox is gone", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada")},
			decisions: []match.Decision{decide("a", "x", match.VerdictMatch)},
			want:      []string{"ad a decided_mailbox_missing", "m365 m"},
		},
		{
			name: "the decided mailbox has another user", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{taken(mailbox("m", "Ada")), mailbox("n", "Ada")},
			decisions: []match.Decision{decide("a", "m", match.VerdictMatch)},
			want:      []string{"ad a decided_mailbox_taken", "m365 n"},
		},
		{
			name: "a mailbox is kept for a user who is not here yet", ad: []match.Person{adUser("a", "ada")}, m365: []match.Person{mailbox("m", "Ada")},
			decisions: []match.Decision{decide("x", "m", match.VerdictMatch)},
			want:      []string{"ad a candidates_taken", "m365 m"},
		},
		{
			name: "decisions that contradict one another", ad: []match.Person{adUser("a", "ada"), adUser("b", "eva"), adUser("c", "ida")},
			m365: []match.Person{mailbox("m", "Ada"), mailbox("n", "Eva"), mailbox("o", "Ida")},
			decisions: []match.Decision{decide("a", "m", match.VerdictMatch), decide("a", "n", match.VerdictMatch),
				decide("b", "n", match.VerdictMatch), decide("c", "o", match.VerdictMatch), decide("c", "o", match.VerdictReject)},
			want: []string{"review a ? m n decisions_conflict", "review b ? n decisions_conflict", "review c ? o decisions_conflict", "m365 m", "m365 n", "m365 o"},
		},
		{
			name: "another employee id", ad: []match.Person{with(adUser("a", "ada"), func(u *source.User) { u.EmployeeID = "0042" })},
			m365: []match.Person{with(mailbox("m", "Ada"), func(u *source.User) { u.EmployeeID = "43" })},
			want: []string{"review a ? m contradiction", "m365 m"},
		},
		{
			name: "the same employee id, padded", ad: []match.Person{with(adUser("a", "ada"), func(u *source.User) { u.EmployeeID = "0042" })},
			m365: []match.Person{with(mailbox("m", "Ada"), func(u *source.User) { u.EmployeeID = " 42" })},
			want: []string{"pair a=m display_name"},
		},
		{
			name: "the mailbox was made from another user",
			ad: []match.Person{adUser("00112233-4455-6677-8899-aabbccddeeff", "ada"),
				adUser("10112233-4455-6677-8899-aabbccddeeff", "eva")},
			m365: []match.Person{with(mailbox("m", "Ada"), func(u *source.User) { u.ImmutableID = "MyIRAFVEd2aImaq7zN3u/w==" })},
			want: []string{"pair 00112233-4455-6677-8899-aabbccddeeff=m display_name", "ad 10112233-4455-6677-8899-aabbccddeeff no_candidate"},
		},
		{
			name: "the mailbox was made from another user, other way round",
			ad: []match.Person{adUser("00112233-4455-6677-8899-aabbccddeeff", "eva"),
				adUser("10112233-4455-6677-8899-aabbccddeeff", "ada")},
			m365: []match.Person{with(mailbox("m", "Ada"), func(u *source.User) { u.ImmutableID = "MyIRAFVEd2aImaq7zN3u/w==" })},
			want: []string{"review 10112233-4455-6677-8899-aabbccddeeff ? m contradiction", "ad 00112233-4455-6677-8899-aabbccddeeff no_candidate", "m365 m"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := match.Input{AD: tc.ad, M365: tc.m365, Decisions: tc.decisions}
			got := match.Auto(in, match.ByDisplayName).Result
			if s := summary(got); !slices.Equal(s, tc.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(s, "\n  "), strings.Join(tc.want, "\n  "))
			}
			checkInvariants(t, in, got)
		})
	}
}

// checkInvariants holds a result against what [match.Result] promises.
func checkInvariants(t *testing.T, in match.Input, r match.Result) {
	t.Helper()
	placed := map[string]int{}
	for _, p := range r.Pairs {
		placed["ad "+p.AD.ID]++
		placed["m365 "+p.M365.ID]++
		if p.Reason == "" || p.Confidence <= 0 || p.Confidence > 1 || len(p.Evidence) == 0 {
			t.Errorf("pair %s=%s lacks reason, confidence or evidence: %+v", p.AD.ID, p.M365.ID, p)
		}
	}
	for _, a := range r.Ambiguous {
		if len(a.AD) == 0 || len(a.M365) == 0 {
			t.Errorf("ambiguous without two sides: %+v", a)
		}
		for _, u := range a.AD {
			placed["ad "+u.ID]++
		}
		for _, u := range a.M365 {
			placed["m365 "+u.ID]++
		}
	}
	for _, v := range r.Review {
		placed["ad "+v.AD.ID]++
		if len(v.Candidates) > 3 || v.Reason == "" {
			t.Errorf("review of %s has %d candidates, reason %q", v.AD.ID, len(v.Candidates), v.Reason)
		}
	}
	for _, u := range r.UnmatchedAD {
		placed["ad "+u.User.ID]++
		if u.Reason == "" {
			t.Errorf("unmatched %s without a reason", u.User.ID)
		}
	}
	for _, u := range r.UnmatchedM365 {
		placed["m365 "+u.ID]++
	}
	for _, p := range in.AD {
		if want, got := 1, placed["ad "+p.ID]; p.Taken() || p.Bystander {
			if got != 0 {
				t.Errorf("AD user %s (taken %v, bystander %v) is placed %d times", p.ID, p.Taken(), p.Bystander, got)
			}
		} else if got != want {
			t.Errorf("AD user %s (taken %v) is placed %d times", p.ID, p.Taken(), got)
		}
	}
	for _, p := range in.M365 {
		got := placed["m365 "+p.ID]
		if (p.Taken() || p.Gone) && got != 0 || !p.Taken() && !p.Gone && p.HasMailbox() && got != 1 || got > 1 {
			t.Errorf("m365 user %s (taken %v, mailbox %v) is placed %d times", p.ID, p.Taken(), p.HasMailbox(), got)
		}
	}
	rejected := map[[2]string]bool{}
	for _, d := range in.Decisions {
		if d.Verdict == match.VerdictReject {
			rejected[[2]string{d.ADID, d.M365ID}] = true
		}
	}
	for _, p := range r.Pairs {
		if rejected[[2]string{p.AD.ID, p.M365.ID}] {
			t.Errorf("%s=%s was rejected by hand", p.AD.ID, p.M365.ID)
		}
	}
}

// shuffled is the same input in another order.
func shuffled(in match.Input, seed uint64) match.Input {
	r := rand.New(rand.NewPCG(seed, 1))
	out := match.Input{AD: slices.Clone(in.AD), M365: slices.Clone(in.M365), Decisions: slices.Clone(in.Decisions)}
	r.Shuffle(len(out.AD), func(i, j int) { out.AD[i], out.AD[j] = out.AD[j], out.AD[i] })
	r.Shuffle(len(out.M365), func(i, j int) { out.M365[i], out.M365[j] = out.M365[j], out.M365[i] })
	r.Shuffle(len(out.Decisions), func(i, j int) { out.Decisions[i], out.Decisions[j] = out.Decisions[j], out.Decisions[i] })
	return out
}

// scrap makes small users from a string of bytes: few values, so that they
// collide often.
type scrap struct{ bytes []byte }

func (s *scrap) next(n int) int {
	if len(s.bytes) == 0 {
		return 0
	}
	b := int(s.bytes[0])
	s.bytes = s.bytes[1:]
	return b % n
}

func (s *scrap) pick(values ...string) string { return values[s.next(len(values))] }

func (s *scrap) person(kind source.Kind, n int) match.Person {
	given := s.pick("Ada", "Ida", "ADA", "", "A.")
	surname := s.pick("Lind", "Berg", "Lind-Berg", "")
	u := &source.User{
		Kind: kind, ID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", n), Enabled: source.FlagOf(s.next(8) != 1),
		DisplayName: s.pick(given+" "+surname, surname+", "+given, given+" "+surname+" Jr.", "\u200b", "Info"),
		GivenName:   given, Surname: surname, EmployeeID: s.pick("", "7", "007", "8"),
		Mobile: s.pick("", "+1 415 555 0100", "(415) 555-0101"), Department: s.pick("", "Sales", "Legal"), Title: s.pick("", "Clerk", "Counsel"),
		Username: s.pick("alind", "alind2", "x7"), Email: s.pick("", "alind@ex.example", "ada@ex.example"),
		Alias: s.pick("", "alind", "alind2"), SID: s.pick("", "", "S-1-5-21-1-2-3-1"),
	}
	if kind == source.M365 {
		u.Exchange, u.Guest = source.Flag(s.next(3)-1), s.next(9) == 1
		u.ImmutableID = s.pick("", "", "AAAAAAAAAECAAAAAAAAAAA==", "AQAAAAAAAECAAAAAAAAAAA==")
	} else {
		u.ConsistencyGUID = s.pick("", "", "00000000-0000-4000-8000-000000000000")
	}
	p := match.Person{User: u}
	switch s.next(9) {
	case 1:
		p.Partner = "somebody"
	case 2:
		p.Bystander = kind == source.AD
	case 3:
		p.Gone = true
	}
	return p
}

func FuzzAuto(f *testing.F) {
	f.Add([]byte{3, 3, 1})
	f.Add([]byte("\x06\x06\x02the quick brown fox jumps over the lazy dog, again and again and again and once more"))
	r := rand.New(rand.NewPCG(4, 2))
	for range 6 {
		b := make([]byte, 300)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &scrap{data}
		var in match.Input
		ads, m365s, decisions := s.next(9), s.next(9), s.next(4)
		for n := range ads {
			in.AD = append(in.AD, s.person(source.AD, n))
		}
		for n := range m365s {
			in.M365 = append(in.M365, s.person(source.M365, n))
		}
		for range decisions {
			in.Decisions = append(in.Decisions, match.Decision{
				ADID:    fmt.Sprintf("%08x-0000-4000-8000-000000000000", s.next(9)),
				M365ID:  fmt.Sprintf("%08x-0000-4000-8000-000000000000", s.next(9)),
				Verdict: []match.Verdict{match.VerdictMatch, match.VerdictReject, match.VerdictIgnore}[s.next(3)],
			})
		}
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			got := match.Auto(in, by).Result
			checkInvariants(t, in, got)
			if again := match.Auto(shuffled(in, uint64(len(data))), by).Result; !reflect.DeepEqual(got, again) {
				t.Errorf("%s: another order of input gave\n  %s\nnot\n  %s", by, strings.Join(summary(again), "\n  "), strings.Join(summary(got), "\n  "))
			}
			if by == match.ByDisplayName {
				checkTies(t, in, got)
			}
		}
	})
}

// checkTies: who shares the name with anybody else of the side, whatever his state,
// is never paired by name.
func checkTies(t *testing.T, in match.Input, r match.Result) {
	t.Helper()
	count := map[string]int{}
	for _, p := range slices.Concat(in.AD, in.M365) {
		if reason := p.SkipReason(); reason == "" || reason == source.SkipDisabled || reason == source.SkipNoMailbox {
			count[string(p.Kind)+match.Key(p.DisplayName)]++
		}
	}
	for _, p := range r.Pairs {
		if p.Reason == match.ReasonDisplayName && (count["ad"+match.Key(p.AD.DisplayName)] != 1 || count["m365"+match.Key(p.M365.DisplayName)] != 1) {
			t.Errorf("%s=%s was paired, but %q is not unique", p.AD.ID, p.M365.ID, p.AD.DisplayName)
		}
	}
}
