package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
)

func newDecisionsCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "decisions",
		Short: "List and keep what was decided by hand about matches",
		Long: `A decision says of an AD user and a mailbox that they belong together (match) or do
not (reject), or of an AD user that it is to be left alone (ignore). Decisions come
from "match --pair", "--unpair", "--decisions" and "--review". They are kept by the
users' ids, so that they survive renames and later runs, and beat every rule.

Alone, the command lists a customer's decisions.` + exits(11, 15),
		Example: `  qpimport decisions -c Contoso
  qpimport decisions export -c Contoso contoso-decisions.csv
  qpimport decisions forget -c Contoso jdoe`,
		Args: subcommand,
		RunE: a.command(a.listDecisions),
	}
	cmd.AddCommand(newDecisionsListCmd(a), newDecisionsExportCmd(a), newDecisionsImportCmd(a), newDecisionsForgetCmd(a))
	return cmd
}

func newDecisionsListCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List a customer's decisions",
		Long:    "Lists a customer's decisions about matches, by the AD user's name." + exits(11, 15),
		Example: "  qpimport decisions list -c Contoso -o csv",
		Args:    cobra.NoArgs,
		RunE:    a.command(a.listDecisions),
	}
}

func (a *app) listDecisions(ctx context.Context, _ []string) error {
	decisions, err := a.decisions(ctx)
	if err != nil {
		return err
	}
	columns := output.ColumnsOf(decisionColumns(), func(d importer.NamedDecision) registry.Decision { return d.Decision })
	columns = append(columns,
		output.Column[importer.NamedDecision]{Key: "ad_upn", Title: "AD UPN", Rank: 4, Text: func(d importer.NamedDecision) string { return d.ADUPN }},
		output.Column[importer.NamedDecision]{Key: "m365_upn", Title: "Mailbox UPN", Rank: 5, Text: func(d importer.NamedDecision) string { return d.M365UPN }})
	return a.render(output.List("decisions", decisions, columns, nil, nil))
}

// decisions reads the decisions of the customer that the command is about.
func (a *app) decisions(ctx context.Context) ([]importer.NamedDecision, error) {
	name, err := a.customer()
	if err != nil {
		return nil, err
	}
	return reading(ctx, a, func(im *importer.Importer) ([]importer.NamedDecision, error) { return im.Decisions(ctx, name) })
}

func decisionColumns() []output.Column[registry.Decision] {
	type decision = registry.Decision
	return []output.Column[decision]{
		{Key: "decision", Title: "Decision", Text: func(d decision) string { return string(d.Verdict) }},
		{Key: "ad_id", Text: func(d decision) string { return d.ADID }},
		{Key: "m365_id", Text: func(d decision) string { return d.M365ID }},
		{Key: "reason", Text: func(d decision) string { return d.Reason }},
		{Key: "ad_name", Title: "AD user", Text: func(d decision) string { return d.ADName }},
		{Key: "m365_name", Title: "Mailbox", Text: func(d decision) string { return d.M365Name }},
		{Title: "Reason", Rank: 2, Text: func(d decision) string { return d.Reason }},
		{Key: "decided_at", Title: "Decided", Rank: 3, Text: func(d decision) string { return d.DecidedAt.UTC().Format(time.RFC3339) }},
	}
}

func decisionsView(r importer.DecisionsResult, sentence func(*output.Page)) output.View {
	return output.View{
		Document: r,
		Items:    output.Items(r.Decisions),
		Rows:     func() [][]string { return output.Rows(decisionColumns(), r.Decisions) },
		Page:     sentence,
	}
}
