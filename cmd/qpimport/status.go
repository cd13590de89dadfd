package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

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
			v := listView("customers", list, statusColumns(), nil, nil)
			table := v.page
			v.page = func(p *page) {
				waiting := 0
				for _, c := range list {
					if len(c.Attention) > 0 {
						waiting++
					}
				}
				if len(list) > 0 {
					p.line("%s, of which need attention: %d", count(len(list), "customer"), waiting)
					p.blank()
				}
				table(p)
			}
			return a.render(v)
		}),
	}
}

func statusColumns() []column[importer.CustomerStatus] {
	var columns []column[importer.CustomerStatus]
	for _, c := range customerColumns() {
		columns = append(columns, column[importer.CustomerStatus]{c.key, c.title,
			func(s importer.CustomerStatus) string { return c.text(s.Customer) }})
	}
	return append(columns, column[importer.CustomerStatus]{"attention", "Attention",
		func(s importer.CustomerStatus) string { return strings.Join(s.Attention, ", ") }})
}
