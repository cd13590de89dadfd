// Bench measures how well users are matched on made companies: precision, recall
// and wrong pairs, beside the rules of display names, Entra Connect and Okta.
//
//	go run ./pkg/match/matchtest/bench [-people 200,5000] [-companies 6]
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/match/matchtest"
)

func main() {
	people := flag.String("people", "200,5000", "sizes of the companies, with commas between")
	companies := flag.Uint64("companies", 6, "how many companies of each size")
	flag.Parse()
	if err := run(os.Stdout, *people, *companies); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, sizes string, companies uint64) error {
	for _, size := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || n < 1 {
			return fmt.Errorf("-people wants numbers, not %q", size)
		}
		if err := table(w, n, companies); err != nil {
			return err
		}
	}
	return nil
}

// rows are the rules that are compared.
var rows = []string{"display name", "evidence", "Entra soft match", "Okta exact", "Okta exact and partial"}

func table(w io.Writer, people int, companies uint64) error {
	scores := make([]matchtest.Score, len(rows))
	reached, slowest := 0, [2]time.Duration{}
	for seed := uint64(1); seed <= companies; seed++ {
		c := matchtest.New(seed, people)
		in := c.Input()
		var results [2]match.Result
		for k, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			start := time.Now()
			results[k] = match.Auto(in, by).Result
			slowest[k] = max(slowest[k], time.Since(start))
		}
		reached += reach(&c, results[1])
		for k, pairs := range [][][2]string{matchtest.IDs(results[0]), matchtest.IDs(results[1]), c.EntraSoftMatch(), c.OktaExact(), c.OktaPartial()} {
			scores[k] = scores[k].Add(c.Score(pairs))
		}
	}
	fmt.Fprintf(w, "%d companies of %d people\n", companies, people)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "rule\tpairs\twrong\tprecision\trecall\tslowest\t")
	for k, name := range rows {
		took := ""
		if k < len(slowest) {
			took = slowest[k].Round(time.Millisecond).String()
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%.4f\t%.3f\t%s\t\n", name, scores[k].Pairs, scores[k].Wrong, scores[k].Precision(), scores[k].Recall(), took)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "evidence, automatic or among the first three in review: %.4f\n\n", float64(reached)/float64(max(1, scores[1].True)))
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
