package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
)

func newExplainCmd(a *app) *cobra.Command {
	var by string
	var adAsRead bool
	cmd := &cobra.Command{
		Use:   "explain SEL [SEL]",
		Short: "Say why a user is or is not matched",
		Long: `Says why an account is or is not matched: the rules that ran, the values that they
compared, what speaks for and against with its weight, who came second and by how much,
and what would settle it. One SEL is held against its best candidate, or against its
mailbox where it has one; two SELs, an account and a Microsoft 365 user, are held against
each other. Nothing is written.

Weights are binary logarithms of how much more often something is seen of one person
than of two: +1 is twice as often, -1 half as often.

SEL is the id, DN, user principal name, sAMAccountName or e-mail of one user.` + exits(11, 12, 13, 14, 15),
		Example: `  qpimport explain -c Contoso jdoe
  qpimport explain -c Contoso jdoe john.doe@contoso.example --by evidence
  qpimport explain -c Contoso info@contoso.example -o json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: a.command(func(ctx context.Context, args []string) error {
			method := match.ByDisplayName
			if by != "" {
				method = match.Method(by)
			}
			if method != match.ByDisplayName && method != match.ByEvidence {
				return usage.Errorf("--by %q: use display-name or evidence", by)
			}
			customer, err := a.customer()
			if err != nil {
				return err
			}
			r := importer.ExplainRequest{Customer: customer, By: method, First: args[0], ADAsRead: adAsRead}
			if len(args) > 1 {
				r.Second = args[1]
			}
			for _, sel := range args {
				if strings.TrimSpace(sel) == "" {
					return usage.Errorf("a SEL is empty")
				}
			}
			x, err := reading(ctx, a, func(im *importer.Importer) (importer.Explanation, error) { return im.Explain(ctx, r) })
			if err != nil {
				return err
			}
			return a.render(explainView(x))
		}),
	}
	cmd.Flags().BoolVar(&adAsRead, "ad-as-read", false, "take Active Directory as it was last read whole")
	cmd.Flags().StringVar(&by, "by", "", "explain a match by `METHOD`, display-name or evidence (default display-name)")
	return cmd
}

func explainView(x importer.Explanation) output.View {
	return output.View{
		Document: x,
		Items:    []any{x},
		Rows:     func() [][]string { return output.Rows(comparisonColumns(), comparisons(x)) },
		Page:     func(p *output.Page) { explainPage(p, x) },
	}
}

// comparison is a rule's word on a pair.
type comparison struct {
	match.Evidence
	speaks string // for or against
}

func comparisons(x importer.Explanation) []comparison {
	var rows []comparison
	for _, e := range x.For {
		rows = append(rows, comparison{e, "for"})
	}
	for _, e := range x.Against {
		rows = append(rows, comparison{e, "against"})
	}
	return rows
}

func comparisonColumns() []output.Column[comparison] {
	return []output.Column[comparison]{
		{Key: "speaks", Title: "Speaks", Tone: toneOf, Text: func(c comparison) string { return c.speaks }},
		{Key: "rule", Title: "Rule", Rank: 2, Text: func(c comparison) string { return c.Rule }},
		{Key: "weight", Title: "Weight", Rank: 1, Text: func(c comparison) string { return fmt.Sprintf("%+.1f", c.Weight) }},
		{Key: "ad", Title: "AD", Rank: 3, Text: func(c comparison) string { return c.AD }},
		{Key: "m365", Title: "Microsoft 365", Rank: 3, Text: func(c comparison) string { return c.M365 }},
		{Key: "text", Title: "What", Text: func(c comparison) string { return c.Text }},
	}
}

func explainPage(p *output.Page, x importer.Explanation) {
	outcome := strings.ReplaceAll(x.Outcome, "_", " ")
	switch x.Outcome {
	case "paired":
		outcome = "would be matched"
	case "not_paired":
		outcome = "would not be matched"
	}
	p.Line("%s: %s: %s", x.Customer, people(x.ADUser, x.M365User), outcome)
	p.Line("%s", x.Text)
	if s := x.Standing; s != nil {
		p.Line("%s is matched with %s: %s", person(s.AD), person(s.M365), match.ReasonText(s.Reason))
	}
	for _, d := range x.Decisions {
		about := d.M365Name
		if x.ADUser == nil || d.ADID != x.ADUser.ID {
			about = d.ADName + " and " + about
		}
		p.Line("decided by hand: %s (%s)", strings.TrimSpace(string(d.Verdict)+" "+about), output.OrDash(d.Reason))
	}
	if rows := comparisons(x); len(rows) > 0 {
		p.Blank()
		output.TableOf(p, comparisonColumns(), rows)
		p.Line("taken together, less what is to be expected of any two: %+.1f, confidence %s", x.Weight, confidence(x.Confidence))
	}
	if len(x.Silent) > 0 {
		p.Line("nothing to compare: %s", strings.ReplaceAll(strings.Join(x.Silent, ", "), "_", " "))
	}
	if r := x.RunnerUp; r != nil {
		p.Blank()
		distance := fmt.Sprintf("%.1f behind", r.BehindBy)
		if r.BehindBy < 0 {
			distance = fmt.Sprintf("%.1f ahead", -r.BehindBy)
		}
		p.Line("beside it: %s, %s: %s", people(x.NextAD, x.NextM365), distance,
			candidateText(importer.MatchCandidate{Evidence: r.For, Against: r.Against}))
	}
	if len(x.Settle) > 0 {
		p.Blank()
		p.Line("what would settle it:")
		for _, s := range x.Settle {
			p.Line("  %s", s)
		}
	}
}

// people names the users of a pair, either of whom may be missing.
func people(users ...*importer.User) string {
	var who []string
	for _, u := range users {
		if u != nil {
			who = append(who, person(*u))
		}
	}
	return strings.Join(who, " and ")
}
