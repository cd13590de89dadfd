// Bench measures how well users are matched on made companies: wrong pairs and
// recall, beside the rules that technicians script, Entra Connect's and Okta's.
//
//	go run ./pkg/match/matchtest/bench [-people 200,5000] [-companies 6]
//	go run ./pkg/match/matchtest/bench -adversary [-only TEXT] [-examples 3]
//	go run ./pkg/match/matchtest/bench -drift [-seed 2001] [-examples 3]
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/match/matchtest"
)

func main() {
	people := flag.String("people", "200,5000", "sizes of the companies, with commas between")
	companies := flag.Uint64("companies", 6, "how many companies of each size")
	hostile := flag.Bool("adversary", false, "count instead how many small companies made to lead matching astray do so")
	situations := flag.Int("situations", 8000, "with -adversary: how many")
	only := flag.String("only", "", "with -adversary: only what has this text in its kind or name")
	drift := flag.Bool("drift", false, "search instead 1,000 companies of 200 people with other drifts for wrong pairs")
	seed := flag.Uint64("seed", 1, "with -adversary and -drift: where to begin")
	examples := flag.Int("examples", 10, "with -adversary and -drift: how many failures to write out")
	flag.Parse()
	var err error
	switch {
	case *hostile:
		err = adversary(os.Stdout, *seed, *situations, *examples, *only)
	case *drift:
		err = drifted(os.Stdout, *seed, 1000, 200, *examples)
	default:
		err = run(os.Stdout, *people, *companies)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// rules are what is compared: what technicians script, what others do, and ours.
var rules = []struct {
	name  string
	pairs func(c *matchtest.Company) [][2]string // nil for ours
}{
	{"equal user principal name", (*matchtest.Company).EqualUPN},
	{"sAMAccountName with the mail domain", (*matchtest.Company).LoginAtMailDomain},
	{"given name and surname", (*matchtest.Company).GivenNameAndSurname},
	{"display name", (*matchtest.Company).EqualDisplayName},
	{"Entra Connect's soft match", (*matchtest.Company).EntraSoftMatch},
	{"Okta, exact", (*matchtest.Company).OktaExact},
	{"Okta, exact and partial", (*matchtest.Company).OktaPartial},
	{"qpimport `--by display-name`", nil},
	{"qpimport `--by evidence`", nil},
}

// ours are the methods of the last rules.
var ours = []match.Method{match.ByDisplayName, match.ByEvidence}

// outcome is how all rules did on the companies of one size.
type outcome struct {
	people  int
	scores  []matchtest.Score
	reached int
	slowest []time.Duration // of ours
}

func run(w io.Writer, sizes string, companies uint64) error {
	var outcomes []outcome
	for _, size := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || n < 1 {
			return fmt.Errorf("-people wants numbers, not %q", size)
		}
		outcomes = append(outcomes, measure(n, companies))
	}
	return table(w, outcomes, companies)
}

func measure(people int, companies uint64) outcome {
	o := outcome{people: people, scores: make([]matchtest.Score, len(rules)), slowest: make([]time.Duration, len(ours))}
	first := len(rules) - len(ours)
	for seed := uint64(1); seed <= companies; seed++ {
		c := matchtest.New(seed, people)
		for k := range rules[:first] {
			o.scores[k] = o.scores[k].Add(c.Score(rules[k].pairs(&c)))
		}
		in := c.Input()
		for k, by := range ours {
			start := time.Now()
			r := match.Auto(in, by).Result
			o.slowest[k] = max(o.slowest[k], time.Since(start))
			o.scores[first+k] = o.scores[first+k].Add(c.Score(matchtest.IDs(r)))
			if by == match.ByEvidence {
				o.reached += reach(&c, r)
			}
		}
	}
	return o
}

// table prints Markdown: a row for each rule, wrong pairs and recall for each size.
func table(w io.Writer, outcomes []outcome, companies uint64) error {
	var head, under, b strings.Builder
	for _, o := range outcomes {
		fmt.Fprintf(&head, " %d × %d people: pairs | wrong | recall |", companies, o.people)
		under.WriteString(" ---: | ---: | ---: |")
	}
	fmt.Fprintf(&b, "| rule |%s\n| --- |%s\n", &head, &under)
	for k, rule := range rules {
		fmt.Fprintf(&b, "| %s |", rule.name)
		for _, o := range outcomes {
			fmt.Fprintf(&b, " %d | %d | %.3f |", o.scores[k].Pairs, o.scores[k].Wrong, o.scores[k].Recall())
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	for _, o := range outcomes {
		fmt.Fprintf(&b, "%d people: by evidence %.4f automatic or among the first three in review", o.people, float64(o.reached)/float64(max(1, o.scores[0].True)))
		for k, by := range ours {
			fmt.Fprintf(&b, "; %s at most %s", by, o.slowest[k].Round(time.Millisecond))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func reach(c *matchtest.Company, r match.Result) int {
	n := c.Score(matchtest.IDs(r)).Right
	for _, v := range r.Review {
		for _, x := range v.Candidates {
			if c.Truth[v.AD.ID] == x.M365.ID {
				n++
			}
		}
	}
	return n
}
