package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/manifest"
)

type applyOptions struct {
	bulkFlags
	maxNewGiven bool
}

func newApplyCmd(a *app) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply -f FILE | PLANFILE",
		Short: "Bring many customers in at once",
		Long: `Carries out a manifest: makes customers, connects their directories, imports and
matches. Customers are worked on side by side, each in a transaction of its own. One
that fails is shown with the reason and left as it was, the others are done, and the
exit status is 3. The same again continues with what is missing; when nothing is
missing it writes nothing.

With PLANFILE, a plan that "plan --out" wrote, exactly that is carried out. The
directories are read again first: where what they or the registry say has changed in a
way that matters to the plan, nothing is applied and the exit status is 12. Customers
that failed in the plan, or cannot be read now, are left out and shown; those with
nothing left to do do no harm.

Ctrl-C ends it after the customers in flight were rolled back or finished; the result
says which are done.
` + manifestHelp + exits(3, 12, 15),
		Example: `  qpimport apply -f customers.yaml
  qpimport apply -f - --parallel 8 -o json
  qpimport apply customers.plan`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.RunE = a.command(func(ctx context.Context, args []string) error {
		o.maxNewGiven = cmd.Flags().Changed("max-new")
		return o.run(ctx, a, args)
	})
	o.add(cmd.Flags())
	return cmd
}

func (o applyOptions) run(ctx context.Context, a *app, args []string) error {
	found := o.check()
	switch {
	case o.file == "" && len(args) == 0:
		found = append(found, "say what to apply: -f FILE, or a PLANFILE")
	case o.file != "" && len(args) > 0:
		found = append(found, "a manifest or a plan, not both")
	case o.maxNewGiven && len(args) > 0:
		found = append(found, "--max-new: the plan says how many; make another one with it")
	}
	if err := usage.Join(found); err != nil {
		return err
	}
	if len(args) > 0 {
		return o.applyPlan(ctx, a, args[0])
	}
	doc, err := a.readDocument(ctx, o.file)
	if err != nil {
		return err
	}
	m, err := a.manifest(doc)
	if err != nil {
		return err
	}
	return a.apply(ctx, importer.BulkRequest{Manifest: m, Parallel: o.parallel, MaxNew: o.maxNew})
}

// applyPlan carries a saved plan out if it still fits.
func (o applyOptions) applyPlan(ctx context.Context, a *app, path string) error {
	p, err := a.readPlanFile(ctx, path)
	if err != nil {
		return err
	}
	m, err := a.manifest(p.Manifest)
	if err != nil {
		return err
	}
	r := importer.BulkRequest{Manifest: m, Parallel: o.parallel, MaxNew: p.MaxNew, Plan: p.planned}
	m.Customers = slices.DeleteFunc(m.Customers, func(c manifest.Customer) bool {
		_, planned := r.Plan[c.Name] // -c may have chosen one of the plan's
		return !planned
	})
	fresh, err := a.plan(ctx, importer.BulkRequest{Manifest: m, Parallel: r.Parallel, MaxNew: r.MaxNew}, false)
	if err != nil {
		return err
	}
	fresh.spool.Close()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	im, err := a.openBulk(ctx, true)
	if err != nil {
		return err
	}
	r.Plan, err = im.Fit(ctx, r.Plan, fresh.Customers)
	if err := cmp.Or(err, im.Close()); err != nil {
		return err
	}
	return a.apply(ctx, r)
}

// errNotPlanned marks a customer that failed in the plan already.
var errNotPlanned = errors.New("failed in the plan")

// apply carries a manifest out and shows the result.
func (a *app) apply(ctx context.Context, r importer.BulkRequest) error {
	r.Apply = true
	im, err := a.openBulk(ctx, false)
	if err != nil {
		return err
	}
	result, err := a.bulk(ctx, im, r, false)
	if err := cmp.Or(err, im.Close()); err != nil {
		return err
	}
	defer result.spool.Close()
	if err := a.render(bulkView(result)); err != nil {
		return err
	}
	return bulkError(result)
}
