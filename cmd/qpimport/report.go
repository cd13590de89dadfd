package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/report"
	"github.com/qpimport/qpimport/pkg/importer"
)

type reportOptions struct {
	all    bool
	redact bool
	out    []string
	since  string
	maxAge string
}

func newReportCmd(a *app) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write a report for the customer, on one page",
		Long: `Writes how a customer stands as one page to hand out: the state in numbers and lights,
who left and has an open mailbox, who holds power over a directory, the open cases with
what would settle them, what changed since the last report, the pairs with their
reasons, and when each directory was read. It reads the registry alone; "refresh" before
it brings that up to date.

--out FILE.html is one file without scripts that asks for nothing from elsewhere: it
opens in a mail's preview, by day and by night, and prints. --out FILE.md is the same as
Markdown; --out may be given more than once. The file is for its owner's eyes alone
until it is handed on (0600). With --output json the same goes to standard output as a
document, with every candidate and all that was compared.

The registry remembers when a report was last written to a file, and the next one tells
what changed since. --since tells another time, and such a report is not remembered;
neither is one that goes to standard output alone.

--redact puts pseudonyms in the place of people's names, addresses and ids. The same
person has the same one all through a report, and another one in the next. The
customer's name stays.

--all --out DIR writes a page for each customer and index.html, which has a row a customer
and leads to each. A customer whose report fails is in it with the reason, leaves the
others alone, and makes the exit status 3.` + exits(3, 11, 15),
		Example: `  qpimport report -c Contoso --out contoso.html
  qpimport report -c Contoso --out contoso.md --redact
  qpimport report -c Contoso --since 30d -o json
  qpimport report --all --out /srv/reports`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all customers, with a page that leads to each")
	f.StringArrayVar(&o.out, "out", nil, "write to `FILE`, .html or .md (repeatable); with --all to a folder")
	f.BoolVar(&o.redact, "redact", false, "pseudonyms in place of names, addresses and ids")
	f.StringVar(&o.since, "since", "", "tell what changed since `TIME`: RFC 3339, a date, or so long ago, as 36h or 30d (default the last report)")
	f.StringVar(&o.maxAge, "max-age", "7d", "how old a directory's last read, or an export, may be: `AGE` such as 7d or 36h")
	return cmd
}

func (o reportOptions) run(ctx context.Context, a *app) error {
	r := importer.ReportRequest{Redact: o.redact}
	var err error
	if r.MaxAge, err = input.Age(o.maxAge); err != nil {
		return usage.Errorf("--max-age: %v", err)
	}
	if o.since != "" {
		if r.Since, err = input.Moment(o.since, time.Now()); err != nil {
			return usage.Errorf("--since: %s", err)
		}
	}
	if o.all {
		if a.settings.CustomerFlag {
			return usage.Errorf("--all is all customers: leave out -c")
		}
		for _, path := range o.out {
			if formatOf(path) != nil {
				return usage.Errorf("--out %s is a page: with --all name a folder, which has a page for each customer", path)
			}
		}
		return o.reportAll(ctx, a, r)
	}
	if r.Customer, err = a.customer(); err != nil {
		return err
	}
	var found []string
	for _, path := range o.out {
		if formatOf(path) == nil {
			found = append(found, fmt.Sprintf("--out %s: is neither .html nor .md", path))
		} else if err := a.checkResult("--out", path); err != nil {
			found = append(found, err.Error())
		}
	}
	if err := usage.Join(found); err != nil {
		return err
	}
	one, err := with(ctx, a, !o.remembers(), func(im *importer.Importer) (importer.Report, error) {
		one, err := im.Report(ctx, r)
		if err != nil {
			return one, err
		}
		for _, path := range o.out {
			if err := writeReport(path, one); err != nil {
				return one, err
			}
		}
		if o.remembers() {
			err = im.Reported(ctx, one)
		}
		return one, err
	})
	if err != nil {
		return err
	}
	if err := a.render(reportView(one, o.out)); err != nil {
		return err
	}
	if len(o.out) == 0 {
		a.notice("note: nothing was written; --out FILE.html writes the page")
	}
	return nil
}

// remembers says that the report is one of a series, each of which tells what
// changed since the one before.
func (o reportOptions) remembers() bool { return len(o.out) > 0 && o.since == "" }

// formatOf is what writes a report into a file of this name, nil for none.
func formatOf(path string) func(io.Writer, importer.Report) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".html", ".htm":
		return report.HTML
	case ".md", ".markdown":
		return report.Markdown
	}
	return nil
}

func writeReport(path string, r importer.Report) error {
	return output.ReplaceFile(path, func(w io.Writer) error { return formatOf(path)(w, r) })
}

// reportDocument is a report with where it was written to.
type reportDocument struct {
	importer.Report
	Files []string `json:"files"`
}

func reportView(r importer.Report, files []string) output.View {
	type light = importer.ReportLight
	columns := []output.Column[light]{
		{Key: "code", Title: "Subject", Text: func(l light) string { return l.Code }},
		{Key: "light", Title: "Light", Tone: toneOf, Text: func(l light) string { return string(l.Light) }},
		{Key: "count", Title: "Count", Text: func(l light) string { return strconv.Itoa(l.Count) }},
		{Key: "of", Title: "Of", Text: func(l light) string {
			if l.Of == 0 {
				return ""
			}
			return strconv.Itoa(l.Of)
		}},
		{Key: "text", Title: "What", Text: func(l light) string { return l.Text }},
	}
	return output.View{
		Document: reportDocument{r, append([]string{}, files...)},
		Items:    output.Items(r.Lights),
		Rows:     func() [][]string { return output.Rows(columns, r.Lights) },
		Page: func(p *output.Page) {
			since := "the first report"
			if r.Since != nil {
				since = fmt.Sprintf("%s since %s", output.Count(r.Counts.Changes, "change"), timeText(*r.Since))
			}
			p.Line("%s: %s; %s, %s", r.Customer, r.Light, output.Count(r.Counts.Open, "open case"), since)
			for _, file := range files {
				p.Line("written to %s", file)
			}
			p.Blank()
			output.TableOf(p, columns, r.Lights)
		},
	}
}
