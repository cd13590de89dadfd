package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

type statusOptions struct {
	check          bool
	needsAttention bool
	codes          []string
	maxAge         string
}

func newStatusCmd(a *app) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show one line a customer, and what needs attention",
		Long: `Shows one line a customer: mode, directories, counts, and what needs somebody's
hand; with --customer that one alone. Reads the registry alone; "doctor" asks
the directories.

For monitors: --check makes the exit status 3 when a customer that is shown needs
attention; --needs-attention shows those alone, --code those with a finding of that
code. In JSON each customer has findings with code, count and text:

  no_directory, ad_not_connected, m365_not_connected, nothing_imported
  read_failed        the last read of a directory failed
  refused            a guard refused the last change; see "refresh"
  stale_read         a directory was not read for longer than --max-age
  stale_export       an export is older than --max-age
  to_match           accounts without a mailbox; who is ignored by decision does not
                     count
  needs_email        accounts without a usable address
  missing, replaced  accounts whose user is gone; see "refresh"
  doubtful           pairs that the last match found contradicted
  password_open      resets that were cut off: "passwords reset --resume"
  password_half      passwords that only one directory has
  password_out_of_step  passwords that were reset in Active Directory alone` + exits(3, 11, 15),
		Example: `  qpimport status
  qpimport status --check --needs-attention
  qpimport status --code read_failed --code stale_read -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.check, "check", false, "exit with 3 when a customer needs attention")
	f.BoolVar(&o.needsAttention, "needs-attention", false, "only customers that need attention")
	f.StringArrayVar(&o.codes, "code", nil, "only customers with a finding of this `CODE` (repeatable)")
	f.StringVar(&o.maxAge, "max-age", "7d", "how old a directory's last read, or an export, may be: `AGE` such as 7d or 36h")
	return cmd
}

func (o statusOptions) run(ctx context.Context, a *app) error {
	age, err := input.Age(o.maxAge)
	if err != nil {
		return usage.Errorf("--max-age: %v", err)
	}
	if unknown := o.unknownCode(); unknown != "" {
		return usage.Hintf("`qpimport status --help` lists them", "--code: there is no finding %q", unknown)
	}
	list, err := reading(ctx, a, func(im *importer.Importer) ([]importer.CustomerStatus, error) {
		return im.Status(ctx, importer.StatusRequest{Customer: a.settings.Customer, MaxAge: age})
	})
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(c importer.CustomerStatus) bool { return !o.shows(c) })
	waiting := 0
	for _, c := range list {
		if len(c.Findings) > 0 {
			waiting++
		}
	}
	if err := a.render(statusView(list, waiting)); err != nil {
		return err
	}
	if o.check && waiting > 0 {
		return &source.Error{Code: codePartial, Message: "needs attention: " + output.Count(waiting, "customer")}
	}
	return nil
}

// unknownCode is a code that was asked for and that no finding has.
func (o statusOptions) unknownCode() string {
	for _, code := range o.codes {
		if !slices.Contains(importer.FindingCodes(), code) {
			return code
		}
	}
	return ""
}

// shows says whether a customer is among those asked for.
func (o statusOptions) shows(c importer.CustomerStatus) bool {
	if o.needsAttention && len(c.Findings) == 0 {
		return false
	}
	return len(o.codes) == 0 || slices.ContainsFunc(c.Findings, func(f importer.StatusFinding) bool { return slices.Contains(o.codes, f.Code) })
}

func statusView(list []importer.CustomerStatus, waiting int) output.View {
	v := output.List("customers", list, statusColumns(), nil, nil)
	table := v.Page
	v.Page = func(p *output.Page) {
		if len(list) > 0 {
			p.Line("%s, of which need attention: %d", output.Count(len(list), "customer"), waiting)
			p.Blank()
		}
		table(p)
	}
	return v
}

func statusColumns() []output.Column[importer.CustomerStatus] {
	type status = importer.CustomerStatus
	columns := output.ColumnsOf(customerColumns(), func(s status) importer.Customer { return s.Customer })
	lastRead := func(d *importer.DirectoryStatus) string {
		if d == nil || d.LastRead == nil {
			return ""
		}
		return d.LastRead.UTC().Format(time.RFC3339)
	}
	return append(columns,
		output.Column[status]{Key: "ad_last_read", Text: func(s status) string { return lastRead(s.Directories.AD) }},
		output.Column[status]{Key: "m365_last_read", Text: func(s status) string { return lastRead(s.Directories.M365) }},
		output.Column[status]{Key: "attention", Title: "Attention", Tone: attentionTone, Text: func(s status) string { return strings.Join(s.Attention, ", ") }})
}
