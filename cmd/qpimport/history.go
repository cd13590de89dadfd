package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

type historyOptions struct {
	account, since string
}

func newHistoryCmd(a *app) *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Show what was changed, by whom and when",
		Long: `Every command that changes the registry is recorded as a run, one for each customer:
who ran what, when, and everything that it changed, before and after. A command that
changes nothing is no run. What was read of the directories is part of none.

Alone, the command lists runs, the newest first: how many things each created (+),
updated (~) and deleted (-), and which run took it back. With -c it lists one
customer's, who may be deleted by now; with --account those that changed one account,
named as elsewhere, or where it is deleted or goes by other names now, by what it went
by. Times are UTC.

"history show" shows what a run changed, "undo" takes it back, "history prune" forgets
what is old.` + exits(11, 15),
		Example: `  qpimport history -c Contoso
  qpimport history --since 7d
  qpimport history -c Contoso --account jdoe --since 2026-01-31 -o json
  qpimport history show 12`,
		Args: subcommand,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.account, "account", "", "only runs that changed the account `SEL`")
	f.StringVar(&o.since, "since", "", "only runs since `TIME`: RFC 3339, a date, or so long ago, as 36h or 7d")
	cmd.AddCommand(newHistoryShowCmd(a), newHistoryPruneCmd(a))
	return cmd
}

func (o historyOptions) run(ctx context.Context, a *app) error {
	r := importer.HistoryRequest{Customer: a.settings.Customer, Account: o.account}
	if o.since != "" {
		var err error
		if r.Since, err = input.Moment(o.since, time.Now()); err != nil {
			return usage.Errorf("--since: %s", err)
		}
	}
	runs, err := reading(ctx, a, func(im *importer.Importer) ([]importer.Run, error) { return im.History(ctx, r) })
	if err != nil {
		return err
	}
	return a.render(output.List("runs", runs, runColumns(r.Customer == ""), nil, nil))
}

// runColumns are the columns of runs; a table shows the customer only where there
// may be several.
func runColumns(all bool) []output.Column[importer.Run] {
	type run = importer.Run
	customer := ""
	if all {
		customer = "Customer"
	}
	number := func(get func(run) *int64) func(run) string {
		return func(r run) string { return numberText(get(r)) }
	}
	count := func(get func(importer.RunCounts) int) func(run) string {
		return func(r run) string { return strconv.Itoa(get(r.Counts)) }
	}
	return []output.Column[run]{
		{Key: "id", Title: "Run", Text: func(r run) string { return strconv.FormatInt(r.ID, 10) }},
		{Key: "batch", Text: func(r run) string { return text(r.Batch) }},
		{Key: "at", Title: "When", Text: func(r run) string { return timeText(r.At) }},
		{Key: "by", Title: "Who", Rank: 3, Text: func(r run) string { return text(r.By) }},
		{Key: "version", Text: func(r run) string { return text(r.Version) }},
		{Key: "customer", Title: customer, Rank: 1, Text: func(r run) string { return r.Customer }},
		{Key: "customer_id", Text: func(r run) string { return r.CustomerID }},
		{Key: "command", Title: "Command", Text: func(r run) string { return r.Command }},
		{Title: "Changes", Rank: 2, Text: func(r run) string { return countsText(r.Counts) }},
		{Key: "created", Text: count(func(c importer.RunCounts) int { return c.Created })},
		{Key: "updated", Text: count(func(c importer.RunCounts) int { return c.Updated })},
		{Key: "deleted", Text: count(func(c importer.RunCounts) int { return c.Deleted })},
		{Key: "undoes", Title: "Undoes", Rank: 4, Text: number(func(r run) *int64 { return r.Undoes })},
		{Key: "undone_by", Title: "Undone by", Rank: 3, Text: number(func(r run) *int64 { return r.UndoneBy })},
	}
}

func numberText(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

func countsText(c importer.RunCounts) string {
	return fmt.Sprintf("+%d ~%d -%d", c.Created, c.Updated, c.Deleted)
}
