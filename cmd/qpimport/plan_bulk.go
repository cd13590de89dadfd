package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/progress"
	"github.com/qpimport/qpimport/internal/cli/spool"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// defaultParallel is how many customers are worked on at once.
const defaultParallel = 4

// bulkFlags are the flags that plan and apply share.
type bulkFlags struct {
	file     string
	parallel int
	maxNew   int
}

func (b *bulkFlags) add(f *pflag.FlagSet) {
	f.StringVarP(&b.file, "file", "f", "", "manifest `FILE`, YAML or JSON; - is standard input")
	f.IntVar(&b.parallel, "parallel", defaultParallel, "work on `N` customers at once")
	f.IntVar(&b.maxNew, "max-new", importer.DefaultMaxNew, "stop a customer that would get more than `N` new accounts")
}

func (b *bulkFlags) check() []string {
	var found []string
	if b.parallel < 1 || b.parallel > 64 {
		found = append(found, fmt.Sprintf("--parallel %d: has to be between 1 and 64", b.parallel))
	}
	if b.maxNew < 1 {
		found = append(found, fmt.Sprintf("--max-new %d: has to be at least 1", b.maxNew))
	}
	return found
}

// document is the text of a manifest, with what it takes to read it again.
type document struct {
	Name string `json:"name"` // how errors name it
	Dir  string `json:"dir"`  // what its paths are relative to
	Text string `json:"text"`
}

// readDocument reads a manifest's text.
func (a *app) readDocument(ctx context.Context, path string) (document, error) {
	f, err := input.Read(ctx, a.in, path)
	if err != nil {
		return document{}, err
	}
	d := document{Name: f.Name, Text: string(f.Data)}
	if path == "-" {
		d.Dir, err = os.Getwd()
	} else {
		d.Dir, err = filepath.Abs(filepath.Dir(path))
	}
	if err != nil {
		return document{}, usage.Errorf("cannot read %s: the current folder is unknown", d.Name)
	}
	return d, nil
}

// manifest is what a document says: of all customers, or of the one that -c
// names.
func (a *app) manifest(d document) (*manifest.Manifest, error) {
	if isPlanFile(d.Text) {
		return nil, usage.Hintf("a plan is applied without -f: `qpimport apply "+d.Name+"`", "%s is a saved plan, not a manifest", d.Name)
	}
	m, err := manifest.Parse([]byte(d.Text), d.Name, d.Dir)
	if err != nil || !a.settings.CustomerFlag {
		return m, err
	}
	m.Customers = slices.DeleteFunc(m.Customers, func(c manifest.Customer) bool {
		return match.Key(c.Name) != match.Key(a.settings.Customer)
	})
	if len(m.Customers) == 0 {
		return nil, &source.Error{Code: source.CodeNotFound, Message: fmt.Sprintf("%s names no customer %q", d.Name, a.settings.Customer)}
	}
	return m, nil
}

// bulkResult is what a manifest did or would do: of each customer the line for
// people, and at length what was asked to be kept. It is closed when it was shown.
type bulkResult struct {
	importer.BulkResult // without changes and documents
	rows                []bulkRow
	full                []fullPlan
	spool               spool.Spool
}

// fullPlan is a customer's part at length, as JSON.
type fullPlan struct{ spool.Piece }

// MarshalJSON is the text that was kept.
func (p fullPlan) MarshalJSON() ([]byte, error) { return p.Text() }

// bulk plans or applies a manifest, with the counts on a terminal. What of each
// customer is long is kept for those who want JSON or a plan's file, and then not
// in memory: of a thousand customers it is hundreds of MiB.
func (a *app) bulk(ctx context.Context, im *importer.Importer, r importer.BulkRequest, planFile bool) (*bulkResult, error) {
	asJSON := a.settings.Output == output.JSON || a.settings.Output == output.JSONL
	type kept struct {
		row  bulkRow
		full fullPlan
	}
	result, byName := &bulkResult{}, map[string]kept{}
	var plans []importer.CustomerPlan
	var failed error
	show := a.customerProgress(len(r.Manifest.Customers))
	for p := range im.Bulk(ctx, r) {
		if !asJSON {
			p = condense(p)
		}
		if r.Plan == nil { // else they were told when the plan was held against the directories
			a.customerNotes(p)
		}
		if p.Error != nil && p.Error.Hint == "" {
			p.Error.Hint = adviceInManifest(p.Err)
		}
		k := kept{row: newBulkRow(p)}
		if asJSON || planFile {
			text, err := output.Marshal(p)
			failed = cmp.Or(failed, err)
			k.full = fullPlan{result.spool.Keep(text)}
		}
		byName[p.Name] = k
		p.Changes, p.Result = nil, importer.PlanResult{}
		plans = append(plans, p)
		show(len(plans))
	}
	result.BulkResult = importer.Summarise(r, plans)
	for _, p := range result.Customers {
		result.rows, result.full = append(result.rows, byName[p.Name].row), append(result.full, byName[p.Name].full)
	}
	return result, failed
}

// customerProgress counts customers on a terminal; the returned function is told
// how many are done.
func (a *app) customerProgress(n int) func(done int) {
	if !a.errTerminal || a.settings.Quiet {
		return func(int) {}
	}
	return progress.Steps(a.err, n, output.Count(n, "customer"))
}

// customerNotes tells people what a customer's directories remark, each thing once.
func (a *app) customerNotes(p importer.CustomerPlan) {
	var notes []string
	for _, r := range p.Result.Import {
		notes = append(notes, r.Notes...)
	}
	for _, r := range p.Result.Match {
		notes = append(notes, r.Notes...)
	}
	for i, note := range notes {
		if slices.Index(notes, note) == i {
			a.notice("note: %s: %s", p.Name, note)
		}
	}
}

// condense drops the accounts and users of a customer's documents; their counts
// stay.
func condense(p importer.CustomerPlan) importer.CustomerPlan {
	for i := range p.Result.Import {
		p.Result.Import[i].Accounts, p.Result.Import[i].Skipped = nil, nil
	}
	for i := range p.Result.Match {
		p.Result.Match[i] = importer.MatchResult{Counts: p.Result.Match[i].Counts, Notes: p.Result.Match[i].Notes}
	}
	return p
}

// openBulk opens the registry for many customers at once, whose directories do
// not show their own progress.
func (a *app) openBulk(ctx context.Context, readOnly bool) (*importer.Importer, error) {
	a.sideBySide = true
	return a.open(ctx, readOnly)
}

// bulkError is the error of a bulk result that was printed: partial where a
// customer failed.
func bulkError(r *bulkResult) error {
	if r.Counts.Failed == 0 {
		return nil
	}
	hint := "the reasons are in the result; a saved plan is applied without these"
	if r.Applied {
		hint = "the reasons are in the result; the same command again continues with these"
	}
	return &source.Error{Code: codePartial, Message: "failed: " + output.Count(r.Counts.Failed, "customer"), Hint: hint}
}
