package importer

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// DefaultMaxAge is how old the last read of a directory may be.
const DefaultMaxAge = 7 * 24 * time.Hour

// StatusRequest asks how customers stand.
type StatusRequest struct {
	Customer string // "" is all
	// MaxAge is how old the last read of a directory, or an export, may be; 0 is
	// DefaultMaxAge.
	MaxAge time.Duration
}

// Status shows a customer, or with "" each, with what needs somebody's hand.
func (im *Importer) Status(ctx context.Context, r StatusRequest) ([]CustomerStatus, error) {
	list, err := im.snapshots(ctx, r.Customer, registry.Load{})
	if err != nil {
		return nil, err
	}
	lines := []CustomerStatus{}
	for _, snap := range list {
		lines = append(lines, im.viewStatus(snap, cmp.Or(r.MaxAge, DefaultMaxAge)))
	}
	return lines, nil
}

// FindingCodes are the codes of all findings.
func FindingCodes() []string {
	return []string{"no_directory", "nothing_imported", "ad_not_connected", "m365_not_connected", "read_failed", "refused", "stale_read", "stale_export",
		"to_match", "needs_email", "missing", "replaced", "doubtful", "privileged", "password_open", "password_half", "password_out_of_step"}
}

// findings are what a customer waits for.
func (im *Importer) findings(snap *registry.Snapshot, maxAge time.Duration) []StatusFinding {
	found := []StatusFinding{}
	say := func(when bool, code string, count int, format string, args ...any) {
		if when {
			found = append(found, StatusFinding{Code: code, Count: count, Text: fmt.Sprintf(format, args...)})
		}
	}
	n := snap.Counts
	none := len(snap.Directories) == 0
	say(none, "no_directory", 1, "connect a directory")
	say(!none && n.Total == 0, "nothing_imported", 1, "nothing imported yet")
	on := snap.Customer.PasswordSync == registry.ModeOn
	for _, kind := range []source.Kind{source.AD, source.M365} {
		conn := snap.Connection(kind)
		say(on && conn == nil && !none, string(kind)+"_not_connected", 1, "password sync is on, but %s is not connected", kind)
		if conn == nil {
			continue
		}
		last := snap.Reads[kind]
		if f := last.Failure; f != nil {
			say(f.Code == CodeSafeguard, "refused", 1, "refused on %s: %s", f.At.Format(time.DateOnly), f.Text)
			say(f.Code != CodeSafeguard, "read_failed", 1, "%s could not be read on %s (%s)", kind, f.At.Format(time.DateOnly), f.Code)
		}
		if age := im.clock().Sub(last.At); !last.At.IsZero() && age > maxAge && n.Total > 0 {
			say(true, "stale_read", int(age.Hours()/24), "%s was last read %d days ago", kind, int(age.Hours()/24))
		} else if written := im.written(*conn); !written.IsZero() && im.clock().Sub(written) > maxAge {
			days := int(im.clock().Sub(written).Hours() / 24)
			say(true, "stale_export", days, "the export of %s is %d days old", kind, days)
		}
	}
	say(n.PendingMatch > snap.Ignored, "to_match", n.PendingMatch-snap.Ignored, "%d to match", n.PendingMatch-snap.Ignored)
	say(n.NeedsEmail > 0, "needs_email", n.NeedsEmail, "%d without a usable e-mail", n.NeedsEmail)
	gone := func(status string) int {
		return snap.Links[registry.LinkStatus{Kind: source.AD, Status: status}] + snap.Links[registry.LinkStatus{Kind: source.M365, Status: status}]
	}
	missing, replaced := gone(registry.StatusMissing), gone(registry.StatusReplaced)
	say(missing > 0, "missing", missing, "%d gone from a directory", missing)
	say(replaced > 0, "replaced", replaced, "%d gone whose name or address somebody else has", replaced)
	say(snap.Doubtful > 0, "doubtful", snap.Doubtful, "%d pairs that are contradicted now", snap.Doubtful)
	open, half, out := snap.Waiting[registry.PasswordOpen], snap.Waiting[registry.PasswordHalf], snap.Waiting[registry.PasswordOutOfStep]
	say(open > 0, "password_open", open, "%d resets whose outcome is not known", open)
	say(half > 0, "password_half", half, "%d passwords that only one directory has", half)
	say(out > 0, "password_out_of_step", out, "%d passwords that were reset in AD alone", out)
	say(snap.Risen > 0, "privileged", snap.Risen, "%d came to power over a directory since", snap.Risen)
	return found
}

// viewStatus is a customer's line.
func (im *Importer) viewStatus(snap *registry.Snapshot, maxAge time.Duration) CustomerStatus {
	c := viewCustomer(snap)
	of := func(kind source.Kind) *DirectoryStatus {
		conn := snap.Connection(kind)
		if conn == nil {
			return nil
		}
		d := &DirectoryStatus{Connection: *conn}
		last := snap.Reads[kind]
		if !last.At.IsZero() {
			d.LastRead, d.People = &last.At, &last.People
		}
		if f := last.Failure; f != nil {
			d.LastError = &ReadError{At: f.At, Code: f.Code, Message: f.Text}
		}
		return d
	}
	status := CustomerStatus{Customer: c, Directories: DirectoryStatuses{AD: of(source.AD), M365: of(source.M365)}, Attention: []string{}}
	status.Findings = im.findings(snap, maxAge)
	for _, f := range status.Findings {
		status.Attention = append(status.Attention, f.Text)
	}
	return status
}

// Doctor examines the state file and reads a little from every directory of a
// customer, or with "" of all.
func (im *Importer) Doctor(ctx context.Context, sel string) ([]Finding, error) {
	findings, err := im.examineState(ctx)
	if err != nil {
		return nil, err
	}
	customers, err := im.snapshots(ctx, sel, registry.Load{})
	if err != nil {
		return nil, err
	}
	for _, snap := range customers {
		c := snap.Customer
		tests, err := im.TestDirectories(ctx, c.ID, nil)
		if err != nil {
			return nil, err
		}
		if len(tests) == 0 {
			findings = append(findings, Finding{Subject: c.Name, Level: "warning", Message: "no directory is connected", Topic: TopicNoDirectory})
		}
		for _, t := range tests {
			subject := c.Name + " / " + string(t.Source)
			if t.Error != nil {
				findings = append(findings, Finding{Subject: subject, Level: "error", Message: t.Error.Message, Cause: t.Error.Cause})
				continue
			}
			findings = append(findings, Finding{Subject: subject, Level: "ok", Message: fmt.Sprintf("%s answers (%s)", cmp.Or(t.Info.Name, t.Source.String()), t.Info.Server)})
			for _, note := range t.Notes {
				findings = append(findings, Finding{Subject: subject, Level: "ok", Message: note})
			}
			for _, warning := range t.Warnings {
				findings = append(findings, Finding{Subject: subject, Level: "warning", Message: warning})
			}
		}
	}
	return findings, nil
}

func (im *Importer) examineState(ctx context.Context) ([]Finding, error) {
	h, err := im.store.Health(ctx)
	if err != nil {
		return nil, err
	}
	findings := []Finding{{Subject: h.Kind, Level: "ok", Message: fmt.Sprintf("%s: sound, %d accounts", h.Place, h.Accounts)}}
	if !h.Exists {
		findings = []Finding{{Subject: h.Kind, Level: "warning", Message: h.Place + " does not exist yet", Topic: TopicNoState}}
	}
	if h.Exposed != "" {
		findings = append(findings, Finding{Subject: h.Kind, Level: "warning", Message: h.Exposed, Hint: "`" + h.Remedy + "`"})
	}
	return findings, nil
}
