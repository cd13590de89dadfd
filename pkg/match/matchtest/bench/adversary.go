package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/match/matchtest"
)

// tally is how situations of one kind, or of one trap, came out.
type tally struct {
	situations, wrong, missed, colleagues int
}

func (t *tally) add(u tally) {
	t.situations += u.situations
	t.wrong += u.wrong
	t.missed += u.missed
	t.colleagues += u.colleagues
}

// adversary matches situations and prints by kind how many went wrong, below
// each kind the traps that did, and the first examples in full.
func adversary(w io.Writer, seed uint64, n, examples int, only string) error {
	kinds, traps := map[string]*tally{}, map[string]map[string]*tally{}
	var all tally
	var shown []string
	for s := range matchtest.Situations(seed, n) {
		if !strings.Contains(s.Kind+": "+s.Name, only) {
			continue
		}
		if kinds[s.Kind] == nil {
			kinds[s.Kind], traps[s.Kind] = &tally{}, map[string]*tally{}
		}
		if traps[s.Kind][s.Name] == nil {
			traps[s.Kind][s.Name] = &tally{}
		}
		got := tally{situations: 1}
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			f := s.Check(by, match.Auto(s.Input, by).Result)
			got.wrong += len(f.Wrong)
			got.missed += len(f.Missed)
			got.colleagues += f.ColleaguesMissed
			if len(f.Wrong)+len(f.Missed) > 0 && len(shown) < examples {
				shown = append(shown, describe(&s, by, f))
			}
		}
		for _, t := range []*tally{&all, kinds[s.Kind], traps[s.Kind][s.Name]} {
			t.add(got)
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, x tally) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", name, x.situations, x.wrong, x.missed, x.colleagues)
	}
	fmt.Fprintln(t, "kind\tsituations\twrong\tmissed\tcolleagues missed")
	for _, kind := range matchtest.Kinds() {
		if kinds[kind] == nil {
			continue
		}
		row(kind, *kinds[kind])
		names := make([]string, 0, len(traps[kind]))
		for name, x := range traps[kind] {
			if x.wrong+x.missed > 0 {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			row("  "+name, *traps[kind][name])
		}
	}
	row("all", all)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Join(shown, ""))
	return err
}

// describe writes a situation out: why, what was made of it, and its people but
// for the colleagues.
func describe(s *matchtest.Situation, by match.Method, f matchtest.Findings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: %s, by %s\n  %s\n", s.Kind, s.Name, by, s.Why)
	names := map[string]string{}
	colleague := map[string]bool{}
	for _, c := range s.Colleagues {
		colleague[c[0]], colleague[c[1]] = true, true
	}
	for _, side := range [][]match.Person{s.Input.AD, s.Input.M365} {
		for _, p := range side {
			names[p.ID] = p.Username
			if !colleague[p.ID] {
				fmt.Fprintf(&b, "  %s\n", person(p))
			}
		}
	}
	for _, p := range f.Wrong {
		fmt.Fprintf(&b, "  wrong: %s with %s\n", names[p[0]], names[p[1]])
	}
	for _, p := range f.Missed {
		fmt.Fprintf(&b, "  missed: %s with %s\n", names[p[0]], names[p[1]])
	}
	return b.String()
}

// person writes a user out in a line, what is empty left out.
func person(p match.Person) string {
	var b strings.Builder
	b.WriteString(string(p.Kind))
	for _, f := range [][2]string{
		{"login", p.Username}, {"name", p.DisplayName}, {"given", p.GivenName}, {"surname", p.Surname}, {"upn", p.UPN}, {"mail", p.Email}, {"dn", p.DN}, {"employee", p.EmployeeID},
		{"department", p.Department}, {"title", p.Title}, {"phone", p.Phone}, {"mobile", p.Mobile}, {"on-prem", p.OnPremUsername}, {"sid", p.SID}, {"guid", p.ConsistencyGUID}, {"anchor", p.ImmutableID},
		{"partner", p.Partner}, {"addresses", strings.Join(p.Addresses, " ")},
	} {
		if f[1] != "" {
			fmt.Fprintf(&b, " %s=%q", f[0], f[1])
		}
	}
	fmt.Fprintf(&b, " enabled=%d synced=%d", p.Enabled, p.Synced)
	if p.Bystander {
		b.WriteString(" bystander")
	}
	if p.Gone {
		b.WriteString(" gone")
	}
	return b.String()
}
