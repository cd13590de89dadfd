package main

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

type historyPruneOptions struct {
	olderThan   string
	yes, dryRun bool
}

func newHistoryPruneCmd(a *app) *cobra.Command {
	var o historyPruneOptions
	cmd := &cobra.Command{
		Use:   "prune --older-than AGE",
		Short: "Forget what was done long ago",
		Long: `Forgets the runs that are older than a span of time, and what they changed: of all
customers, or with -c of one. The registry itself stays as it is. What was forgotten can
be neither seen nor taken back; the result says how far back "undo" still reaches. Resets
of passwords that wait for "passwords reset --resume" are kept.

The file does not get smaller: the space is used again. A copy that "backup" makes is as
small as it can be.` + exits(11, 12, 15),
		Example: `  qpimport history prune --older-than 365d --dry-run
  qpimport history prune --older-than 365d --yes`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.olderThan, "older-than", "", "forget runs older than `AGE`, such as 90d, 52w or 36h")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be forgotten, and forget nothing")
	return cmd
}

func (o historyPruneOptions) run(ctx context.Context, a *app) error {
	if o.olderThan == "" {
		return usage.Errorf("say what is old: --older-than AGE")
	}
	age, err := input.Age(o.olderThan)
	if err != nil {
		return usage.Errorf("--older-than: %s", err)
	}
	r := importer.PruneRequest{Customer: a.settings.Customer, Before: time.Now().UTC().Add(-age), DryRun: o.dryRun}
	if !o.dryRun {
		whose := "all customers"
		if r.Customer != "" {
			whose = r.Customer
		}
		if err := a.confirm(ctx, o.yes, "forgetting for good what was done to "+whose+" before "+timeText(r.Before)); err != nil {
			return err
		}
	}
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.PruneResult, error) { return im.Prune(ctx, r) })
	if err != nil {
		return err
	}
	if err := a.render(output.View{
		Document: result,
		Items:    []any{result},
		Rows:     func() [][]string { return output.Rows(pruneColumns(), []importer.PruneResult{result}) },
		Page:     func(p *output.Page) { prunePage(p, result) },
	}); err != nil {
		return err
	}
	if o.dryRun && result.Counts.Runs > 0 {
		a.notice("a dry run: nothing was written")
	}
	return nil
}

func prunePage(p *output.Page, r importer.PruneResult) {
	word := "forgotten"
	if !r.Applied {
		word = "to forget"
	}
	p.Line("%s: %s with %s, all before %s; %s left", word, output.Count(r.Counts.Runs, "run"), output.Count(r.Counts.Changes, "change"),
		timeText(r.Before), output.Count(r.Counts.Left, "run"))
	if r.Reaches == nil {
		p.Line("there is nothing left that undo could take back")
		return
	}
	p.Line("undo reaches back to run %d of %s (%s, %s)", r.Reaches.ID, timeText(r.Reaches.At), r.Reaches.Command, r.Reaches.Customer)
}

func pruneColumns() []output.Column[importer.PruneResult] {
	type result = importer.PruneResult
	count := func(get func(importer.PruneCounts) int) func(result) string {
		return func(r result) string { return strconv.Itoa(get(r.Counts)) }
	}
	return []output.Column[result]{
		{Key: "before", Text: func(r result) string { return timeText(r.Before) }},
		{Key: "runs", Text: count(func(c importer.PruneCounts) int { return c.Runs })},
		{Key: "changes", Text: count(func(c importer.PruneCounts) int { return c.Changes })},
		{Key: "left", Text: count(func(c importer.PruneCounts) int { return c.Left })},
		{Key: "reaches", Text: func(r result) string {
			if r.Reaches == nil {
				return ""
			}
			return timeText(r.Reaches.At)
		}},
	}
}
