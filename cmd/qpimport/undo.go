package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

type undoOptions struct {
	dryRun bool
}

func newUndoCmd(a *app) *cobra.Command {
	var o undoOptions
	cmd := &cobra.Command{
		Use:   "undo RUN | BATCH",
		Short: "Take back what a run changed",
		Long: `Takes a run back: accounts, pairs, decisions, connections and the customer itself are as
they were before it, to the byte and under their ids; also those that it deleted. That
is a run of its own, and can be taken back like any other. The directories are not
touched, and what was read of them stays known, but for a customer that was deleted:
there the next import or match reads it again.

RUN is a number, as "history" lists it. It is refused (12), with what stands in the way,

  - where later runs changed the same: take these back first, the newest first;
  - where it was taken back already;
  - where it was recorded by an older version, which did not keep all that this takes;
  - where somebody else has the name, id, mailbox or address by now.

BATCH is the id that the runs of one "apply", "customers import" or "undo" share, as
"history -o json" shows it. They are taken back customer by customer, the newest first;
one that is refused leaves the others alone, and the exit status is 3. The same again
goes on with what is left.

--dry-run shows what would be changed.` + exits(3, 11, 12, 15),
		Example: `  qpimport undo 12 --dry-run
  qpimport undo 12
  qpimport undo 0199c2a4-7c1e-7b39-9d5e-3f6a0c1d2e4f`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args[0]) }),
	}
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be changed, and change nothing")
	return cmd
}

func (o undoOptions) run(ctx context.Context, a *app, arg string) error {
	if strings.Contains(arg, "-") && !strings.HasPrefix(arg, "-") {
		return o.batch(ctx, a, arg)
	}
	number, err := runNumber(arg)
	if err != nil {
		return usage.Hintf("`qpimport history` lists the runs", "%q is neither the number of a run nor the id of a batch", arg)
	}
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.UndoResult, error) { return im.Undo(ctx, number, o.dryRun) })
	if err != nil {
		return err
	}
	if err := a.render(output.View{
		Document: result,
		Items:    output.Items(result.Changes),
		Rows:     func() [][]string { return output.Rows(changeColumns(), changeLines(result.Changes)) },
		Page:     func(p *output.Page) { undoPage(p, result) },
	}); err != nil {
		return err
	}
	o.notice(a)
	return nil
}

func (o undoOptions) notice(a *app) {
	if o.dryRun {
		a.notice("a dry run: nothing was written")
	}
}

func undoPage(p *output.Page, r importer.UndoResult) {
	if r.Applied {
		p.Line("%s: run %d was taken back by run %s (%s)", r.Customer, r.Undoes, numberText(r.Run), countChanges(r.Changes))
	} else {
		p.Line("%s: run %d would be taken back (%s)", r.Customer, r.Undoes, countChanges(r.Changes))
	}
	p.Blank()
	for _, c := range r.Changes {
		line := fmt.Sprintf("%s %s %s", c.Entity, output.OrDash(c.Name), changeWord(c))
		if changeWord(c) == changeUpdated {
			line += ": " + changeText(c.Before, c.After)
		}
		p.Line("%s", line)
	}
}

func countChanges(changes []importer.RunChange) string {
	var n importer.RunCounts
	for _, c := range changes {
		switch changeWord(c) {
		case changeCreated:
			n.Created++
		case changeDeleted:
			n.Deleted++
		default:
			n.Updated++
		}
	}
	return countsText(n)
}

// batch takes the runs of a batch back.
func (o undoOptions) batch(ctx context.Context, a *app, id string) error {
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.UndoBatchResult, error) {
		return im.UndoBatch(ctx, id, o.dryRun)
	})
	if err != nil {
		return err
	}
	for _, u := range result.Runs {
		if u.Error != nil && u.Error.Hint == "" {
			u.Error.Hint = advice(u.Error.Cause)
		}
	}
	if err := a.render(output.View{
		Document: result,
		Items:    output.Items(result.Runs),
		Rows:     func() [][]string { return output.Rows(undoneColumns(), result.Runs) },
		Page:     func(p *output.Page) { undoBatchPage(p, result) },
	}); err != nil {
		return err
	}
	o.notice(a)
	if result.Counts.Failed == 0 {
		return nil
	}
	return &source.Error{
		Code:    codePartial,
		Message: "not taken back: " + output.Count(result.Counts.Failed, "run"),
		Hint:    "the reasons are in the result; the same command again goes on with these",
	}
}

func undoBatchPage(p *output.Page, r importer.UndoBatchResult) {
	undone := "taken back"
	if !r.Applied {
		undone = "would be taken back"
	}
	p.Line("%s: %d %s, %d already were, %d failed", output.Count(r.Counts.Runs, "run"), r.Counts.Undone, undone, r.Counts.Already, r.Counts.Failed)
	p.Blank()
	output.TableOf(p, undoneColumns(), r.Runs)
}

func undoneColumns() []output.Column[importer.UndoneRun] {
	type run = importer.UndoneRun
	return []output.Column[run]{
		{Key: "undoes", Title: "Run", Text: func(u run) string { return strconv.FormatInt(u.Undoes, 10) }},
		{Key: "customer", Title: "Customer", Text: func(u run) string { return u.Customer }},
		{Key: "customer_id", Text: func(u run) string { return u.CustomerID }},
		{Key: "outcome", Title: "Outcome", Tone: toneOf, Text: func(u run) string { return u.Outcome }},
		{Key: "run", Title: "By run", Rank: 2, Text: func(u run) string { return numberText(u.Run) }},
		{Title: "What", Text: func(u run) string {
			switch {
			case u.Error == nil && u.Outcome == importer.OutcomeAlready:
				return ""
			case u.Error == nil:
				return countChanges(u.Changes)
			case u.Error.Hint != "":
				return u.Error.Message + " (" + u.Error.Hint + ")"
			}
			return u.Error.Message
		}},
		{Key: "error_code", Text: func(u run) string {
			if u.Error == nil {
				return ""
			}
			return string(u.Error.Code)
		}},
		{Key: "error", Text: func(u run) string {
			if u.Error == nil {
				return ""
			}
			return u.Error.Message
		}},
	}
}
