package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

type planOptions struct {
	bulkFlags
	out          string
	detailedExit bool
}

// manifestHelp is what plan and apply say of the manifest.
const manifestHelp = `
The manifest is one YAML or JSON document; "schema manifest" prints its JSON Schema:

  version: 1
  defaults:
    password_sync: "off"
    recursive: true
    m365: {client_id: 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d, client_secret: "env:APP"}
  customers:
    - name: Contoso
      external_ids: {itglue: "4711"}
      password_sync: "on"
      directories:
        ad: {domain: corp.contoso.example, bind: windows}
        m365: {tenant: contoso.onmicrosoft.example}
      import: [{source: ad, ou: ["corp.contoso.example/Staff"], exclude: ["svc-*"]}]
      match: {auto: true, by: evidence}
    - name: Litware
      directories:
        ad:
          domain: corp.litware.example
          bind_dn: "svc@corp.litware.example"
          bind_password: "env:LITWARE_AD"
          ca_file: litware-ca.pem
    - name: Fabrikam
      directories: {m365: {file: exports/fabrikam-users.json}}
      import: [{source: m365}]

The application of "defaults" signs in for each customer whose "m365" does not say who
does: one multi-tenant app for all, of which a customer names the tenant alone, and to
which the tenant's administrator has consented.

Paths are relative to the manifest, for standard input to the current folder. What the
manifest does not name is left alone; nothing is ever deleted. With -c NAME one customer
of the manifest is taken alone; $QPIMPORT_CUSTOMER does not matter here.

A customer is stopped where its imports select nobody, where it would get more than
--max-new new accounts, or where a directory is not the one seen before, unless its
"allow" in the manifest says so.`

func newPlanCmd(a *app) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan -f FILE",
		Short: "Show what a manifest would change",
		Long: `Reads the directories of the customers in a manifest and shows what "apply" would do.
Nothing is written. A customer that fails is shown with the reason, and makes the exit
status 3; the others are planned all the same.

--out writes the plan to a file, for "apply" to carry out once it was reviewed. It holds
the manifest and no secret. With --detailed-exitcode the exit status is 20 when there is
something to do.
` + manifestHelp + exits(3, 15, 20),
		Example: `  qpimport plan -f customers.yaml
  qpimport plan -f customers.yaml --out customers.plan --detailed-exitcode
  qpimport plan -f customers.yaml -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	o.add(f)
	f.StringVar(&o.out, "out", "", "write the plan to `PLANFILE`")
	f.BoolVar(&o.detailedExit, "detailed-exitcode", false, "exit with 20 when there is something to do")
	return cmd
}

func (o planOptions) run(ctx context.Context, a *app) error {
	found := o.check()
	if o.file == "" {
		found = append(found, "say which manifest: -f FILE")
	}
	if err := usage.Join(found); err != nil {
		return err
	}
	doc, err := a.readDocument(ctx, o.file)
	if err != nil {
		return err
	}
	m, err := a.manifest(doc)
	if err != nil {
		return err
	}
	if o.out != "" {
		if err := a.checkResult("--out", o.out, append(m.Files(), o.file)...); err != nil {
			return err
		}
	}
	result, err := a.plan(ctx, importer.BulkRequest{Manifest: m, Parallel: o.parallel, MaxNew: o.maxNew}, o.out != "")
	if err != nil {
		return err
	}
	defer result.spool.Close()
	if o.out != "" && ctx.Err() == nil {
		if err := writePlanFile(o.out, doc, o.maxNew, result); err != nil {
			return err
		}
	}
	if err := a.render(bulkView(result)); err != nil {
		return err
	}
	switch {
	case result.Counts.Failed > 0:
		return bulkError(result)
	case o.detailedExit && result.Counts.Changed > 0:
		return errSomethingToDo
	}
	return nil
}

// plan makes a plan; nothing is written. planFile says that it will be saved.
func (a *app) plan(ctx context.Context, r importer.BulkRequest, planFile bool) (*bulkResult, error) {
	im, err := a.openBulk(ctx, true)
	if err != nil {
		return nil, err
	}
	result, err := a.bulk(ctx, im, r, planFile)
	return result, cmp.Or(err, im.Close())
}
