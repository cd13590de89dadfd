package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/internal/report"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// fleetResult is one row a customer.
type fleetResult struct {
	At        time.Time     `json:"at"`
	Redacted  bool          `json:"redacted"`
	Index     *string       `json:"index"` // nil where nothing was written
	Counts    fleetCounts   `json:"counts"`
	Customers []fleetMember `json:"customers"`
}

type fleetCounts struct {
	Customers int `json:"customers"`
	Failed    int `json:"failed"`
}

// fleetMember is a customer's report in short, or why there is none.
type fleetMember struct {
	ID     string                 `json:"id"`
	Name   string                 `json:"name"`
	File   *string                `json:"file"`
	Light  importer.Light         `json:"light"` // "" where there is no report
	Lights []importer.ReportLight `json:"lights"`
	Counts *importer.ReportCounts `json:"counts"`
	Error  *importer.Problem      `json:"error"`
}

func (o reportOptions) reportAll(ctx context.Context, a *app, r importer.ReportRequest) error {
	folder := ""
	switch len(o.out) {
	case 0:
	case 1:
		folder = o.out[0]
		if err := private.MkdirAll(folder); err != nil {
			return usage.Errorf("--out %s: %s", folder, usage.Reason(err))
		}
	default:
		return usage.Errorf("--all takes one --out: a folder")
	}
	result, err := with(ctx, a, !o.remembers(), func(im *importer.Importer) (fleetResult, error) {
		each, err := im.ReportAll(ctx, r)
		if err != nil {
			return fleetResult{}, err
		}
		result := fleetResult{At: time.Now().UTC(), Redacted: r.Redact, Customers: []fleetMember{}}
		page := report.Fleet{At: result.At, Redacted: r.Redact}
		for c := range each {
			member, row := o.handOut(ctx, im, folder, c)
			if member.Error != nil {
				result.Counts.Failed++
			}
			result.Customers, page.Rows = append(result.Customers, member), append(page.Rows, row)
		}
		result.Counts.Customers = len(result.Customers)
		if ctx.Err() != nil {
			return result, context.Cause(ctx)
		}
		if folder == "" {
			return result, nil
		}
		index := filepath.Join(folder, "index.html")
		result.Index = &index
		return result, output.ReplaceFile(index, func(w io.Writer) error { return report.FleetHTML(w, page) })
	})
	if err != nil {
		return err
	}
	if err := a.render(fleetView(result)); err != nil {
		return err
	}
	if result.Index == nil {
		a.notice("note: nothing was written; --out DIR writes the pages")
	}
	if n := result.Counts.Failed; n > 0 {
		return &source.Error{Code: codePartial, Message: "without a report: " + output.Count(n, "customer"), Hint: "the reasons are in the result"}
	}
	return nil
}

// handOut writes a customer's report into the folder, "" for none, and says what
// the page of all tells of it.
func (o reportOptions) handOut(ctx context.Context, im *importer.Importer, folder string, c importer.CustomerReport) (fleetMember, report.FleetRow) {
	member, row := fleetMember{ID: c.ID, Name: c.Name, Lights: []importer.ReportLight{}, Error: c.Error}, report.FleetRow{Name: c.Name}
	if c.Error == nil && folder != "" {
		row.File = pageName(c.Name, c.ID)
		path := filepath.Join(folder, row.File)
		err := writeReport(path, *c.Report)
		if err == nil && o.remembers() {
			err = im.Reported(ctx, *c.Report)
		}
		if err != nil {
			member.Error = &importer.Problem{Code: source.CodeOf(err), Message: err.Error(), Cause: err}
		} else {
			member.File = &path
		}
	}
	if member.Error != nil {
		member.Error.Hint, row.Error = advice(member.Error.Cause), member.Error.Message
		return member, row
	}
	member.Light, member.Lights, member.Counts = c.Report.Light, c.Report.Lights, &c.Report.Counts
	// Who is in it is not kept in mind: there may be hundreds of customers.
	row.Report = &importer.Report{Light: member.Light, Lights: member.Lights, Counts: *member.Counts}
	return member, row
}

// pageName is the name of a customer's page: safe on every system, and the same for
// as long as the customer has his name.
func pageName(name, id string) string {
	const longest = 48
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	slug := strings.Join(words, "-")
	return strings.Trim(slug[:min(len(slug), longest)]+"-"+id[max(0, len(id)-8):], "-") + ".html"
}

func fleetView(r fleetResult) output.View {
	type member = fleetMember
	number := func(rank int, key, title string, of func(*importer.ReportCounts) int) output.Column[member] {
		return output.Column[member]{Key: key, Title: title, Rank: rank, Text: func(m member) string {
			if m.Counts == nil {
				return ""
			}
			return strconv.Itoa(of(m.Counts))
		}}
	}
	columns := []output.Column[member]{
		{Key: "id", Text: func(m member) string { return m.ID }},
		{Key: "name", Title: "Customer", Text: func(m member) string { return m.Name }},
		{Key: "light", Title: "Light", Tone: toneOf, Text: func(m member) string { return string(m.Light) }},
		number(3, "accounts", "Accounts", func(n *importer.ReportCounts) int { return n.Accounts.Total }),
		number(4, "active", "Active", func(n *importer.ReportCounts) int { return n.Accounts.Active }),
		number(1, "open", "Open", func(n *importer.ReportCounts) int { return n.Open }),
		number(1, "leavers", "Leavers", func(n *importer.ReportCounts) int { return n.Leavers }),
		number(2, "risen", "New power", func(n *importer.ReportCounts) int { return n.Risen }),
		{Key: "file", Title: "File", Rank: 5, Text: func(m member) string { return text(m.File) }},
		{Key: "error", Title: "Error", Text: func(m member) string {
			if m.Error == nil {
				return ""
			}
			return m.Error.Message
		}},
	}
	return output.View{
		Document: r,
		Items:    output.Items(r.Customers),
		Rows:     func() [][]string { return output.Rows(columns, r.Customers) },
		Page: func(p *output.Page) {
			where := ""
			if r.Index != nil {
				where = fmt.Sprintf("; begin with %s", *r.Index)
			}
			p.Line("%s, of which without a report: %d%s", output.Count(r.Counts.Customers, "customer"), r.Counts.Failed, where)
			if len(r.Customers) > 0 {
				p.Blank()
				output.TableOf(p, columns, r.Customers)
			}
		},
	}
}
