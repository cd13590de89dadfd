package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

func newStatusCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show one line a customer, and what needs attention",
		Long: `Shows one line a customer: mode, directories, counts, and what needs somebody's
hand; with --customer that one alone. Reads the registry alone; "doctor" asks
the directories.` + exits(15),
		Example: `  qpimport status
  qpimport status -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			list, err := reading(ctx, a, func(im *importer.Importer) ([]importer.CustomerStatus, error) {
				return im.Status(ctx, a.settings.Customer)
			})
			if err != nil {
				return err
			}
			v := output.List("customers", list, statusColumns(), nil, nil)
			table := v.Page
			v.Page = func(p *output.Page) {
				waiting := 0
				for _, c := range list {
					if len(c.Attention) > 0 {
						waiting++
					}
				}
				if len(list) > 0 {
					p.Line("%s, of which need attention: %d", output.Count(len(list), "customer"), waiting)
					p.Blank()
				}
				table(p)
			}
			return a.render(v)
		}),
	}
}

func statusColumns() []output.Column[importer.CustomerStatus] {
	var columns []output.Column[importer.CustomerStatus]
	for _, c := range customerColumns() {
		columns = append(columns, output.Column[importer.CustomerStatus]{Key: c.Key, Title: c.Title,
			Text: func(s importer.CustomerStatus) string { return c.Text(s.Customer) }})
	}
	return append(columns, output.Column[importer.CustomerStatus]{Key: "attention", Title: "Attention",
		Text: func(s importer.CustomerStatus) string { return strings.Join(s.Attention, ", ") }})
}
