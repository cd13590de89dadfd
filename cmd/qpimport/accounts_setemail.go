package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
)

type accountsSetEmailOptions struct {
	file   string
	clear  bool
	toAD   string
	dryRun bool
}

func newAccountsSetEmailCmd(a *app) *cobra.Command {
	var o accountsSetEmailOptions
	cmd := &cobra.Command{
		Use:   "set-email SEL ADDRESS | --file FILE | --clear SEL…",
		Short: "Set the e-mail address of accounts",
		Long: `Sets the e-mail address of an account by hand, or of many from a CSV file with the
columns account (a SEL) and email; its header may be missing. All are set or none, and
everything that is wrong with a file is said at once, by line. An address set by hand
stays through later imports; --clear gives the account the directory's address again.

What "accounts -o csv" wrote will do as well, with the addresses filled in: id stands
for account, and a line with no email, or with the one it had, does not count; one whose
account was changed since the list was written is an error, not a step back. Of a list
of all customers' accounts -c takes one's lines, and the others are left out. With
--state needs_email that list has columns which help and set nothing:
directory_email is what the directory says, shared_with who has the same address, and
suggested_email an address by the customer's own pattern that nobody has. It is made
where at least three people, and more than half of all, have theirs by one pattern.

--to-ad writes an LDIF with the mail values that Active Directory lacks, for who
administers it ("ldifde -i -f FILE"): of the accounts that this command sets, or without
any of all that have an address set by hand. qpimport itself writes to no directory.` + exits(11, 12, 15),
		Example: `  qpimport accounts set-email -c Contoso kiosk1 kiosk@contoso.example
  qpimport accounts -c Contoso --state needs_email -o csv > todo.csv
  qpimport accounts set-email -c Contoso --file todo.csv --dry-run
  qpimport accounts set-email -c Contoso --file todo.csv --to-ad mail.ldif
  qpimport accounts set-email -c Contoso --clear kiosk1`,
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.file, "file", "", "set what `FILE` lists, CSV account,email; - is standard input")
	f.BoolVar(&o.clear, "clear", false, "give the accounts the directory's address again")
	f.StringVar(&o.toAD, "to-ad", "", "write what Active Directory lacks to `FILE`, as LDIF")
	f.BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
	return cmd
}

// check says what is wrong with how the command was called.
func (o accountsSetEmailOptions) check(a *app, args []string) error {
	switch {
	case o.clear && (o.file != "" || o.toAD != ""):
		return usage.Errorf("--clear names accounts, and takes neither --file nor --to-ad")
	case o.clear && len(args) == 0:
		return usage.Errorf("--clear needs accounts: SEL…")
	case o.clear:
		return nil
	case o.file != "" && len(args) > 0:
		return usage.Errorf("give SEL and ADDRESS, or --file, not both")
	case o.file == "" && len(args) != 2 && !(o.toAD != "" && len(args) == 0):
		return usage.Errorf("give SEL and ADDRESS, or --file")
	case o.toAD != "":
		return a.checkResult("--to-ad", o.toAD, o.file)
	}
	return nil
}

func (o accountsSetEmailOptions) run(ctx context.Context, a *app, args []string) error {
	if err := o.check(a, args); err != nil {
		return err
	}
	if o.toAD != "" {
		if _, err := a.customer(); err != nil {
			return err
		}
	}
	req, wrong, err := o.request(ctx, a, args)
	if err != nil {
		return err
	}
	set := len(req.Changes)+len(req.Clear) > 0
	var missing []importer.ADMail
	result, err := with(ctx, a, req.DryRun || !set, func(im *importer.Importer) (importer.EmailsResult, error) {
		result := importer.EmailsResult{AccountsResult: importer.AccountsResult{Accounts: []importer.Account{}}}
		var err error
		var ids []string
		if set {
			if result, err = im.SetEmails(ctx, req); err != nil {
				return result, err
			}
			ids = make([]string, len(result.Accounts))
			for i, acc := range result.Accounts {
				ids[i] = acc.ID
			}
		}
		if o.toAD != "" && !o.dryRun && wrong == nil {
			missing, err = im.MissingInAD(ctx, a.settings.Customer, ids)
		}
		return result, err
	})
	if err := bothWrong(wrong, err); err != nil {
		return err
	}
	if o.toAD != "" && !o.dryRun {
		if err := output.ReplaceFile(o.toAD, func(w io.Writer) error { return output.WriteLDIF(w, mailChanges(missing)) }); err != nil {
			return err
		}
		a.notice("%s: what Active Directory lacks of %s", o.toAD, output.Count(len(missing), "account"))
	}
	if result.Unchanged > 0 {
		a.notice("%s: left out, with the address that the account has: %s", o.file, output.Count(result.Unchanged, "line"))
	}
	return a.render(emailsView(result, o.dryRun))
}

