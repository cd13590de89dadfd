package main

import (
	"context"
	"strings"

	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/output"
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

// listOptions are the flags that the lists of customers over the web share.
type listOptions struct {
	url      string
	types    []string
	statuses []string
	dryRun   bool
}

func (o *listOptions) addTypes(f *pflag.FlagSet, what string) {
	f.StringArrayVar(&o.types, "type", nil, what+" of the type `NAME`, or any (repeatable)")
}

func (o *listOptions) addStatuses(f *pflag.FlagSet, what string) {
	f.StringArrayVar(&o.statuses, "status", nil, what+" of the status `NAME` (repeatable)")
}

func (o *listOptions) addDryRun(f *pflag.FlagSet) {
	f.BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
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

// listReading is how the command reads a list.
func (a *app) listReading() weblist.Options {
	return weblist.Options{UserAgent: userAgent(), Announce: a.notice}
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
