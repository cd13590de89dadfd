package match_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/match/matchtest"
)

// TestQuality holds matching to its promise on made companies: by evidence no
// wrong pair and most of the right ones; by name few wrong ones.
func TestQuality(t *testing.T) {
	for _, size := range []struct {
		people, companies int
		recall, reach     float64
	}{
		{30, 25, .86, .99},
		{200, 12, .88, .99},
		{1500, 1, .86, .99},
	} {
		t.Run(fmt.Sprint(size.people, " people"), func(t *testing.T) {
			var evidence, name, entra, okta matchtest.Score
			reached := 0
			for seed := range uint64(size.companies) {
				c := matchtest.New(seed+1, size.people)
				in := c.Input()
				r := match.Auto(in, match.ByEvidence).Result
				checkInvariants(t, in, r)
				score := c.Score(matchtest.IDs(r))
				if score.Wrong > 0 {
					t.Errorf("seed %d: %d wrong pairs", seed+1, score.Wrong)
				}
				evidence = evidence.Add(score)
				reached += score.Right
				for _, v := range r.Review {
					for _, x := range v.Candidates {
						if c.Truth[v.AD.ID] == x.M365.ID {
							reached++
						}
					}
				}
				name = name.Add(c.Score(matchtest.IDs(match.Auto(in, match.ByDisplayName).Result)))
				entra, okta = entra.Add(c.Score(c.EntraSoftMatch())), okta.Add(c.Score(c.OktaExact()))
			}
			if got := evidence.Recall(); got < size.recall {
				t.Errorf("recall %.3f, want %.3f", got, size.recall)
			}
			if got := float64(reached) / float64(evidence.True); got < size.reach {
				t.Errorf("automatic or in review %.4f, want %.4f", got, size.reach)
			}
			if evidence.Recall() < entra.Recall() || evidence.Recall() < okta.Recall() {
				t.Errorf("recall %.3f is below Entra's %.3f or Okta's %.3f", evidence.Recall(), entra.Recall(), okta.Recall())
			}
			if name.Precision() < entra.Precision() || name.Precision() < okta.Precision() {
				t.Errorf("by name: precision %.4f is below Entra's %.4f or Okta's %.4f", name.Precision(), entra.Precision(), okta.Precision())
			}
		})
	}
}

// TestAdversary: among small companies made to lead matching astray nobody gets
// another's mailbox, and whoever is proven gets his own.
func TestAdversary(t *testing.T) {
	const situations = 5200
	wrong, missed := map[string]int{}, map[string]int{}
	example := map[string]string{}
	for s := range matchtest.Situations(1, situations) {
		trap := s.Kind + ": " + s.Name
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			r := match.Auto(s.Input, by).Result
			for _, d := range s.Doubtful {
				if !slices.ContainsFunc(r.Doubtful, func(x match.Doubtful) bool { return x.AD.ID == d[0] && x.M365.ID == d[1] }) {
					missed[trap]++
					example[trap] = fmt.Sprintf("by %s, not in doubt: %s", by, s.Why)
				}
			}
			f := s.Check(by, r)
			wrong[trap] += len(f.Wrong)
			missed[trap] += len(f.Missed) + f.ColleaguesMissed
			if len(f.Wrong)+len(f.Missed)+f.ColleaguesMissed > 0 {
				example[trap] = fmt.Sprintf("by %s: %s", by, s.Why)
			}
		}
	}
	for trap, why := range example {
		t.Errorf("%s: %d wrong, %d missed; %s", trap, wrong[trap], missed[trap], why)
	}
}

// TestDrifted: companies whose two sides went apart in other ways than usual
// hold no wrong pair either.
func TestDrifted(t *testing.T) {
	for seed := range uint64(60) {
		c := matchtest.Drifted(seed+1, 200)
		for _, p := range match.Auto(c.Input(), match.ByEvidence).Pairs {
			if c.Truth[p.AD.ID] != p.M365.ID {
				t.Errorf("company %d: %s was paired with %s (%s)", seed+1, p.AD.DisplayName, p.M365.DisplayName, p.Reason)
			}
		}
	}
}

func TestAutoIgnoresOrder(t *testing.T) {
	c := matchtest.New(5, 400)
	in := c.Input()
	for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
		want := match.Auto(in, by).Result
		for seed := range uint64(3) {
			if got := match.Auto(shuffled(in, seed), by).Result; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: order %d of the input gave another result", by, seed)
			}
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, people := range []int{200, 5000, 100000} {
		c := matchtest.New(1, people)
		in := c.Input()
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			b.Run(fmt.Sprintf("%s/%d", by, people), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					match.Auto(in, by)
				}
			})
		}
	}
}