// bothWrong is what is wrong with the form of a file and with what it says.
func bothWrong(form, content error) error {
	if form == nil || content == nil {
		return errors.Join(form, content)
	}
	return usage.Hintf("each line says what is wrong with it", "%s\n%s", form, content)
}

// request is what is to be set. What is wrong with the form of a file comes apart, with
// what can be read of it to be looked at as well.
func (o accountsSetEmailOptions) request(ctx context.Context, a *app, args []string) (req importer.EmailsRequest, wrong, err error) {
	req = importer.EmailsRequest{Customer: a.settings.Customer, DryRun: o.dryRun}
	if o.clear {
		req.Clear = args
		return req, nil, nil
	}
	if len(args) == 2 {
		req.Changes = []importer.EmailChange{{Account: args[0], Email: args[1]}}
	}
	if o.file == "" {
		return req, nil, nil
	}
	f, err := input.Read(ctx, a.in, o.file)
	if err != nil {
		return req, nil, err
	}
	lines, wrong := f.Pairs(a.otherCustomers(ctx), input.Column{"account", "id"}, input.Column{"email"}, "directory_email", "email_source", "updated_at")
	if len(lines.Pairs) == 0 {
		return req, nil, wrong
	}
	a.leftOut(f, lines.Others)
	if lines.Unfilled > 0 {
		a.notice("%s: left out without an email: %s", f.Name, output.Count(lines.Unfilled, "line"))
	}
	req.WorkList, req.DryRun = lines.Wide, req.DryRun || wrong != nil
	for i, l := range lines.Pairs {
		req.Changes = append(req.Changes, importer.EmailChange{Account: l.Cells[0], Email: l.Cells[1], Where: fmt.Sprintf("%s line %d", f.Name, l.Line), Listed: asListed(lines.Beside[i])})
	}
	return req, wrong, nil
}

// asListed is how an account stood, by the columns of a list of accounts. A time that
// a spreadsheet has rewritten says nothing.
func asListed(cells map[string]string) importer.Listed {
	l := importer.Listed{ByHand: cells["email_source"] == registry.EmailFromManual}
	if directory, ok := cells["directory_email"]; ok {
		l.Directory = &directory
	}
	l.UpdatedAt, _ = time.Parse(time.RFC3339, cells["updated_at"])
	return l
}

func mailChanges(missing []importer.ADMail) []output.LDIFChange {
	changes := make([]output.LDIFChange, len(missing))
	for i, m := range missing {
		changes[i] = output.LDIFChange{DN: m.DN, Attribute: "mail", Value: m.Email, Replace: m.Had != ""}
	}
	return changes
}

func emailsView(r importer.EmailsResult, dry bool) output.View {
	v := accountsView(r.AccountsResult, func(p *output.Page) {
		if r.Run == nil && !dry || len(r.Accounts) == 0 {
			p.Line("nothing to change")
		}
		for _, acc := range r.Accounts {
			p.Line("%s: %s (%s): %s, %s", acc.Customer, output.OrDash(acc.DisplayName), output.OrDash(acc.Username), emailText(acc), acc.State)
		}
		if dry && len(r.Accounts) > 0 {
			p.Line("nothing was written")
		}
	})
	v.Document = r
	return v
}

// workColumns help to find an address, beside the columns of accounts.
func workColumns() []output.Column[importer.Account] {
	type account = importer.Account
	return []output.Column[account]{
		{Key: "directory_email", Text: func(a account) string { return text(a.DirectoryEmail) }},
		{Key: "shared_with", Title: "Shared with", Text: sharedText},
		{Key: "suggested_email", Title: "Suggestion", Text: func(a account) string { return text(a.SuggestedEmail) }},
	}
}

func sharedText(a importer.Account) string {
	var names string
	for i, s := range a.SharedWith {
		if i > 0 {
			names += "; "
		}
		names += fmt.Sprintf("%s (%s)", s.DisplayName, s.Username)
	}
	return names
}
