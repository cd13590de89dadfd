package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

func newSyncCmd(a *app) *cobra.Command {
	wait := false
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Have AD Connect run a cycle now",
		Long: `Has AD Connect run one delta cycle, in place of a wait of up to half an hour. It does so
where AD Connect's service runs on this machine, through Windows PowerShell, as its RMM
may run it; the account has to be a member of ADSyncOperators or ADSyncAdmins. A cycle
that is running will do. One in staging mode, switched off, or suspended as while its
wizard is open, is refused (12).

Where the tenant has Cloud Sync in place of AD Connect, it is asked to carry those whose
password is newer in Active Directory, at most 50 at once. That takes the connection of
--role reset for Microsoft 365, with the application permissions
Synchronization.ReadWrite.All and Application.Read.All.

Elsewhere it says on which server AD Connect runs, as the account says that it has made in
Active Directory, and the command to run there.

--wait waits until Microsoft 365 says that it was synchronised since; --timeout bounds it.` + exits(3, 11, 12, 13, 14, 15),
		Example: `  qpimport sync -c Contoso
  qpimport sync -c Contoso --wait --timeout 10m`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			name, err := a.customer()
			if err != nil {
				return err
			}
			r, err := reading(ctx, a, func(im *importer.Importer) (importer.SyncResult, error) {
				return im.Sync(ctx, importer.SyncRequest{Customer: name, Wait: wait})
			})
			if err != nil {
				return err
			}
			if err := a.render(output.Item(r, syncColumns(), func(p *output.Page) { syncPage(p, r) })); err != nil {
				return err
			}
			return syncVerdict(r)
		}),
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "until Microsoft 365 says that it was synchronised")
	return cmd
}

// syncVerdict is the exit status that a cycle asks for.
func syncVerdict(r importer.SyncResult) error {
	switch r.State {
	case importer.SyncRefused:
		return &source.Error{Code: importer.CodeRefused, Message: r.Message}
	case importer.SyncProvisioned:
		for _, x := range r.People {
			if !x.Done {
				return &source.Error{Code: codePartial, Message: "Cloud Sync has not carried everybody over", Hint: "it does so by itself before long"}
			}
		}
	case importer.SyncElsewhere:
		return &source.Error{Code: importer.CodeRefused, Message: "AD Connect does not run on this machine", Hint: "run the command that the result names on that server"}
	case importer.SyncNone:
		return &source.Error{Code: importer.CodeRefused, Message: "AD Connect does not run on this machine",
			Hint: "run this on the server where it does; Cloud Sync is asked through `qpimport directories connect m365 --role reset`"}
	}
	return nil
}

func syncColumns() []output.Column[importer.SyncResult] {
	type row = importer.SyncResult
	return []output.Column[row]{
		{Key: "customer", Text: func(r row) string { return r.Customer }},
		{Key: "state", Text: func(r row) string { return r.State }},
		{Key: "message", Text: func(r row) string { return r.Message }},
		{Key: "servers", Text: func(r row) string { return strings.Join(r.Servers, "; ") }},
		{Key: "command", Text: func(r row) string { return r.Command }},
		{Key: "synced_at", Text: func(r row) string { return whenText(r.SyncedAt) }},
	}
}

// syncPage says what became of a cycle.
func syncPage(p *output.Page, r importer.SyncResult) {
	p.Line("%s: %s", r.Customer, r.Message)
	if r.Command != "" {
		p.Line("  %s", r.Command)
	}
	for _, x := range r.People {
		if !x.Done {
			p.Line("  %s: %s", x.DisplayName, x.Message)
		}
	}
	if r.SyncedAt != nil {
		p.Line("Microsoft 365 was last synchronised at %s", whenText(r.SyncedAt))
	}
}

// whenText is a time, "" for none.
func whenText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
