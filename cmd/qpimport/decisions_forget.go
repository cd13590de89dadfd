package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

type decisionsForgetOptions struct {
	all, yes bool
}

func newDecisionsForgetCmd(a *app) *cobra.Command {
	var o decisionsForgetOptions
	cmd := &cobra.Command{
		Use:   "forget SEL… | --all",
		Short: "Forget decisions",
		Long: `Forgets the decisions about the AD users that are named, or with --all every decision
of a customer. SEL is the user's id or name, or what its account goes by. Pairs that
stand keep standing; the rules are free to decide at the next match.` + exits(11, 12, 15),
		Example: `  qpimport decisions forget -c Contoso jdoe
  qpimport decisions forget -c Contoso --all --yes`,
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args) }),
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "every decision of the customer")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "with --all: do not ask")
	return cmd
}

func (o decisionsForgetOptions) run(ctx context.Context, a *app, args []string) error {
	switch {
	case o.all && len(args) > 0:
		return usage.Errorf("name users, or give --all, not both")
	case !o.all && len(args) == 0:
		return usage.Errorf("say which decisions: SEL…, or --all")
	}
	name, err := a.customer()
	if err != nil {
		return err
	}
	if o.all {
		if err := a.confirm(ctx, o.yes, "forgetting all decisions of "+name); err != nil {
			return err
		}
	}
	result, err := writing(ctx, a, func(im *importer.Importer) (importer.DecisionsResult, error) {
		return im.ForgetDecisions(ctx, name, args, o.all)
	})
	if err != nil {
		return err
	}
	return a.render(decisionsView(result, func(p *output.Page) {
		p.Line("%s: %s forgotten", result.Customer, output.Count(len(result.Decisions), "decision"))
		for _, d := range result.Decisions {
			p.Line("  %s: %s %s", output.OrDash(d.ADName), d.Verdict, d.M365Name)
		}
	}))
}
