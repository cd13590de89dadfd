package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/connectwise"
	"github.com/qpimport/qpimport/pkg/source/halopsa"
	"github.com/qpimport/qpimport/pkg/source/hudu"
	"github.com/qpimport/qpimport/pkg/source/itglue"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// customersListHelp is what every import of a list over the web keeps to.
const customersListHelp = `
The list is read whole or not at all. A customer that is renamed there is renamed
here, by its id; one that another such list knows too keeps its name, since the two
would rename it back and forth, and the difference is shown (name_differs).
` + customersImportHelp

// listImport imports customers from a list over the web. It has what the commands of
// all products share: how they are told where to ask, as whom, and whom to take.
type listImport struct {
	app     *app
	cmd     *cobra.Command
	url     *string
	noURL   bool // where no URL is given there is another way
	secrets []*secretFlag
	dryRun  bool
}

// secretFlag is a flag that refers to a secret, and where the secret goes.
type secretFlag struct {
	name string
	ref  string
	into *source.Secret
}

// newListImport begins a command. Its help goes on with what all of them keep to.
func newListImport(a *app, cmd *cobra.Command) *listImport {
	cmd.Long += "\n" + customersListHelp + "\n" + secret.Help + exits(3, 13, 14, 15)
	cmd.Args = cobra.NoArgs
	l := &listImport{app: a, cmd: cmd}
	cmd.Flags().BoolVar(&l.dryRun, "dry-run", false, "show the result and write nothing")
	return l
}

func (l *listImport) addURL(url *string, what string) {
	l.url = url
	l.cmd.Flags().StringVar(url, "url", "", what)
}

func (l *listImport) addSecret(into *source.Secret, name, what string) {
	s := &secretFlag{name: name, into: into}
	l.secrets = append(l.secrets, s)
	l.cmd.Flags().StringVar(&s.ref, name, "", "`REF` to "+what)
}

func (l *listImport) addTypes(types *[]string, what string) {
	l.cmd.Flags().StringArrayVar(types, "type", nil, what+" of the type `NAME`, or any (repeatable)")
}

func (l *listImport) addStatuses(statuses *[]string, what string) {
	l.cmd.Flags().StringArrayVar(statuses, "status", nil, what+" of the status `NAME` (repeatable)")
}

// command ends the command: check says what else is wrong with how it was called, and
// read reads the list, with the secrets in their places.
func (l *listImport) command(check func() []string, read func(context.Context, weblist.Options) (weblist.Customers, error)) *cobra.Command {
	l.cmd.RunE = l.app.command(func(ctx context.Context, _ []string) error {
		var found []string
		if *l.url != "" || !l.noURL {
			found = checkAddress("url", *l.url)
		}
		found = append(found, check()...)
		for _, s := range l.secrets {
			found = append(found, checkReference(s.name, s.ref)...)
		}
		if err := usage.Join(found); err != nil {
			return err
		}
		for _, s := range l.secrets {
			var err error
			if *s.into, err = l.app.secrets().Resolve(ctx, s.ref); err != nil {
				return err
			}
		}
		list, err := read(ctx, weblist.Options{UserAgent: userAgent(), Announce: l.app.notice})
		if err != nil {
			return err
		}
		return l.app.importList(ctx, l.cmd.Name(), list, l.dryRun)
	})
	return l.cmd
}

// checkReference says what is wrong with a flag that refers to a secret.
func checkReference(flag, ref string) []string {
	if ref == "" {
		return []string{"--" + flag + " is missing"}
	}
	if _, err := source.ParseReference(ref); err != nil {
		return []string{"--" + flag + ": " + err.Error()}
	}
	return nil
}

// checkAddress says what is wrong with a flag that has a URL.
func checkAddress(flag, url string) []string {
	if url == "" {
		return []string{"--" + flag + " is missing"}
	}
	if err := source.CheckWebAddress(url); err != nil {
		return []string{"--" + flag + ": " + err.Error()}
	}
	return nil
}

// importList takes a list into the registry, those who are no customers as skipped.
func (a *app) importList(ctx context.Context, system string, list weblist.Customers, dryRun bool) error {
	rows := make([]importer.CustomerRow, 0, len(list.Organizations)+len(list.Skipped))
	for _, o := range list.Organizations {
		rows = append(rows, customerRow(o))
	}
	for _, s := range list.Skipped {
		row := customerRow(s.Organization)
		row.Skip = whySkipped(s, list.Kind)
		rows = append(rows, row)
	}
	return a.importCustomers(ctx, importer.CustomerImportRequest{
		Source: system, Customers: rows, DryRun: dryRun,
		Renamers: []string{itglue.System, hudu.System, connectwise.System, halopsa.System},
	})
}

// customerRow is an organization as another system has it.
func customerRow(o source.Organization) importer.CustomerRow {
	ids := map[string]string{o.System: o.ID}
	if o.Tenant != "" {
		ids[source.TenantSystem] = o.Tenant
	}
	return importer.CustomerRow{Name: o.Name, ExternalIDs: ids, Note: o.Note}
}

// whySkipped says in words why an organization is no customer. Kind is what its
// product calls a type.
func whySkipped(s weblist.Skipped, kind string) string {
	switch s.Reason {
	case weblist.SkipPrimary:
		return "the primary organization"
	case weblist.SkipStatus:
		return "status " + output.OrDash(s.Status)
	}
	return kind + " " + output.OrDash(strings.Join(s.Types, ", "))
}
