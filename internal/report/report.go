// Package report writes a report for people: as one HTML page that runs nothing and
// asks for nothing, or as Markdown. What is in it comes from directories and is
// hostile: it is cleaned, cut and escaped on its way out.
package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

//go:embed page.html
var files embed.FS

// pages are parsed when the first is written: most commands write none.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"t": text, "name": name, "login": login, "when": when, "day": day, "sign": sign, "word": word, "title": title, "said": said,
		"standing": standing, "cap": capital, "candidates": candidates, "percent": percent, "counts": counts, "way": way, "where": where, "todo": todo,
	}).ParseFS(files, "page.html"))
})

// HTML writes a report as one page.
func HTML(w io.Writer, r importer.Report) error { return write(w, "report", newView(r)) }

// write writes a page line by line, and cleans whatever a template forgot to.
func write(w io.Writer, name string, data any) error {
	var page strings.Builder
	if err := pages().ExecuteTemplate(&page, name, data); err != nil {
		return err
	}
	for line := range strings.Lines(page.String()) {
		if _, err := io.WriteString(w, output.Clean(strings.TrimSuffix(line, "\n"))+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// Fleet is the page of many customers.
type Fleet struct {
	At       time.Time
	Redacted bool
	Rows     []FleetRow
}

// FleetRow is a customer, with the report and the file that it is in, beside the
// fleet's; or with why there is none.
type FleetRow struct {
	Name   string
	File   string
	Report *importer.Report
	Error  string
}

// Light is how the customer stands.
func (r FleetRow) Light() importer.Light {
	if r.Report == nil {
		return importer.Grey
	}
	return r.Report.Light
}

// Sums count the customers by light.
func (f Fleet) Sums() []Sum {
	sums := []Sum{{Light: importer.Red}, {Light: importer.Yellow}, {Light: importer.Green}, {Light: importer.Grey}}
	for _, row := range f.Rows {
		for i := range sums {
			if sums[i].Light == row.Light() {
				sums[i].Count++
			}
		}
	}
	return sums
}

// Sum is how many customers have a light.
type Sum struct {
	Light importer.Light
	Count int
}

// FleetHTML writes the page of many customers.
func FleetHTML(w io.Writer, f Fleet) error { return write(w, "fleet", f) }

// view is a report in the order in which it is read.
type view struct {
	importer.Report
	Groups   []group
	Brief    bool // what was compared is left out
	Detailed int  // of how many cases it is told
	Reasons  []reason
	Changed  []changed
}

// maxDetailed is of how many open cases it is told what was compared.
const maxDetailed = 50

func newView(r importer.Report) view {
	return view{Report: r, Groups: groups(r.Open, len(r.Open) > maxDetailed), Brief: len(r.Open) > maxDetailed, Detailed: maxDetailed, Reasons: reasons(r.Pairs), Changed: changes(r.Changes)}
}

// group is open cases of one reason. In brief, they are those that the very same
// would settle.
type group struct {
	Title, Text string
	Second      string   // the head of the second column, "" for none
	Settle      []string // what settles every one of them
	Cases       []openCase
}

// openCase is one of a group.
type openCase struct {
	importer.OpenCase
	Own []string // what besides settles this one
}

func groups(open []importer.OpenCase, brief bool) []group {
	return grouped(open, func(c importer.OpenCase) string {
		key := []string{c.Kind, c.Reason}
		if brief {
			key = append(key, c.Settle...)
		}
		return strings.Join(key, "\x00")
	}, func(cases []importer.OpenCase) group {
		c := cases[0]
		g := group{Text: c.Text, Second: "Mailboxes that may be the one"}
		g.settle(cases)
		switch c.Kind {
		case importer.OpenReady:
			g.Title, g.Second = "Ready to be matched", "Mailbox"
		case importer.OpenReview:
			g.Title = "To be decided"
		case importer.OpenAmbiguous:
			g.Title = "Of one name"
		case importer.OpenUnmatched:
			g.Title = "Without a mailbox"
		case importer.OpenEmail:
			g.Title, g.Second = "Without a usable address", "Address"
			if len(c.Others) > 0 {
				g.Second = "Who has it as well"
			}
		}
		if !slices.ContainsFunc(cases, hasMore) {
			g.Second = ""
		}
		return g
	})
}

// settle tells what settles all of the cases from what settles one of them.
func (g *group) settle(cases []importer.OpenCase) {
	common := slices.Clone(cases[0].Settle)
	for _, c := range cases {
		common = slices.DeleteFunc(common, func(s string) bool { return !slices.Contains(c.Settle, s) })
	}
	g.Settle = common
	for _, c := range cases {
		own := slices.DeleteFunc(slices.Clone(c.Settle), func(s string) bool { return slices.Contains(common, s) })
		g.Cases = append(g.Cases, openCase{c, own})
	}
}

// hasMore says whether there is more to tell of a case than whose it is.
func hasMore(c importer.OpenCase) bool {
	return c.Why != "" || len(c.Candidates)+len(c.Others) > 0 || c.Kind == importer.OpenEmail && c.User.Email != ""
}

// reason is pairs that were made for the same reason.
type reason struct {
	Text  string
	Pairs []importer.MatchedPair
}

func reasons(pairs []importer.MatchedPair) []reason {
	return grouped(pairs, func(p importer.MatchedPair) string { return p.Reason }, func(pairs []importer.MatchedPair) reason {
		return reason{reasonText(pairs[0].Reason), pairs}
	})
}

// changed is what became the same of accounts.
type changed struct {
	Title   string
	Plain   bool // nothing is to be told but the names
	Changes []importer.ReportChange
}

func changes(all []importer.ReportChange) []changed {
	return grouped(all, func(c importer.ReportChange) string { return c.What }, func(changes []importer.ReportChange) changed {
		what := changes[0].What
		plain := true
		for _, c := range changes {
			plain = plain && len(c.Fields) == 0
		}
		return changed{changeTitle(what), plain || what == "matched", changes}
	})
}

// grouped makes groups of things of one key, in the order of the first of each.
func grouped[T, G any](things []T, key func(T) string, of func([]T) G) []G {
	at := map[string]int{}
	var lists [][]T
	for _, thing := range things {
		k := key(thing)
		i, ok := at[k]
		if !ok {
			i = len(lists)
			at[k], lists = i, append(lists, nil)
		}
		lists[i] = append(lists[i], thing)
	}
	groups := make([]G, len(lists))
	for i, list := range lists {
		groups[i] = of(list)
	}
	return groups
}

// candidates are those of a case that are shown.
func candidates(c importer.OpenCase, brief bool) []importer.MatchCandidate {
	if brief {
		return c.Candidates[:min(len(c.Candidates), 1)]
	}
	return c.Candidates
}

// todo is what of a report is not well, the worst first.
func todo(r *importer.Report) []string {
	var texts []string
	for _, light := range []importer.Light{importer.Red, importer.Yellow} {
		for _, l := range r.Lights {
			switch {
			case l.Light != light:
			case l.Of == 0 && l.Count > 0 && (l.Code == "leavers" || l.Code == "privileges"):
				texts = append(texts, fmt.Sprintf("%s: %d %s", title(l.Code), l.Count, l.Text))
			default:
				texts = append(texts, title(l.Code)+": "+l.Text)
			}
		}
	}
	return texts
}

// where is the place of a source, and of an export its name alone: the folders of who
// made the report are nobody else's business.
func where(s importer.ReportSource) string {
	if s.Transport != source.TransportFile {
		return s.Where
	}
	return s.Where[strings.LastIndexAny(s.Where, `/\`)+1:]
}

func way(transport string) string {
	switch transport {
	case source.TransportFile:
		return "an export"
	case source.TransportGraph:
		return "Microsoft Graph"
	}
	return "LDAP over TLS"
}
