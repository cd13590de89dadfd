package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/match/matchtest"
)

// drifted searches companies whose two sides went apart in unusual ways for
// wrong pairs, and writes out the first with what they were made on.
func drifted(w io.Writer, from, companies uint64, people, examples int) error {
	var evidence, name matchtest.Score
	traps := map[string]int{}
	hit := 0
	for seed := from; seed < from+companies; seed++ {
		c := matchtest.Drifted(seed, people)
		in := c.Input()
		name = name.Add(c.Score(matchtest.IDs(match.Auto(in, match.ByDisplayName).Result)))
		r := match.Auto(in, match.ByEvidence).Result
		score := c.Score(matchtest.IDs(r))
		evidence = evidence.Add(score)
		if score.Wrong > 0 {
			hit++
		}
		for _, p := range r.Pairs {
			if c.Truth[p.AD.ID] == p.M365.ID {
				continue
			}
			trap := cmp.Or(c.Trap[p.AD.ID], "a person on both sides") + ", with a mailbox of: " + cmp.Or(c.Trap[p.M365.ID], "a person on both sides")
			traps[p.Reason+": "+trap]++
			if examples > 0 {
				examples--
				fmt.Fprintf(w, "company %d, %s, %.4f: %s\n  %s\n  %s\n", seed, p.Reason, p.Confidence, trap,
					person(match.Person{User: p.AD}), person(match.Person{User: p.M365}))
				for _, e := range p.Evidence {
					fmt.Fprintf(w, "  %+5.1f %s: %s\n", e.Weight, e.Rule, e.Text)
				}
			}
		}
	}
	fmt.Fprintf(w, "%d companies of %d people with drifts of their own\n", companies, people)
	for _, s := range []struct {
		name string
		matchtest.Score
	}{{"display name", name}, {"evidence", evidence}} {
		fmt.Fprintf(w, "%-13s %d pairs, %d wrong, precision %.5f, recall %.3f\n", s.name, s.Pairs, s.Wrong, s.Precision(), s.Recall())
	}
	_, err := fmt.Fprintf(w, "by evidence wrong pairs in %d companies\n", hit)
	for _, trap := range slices.Sorted(maps.Keys(traps)) {
		_, err = fmt.Fprintf(w, "  %5d %s\n", traps[trap], trap)
	}
	return err
}
