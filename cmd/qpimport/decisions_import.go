package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
)

func newDecisionsImportCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Take decisions back from a text file",
		Long: `Takes decisions from a CSV that "decisions export" wrote, or from standard input for
"-". Needed are the columns decision (match, reject or ignore), ad_id (objectGUID) and
m365_id (object id); reason, ad_name and m365_name may be missing.

Decisions are kept whether or not the users are known here yet and take effect with
the next match. One that contradicts an older one replaces it; others stay. What is
wrong is reported for all lines at once, and then nothing is taken.` + exits(11, 15),
		Example: `  qpimport decisions import -c Contoso contoso-decisions.csv
  qpimport decisions import -c Contoso -`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			customer, err := a.customer()
			if err != nil {
				return err
			}
			f, err := input.Read(ctx, a.in, args[0])
			if err != nil {
				return err
			}
			given, err := parseDecisions(f)
			if err != nil {
				return err
			}
			result, err := writing(ctx, a, func(im *importer.Importer) (importer.DecisionsResult, error) {
				return im.ImportDecisions(ctx, customer, given)
			})
			if err != nil {
				return err
			}
			return a.render(decisionsView(result, func(p *output.Page) {
				p.Line("%s: %s taken, %d unchanged", result.Customer, output.Count(len(result.Decisions), "decision"), result.Unchanged)
			}))
		}),
	}
}

// parseDecisions reads exported decisions, or says all that is wrong with them.
func parseDecisions(f input.File) ([]registry.Decision, error) {
	rows, err := f.Sheet("decision", "ad_id", "m365_id")
	if err != nil {
		return nil, err
	}
	given := make([]registry.Decision, len(rows))
	for i, row := range rows {
		given[i] = registry.Decision{
			Verdict: match.Verdict(strings.ToLower(row.Cells["decision"])),
			ADID:    foldID(row.Cells["ad_id"]), M365ID: foldID(row.Cells["m365_id"]), Reason: row.Cells["reason"],
			ADName: row.Cells["ad_name"], M365Name: row.Cells["m365_name"],
		}
	}
	wrong := map[int]string{}
	for i, problem := range importer.CheckDecisions(given) {
		wrong[i] = fmt.Sprintf("%s line %d: %s", f.Name, rows[i].Line, problem)
	}
	var found []string
	for i := range rows {
		if problem, ok := wrong[i]; ok {
			found = append(found, problem)
		}
	}
	return given, usage.Lines(found)
}

// foldID is an id as directories are asked for it.
func foldID(id string) string { return strings.ToLower(strings.Trim(id, "{}")) }
