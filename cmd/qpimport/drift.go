package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

func newDriftCmd(a *app) *cobra.Command {
	var codes, without []string
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Show where the directories no longer agree",
		Long: `Reads the customer's directories, writes nothing, and shows where the two, or they
and the registry, no longer agree:

  name          the display names of a pair differ
  ad_disabled   disabled or expired in Active Directory, open in Microsoft 365
  m365_blocked  open in Active Directory, blocked in Microsoft 365
  email         AD's mail is none of the mailbox's addresses
  upn           the user principal names differ
  no_mailbox    no mailbox any more: without a licence, or turned into something else
  missing       gone from a directory
  out_of_scope  no longer in the selection of the imports
  privileged    came to power over a directory after the account was chosen
  stale         the account is not what the directory says: "refresh" brings it up to
                date` + exits(11, 13, 14, 15),
		Example: `  qpimport drift -c Contoso
  qpimport drift -c Contoso --without upn -o csv`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			for _, code := range slices.Concat(codes, without) {
				if !slices.Contains(importer.DriftCodes(), code) {
					return usage.Hintf("there are "+strings.Join(importer.DriftCodes(), ", "), "there is no difference %q", code)
				}
			}
			name, err := a.customer()
			if err != nil {
				return err
			}
			r, err := reading(ctx, a, func(im *importer.Importer) (importer.DriftResult, error) { return im.Drift(ctx, name) })
			if err != nil {
				return err
			}
			r.Differences = slices.DeleteFunc(r.Differences, func(d importer.Difference) bool {
				return len(codes) > 0 && !slices.Contains(codes, d.Code) || slices.Contains(without, d.Code)
			})
			if err := a.render(driftView(r)); err != nil {
				return err
			}
			a.notes(r.Notes)
			return nil
		}),
	}
	cmd.Flags().StringArrayVar(&codes, "code", nil, "only differences of this `CODE` (repeatable)")
	cmd.Flags().StringArrayVar(&without, "without", nil, "no differences of this `CODE`, such as upn where the two were never equal (repeatable)")
	return cmd
}

// countsOf says how many differences there are of each kind, the most first.
func countsOf(list []importer.Difference) string {
	if len(list) == 0 {
		return ""
	}
	counts := map[string]int{}
	for _, d := range list {
		counts[d.Code]++
	}
	codes := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, code := range codes {
		codes[i] = fmt.Sprintf("%d %s", counts[code], code)
	}
	return " (" + strings.Join(codes, ", ") + ")"
}

func driftView(r importer.DriftResult) output.View {
	type row = importer.Difference
	columns := []output.Column[row]{
		{Key: "account", Text: func(d row) string { return d.Account }},
		{Key: "display_name", Title: "Account", Text: func(d row) string { return d.DisplayName }},
		{Key: "code", Title: "Difference", Tone: toneOf, Text: func(d row) string { return d.Code }},
		{Key: "ad", Title: "Active Directory", Text: func(d row) string { return d.AD }},
		{Key: "m365", Title: "Microsoft 365", Text: func(d row) string { return d.M365 }},
	}
	v := output.List("differences", r.Differences, columns, nil, nil)
	v.Document = r
	v.Page = func(p *output.Page) {
		p.Line("%s: %s%s", r.Customer, output.Count(len(r.Differences), "difference"), countsOf(r.Differences))
		if len(r.Differences) > 0 {
			p.Blank()
			output.TableOf(p, columns, r.Differences)
		}
	}
	return v
}
