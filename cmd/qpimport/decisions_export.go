package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/registry"
)

func newDecisionsExportCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write decisions as a text file",
		Long: `Writes a customer's decisions as CSV to a file, or to standard output for "-" or no
FILE. The same decisions give the same bytes: lines are sorted and hold no times, so
that the file can be kept in git. "decisions import" takes it back. The format is
always CSV, whatever --output says.` + exits(11, 15),
		Example: `  qpimport decisions export -c Contoso
  qpimport decisions export -c Contoso contoso-decisions.csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			toFile := len(args) > 0 && args[0] != "-"
			if toFile {
				if err := a.checkResult("decisions export", args[0]); err != nil {
					return err
				}
			}
			decisions, err := a.decisions(ctx)
			if err != nil {
				return err
			}
			plain := make([]registry.Decision, len(decisions))
			for i, d := range decisions {
				plain[i] = d.Decision
			}
			rows := output.Rows(exportedDecisionColumns(), plain)
			if !toFile {
				return output.WriteCSV(a.out, rows, a.settings.BOM)
			}
			err = output.ReplaceFile(args[0], func(w io.Writer) error { return output.WriteCSV(w, rows, a.settings.BOM) })
			if err == nil {
				a.notice("%s written to %s", output.Count(len(decisions), "decision"), args[0])
			}
			return err
		}),
	}
}

// exportedDecisionColumns are those of the text file.
func exportedDecisionColumns() []output.Column[registry.Decision] {
	var columns []output.Column[registry.Decision]
	for _, c := range decisionColumns() {
		if c.Key != "" && c.Key != "decided_at" {
			columns = append(columns, c)
		}
	}
	return columns
}
