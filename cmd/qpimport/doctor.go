package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

func newDoctorCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check state file, config and directories",
		Long: `Checks the config, the state file and each directory of each customer, or with
--customer of that one, and says what to do about each finding. A finding is ok,
a warning or an error; with an error the exit status is 3, or 15 where the state
file is at fault.` + exits(3, 15),
		Example: `  qpimport doctor
  qpimport doctor -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(a.doctor),
	}
}

func (a *app) doctor(ctx context.Context, _ []string) error {
	findings := []importer.Finding{a.configFinding()}
	more, failed := reading(ctx, a, func(im *importer.Importer) ([]importer.Finding, error) {
		return im.Doctor(ctx, a.settings.Customer)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	findings = append(findings, more...)
	if failed != nil {
		findings = append(findings, importer.Finding{
			Subject: a.stateKind(), Level: levelError, Message: failed.Error(), Hint: advice(failed),
		})
	}
	for i := range findings {
		f := &findings[i]
		f.Hint = cmp.Or(f.Hint, advice(f.Cause), adviceOnTopic(f.Topic, ""))
	}
	if err := a.render(doctorView(findings)); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if n := countErrors(findings); n > 0 {
		return &source.Error{Code: codePartial, Message: "found " + output.Count(n, "error")}
	}
	return nil
}

// configFinding says which settings hold. A config that cannot be read has
// ended the command before.
func (a *app) configFinding() importer.Finding {
	f := importer.Finding{Subject: "config", Level: "ok", Message: "no config file"}
	if a.settings.Config != "" {
		f.Message = "config file " + a.settings.Config
	}
	f.Message += ", " + a.stateIs()
	return f
}

const levelError = "error"

func countErrors(findings []importer.Finding) int {
	n := 0
	for _, f := range findings {
		if f.Level == levelError {
			n++
		}
	}
	return n
}

func doctorView(findings []importer.Finding) output.View {
	type finding = importer.Finding
	v := output.List("findings", findings, []output.Column[finding]{
		{Key: "level", Title: "Level", Rank: output.Whole, Tone: toneOf, Text: func(f finding) string { return f.Level }},
		{Key: "subject", Title: "Subject", Text: func(f finding) string { return f.Subject }},
		{Key: "message", Title: "Finding", Text: func(f finding) string { return f.Message }},
		{Key: "hint", Title: "What to do", Text: func(f finding) string { return f.Hint }},
	}, nil, nil)
	table := v.Page
	v.Page = func(p *output.Page) {
		if n := countErrors(findings); n > 0 {
			p.Line("found %s", output.Count(n, "error"))
		} else {
			p.Line("ok: no errors")
		}
		p.Blank()
		table(p)
	}
	return v
}
