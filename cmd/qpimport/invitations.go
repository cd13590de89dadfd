package main

import (
	"context"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

type invitationsOptions struct {
	app         string
	appGiven    bool
	accounts    []string
	again       []string
	remindAfter string
	mark        []string
	markFile    string
	out         string
	send        bool
	smtp        smtpOptions
	from        string
	template    string
	mobileURL   string
	webURL      string
	dryRun      bool

	remind time.Duration
	sender mail.Address
}

func newInvitationsCmd(a *app) *cobra.Command {
	var o invitationsOptions
	cmd := &cobra.Command{
		Use:   "invitations",
		Short: "Invite people to the app, and see who is there",
		Long: `Says who can be invited to an app, who was, and who waits for what. Nobody is invited
who has no usable address, is pending, is gone from or disabled in a directory that
counts, holds power over one, or is no person: a shared mailbox, a room, a service. It
goes by what is known from the last read: "refresh" first. In all but JSON each person
has one line for an app.

  --out FILE.csv   writes those who are ready as a list for a mail merge
  --out DIR        writes one message a person (RFC 5322, .eml), text and HTML
  --send           sends these messages, one a second

Whoever is written or sent is recorded with time, address and app, and is not ready any
more: the same command again goes on where it ended. A message is noted before it goes.
If the program is killed, or the connection breaks before the server has said whether
it took the message, the person waits as outcome_unknown and is not sent another by
itself; --again SEL does. Nor is who was invited under an account that is deleted by
now, and has another one: at the same address (address_invited) or at a new one
(person_invited), since the app knows him already. A person whom the server does not
take stays ready. What was sent stays sent: "undo" does not take it back.

--mark says who has come onto the app; --mark-file takes the app's own list, a CSV with
a column upn or email, or else one such as username, in which others do not count.
--remind-after 7d lists those who were invited so long ago and are not marked, and with
--out or --send writes to them once more.

--template DIR has subject.txt, invitation.txt and, if there is to be HTML,
invitation.html, in the language of Go's text/template and html/template, with
{{.DisplayName}} {{.GivenName}} {{.Surname}} {{.Username}} {{.UPN}} {{.Email}}
{{.Customer}} {{.App}} {{.URL}} {{.MobileURL}} {{.WebURL}} {{.From}} {{.Reminder}}.

The connection to the mail server is always encrypted and its certificate checked.` + "\n" + secret.Help + exits(3, 11, 12, 13, 14, 15),
		Example: `  qpimport invitations -c Contoso
  qpimport invitations -c Contoso --app web --web-url https://app.msp.example --out letters.csv
  qpimport invitations -c Contoso --mobile-url https://app.msp.example/get --send \
      --smtp-url smtp://mail.msp.example --smtp-user it@msp.example --smtp-password-from env:MAIL \
      --from it@msp.example
  qpimport invitations -c Contoso --mark-file registered.csv
  qpimport invitations -c Contoso --remind-after 7d`,
		Args: cobra.NoArgs,
	}
	cmd.RunE = a.command(func(ctx context.Context, _ []string) error {
		o.appGiven = cmd.Flags().Changed("app")
		return o.run(ctx, a)
	})
	f := cmd.Flags()
	f.StringVar(&o.app, "app", importer.AppMobile, "the `APP`: mobile or web; without it those invited to either are listed")
	f.StringArrayVar(&o.accounts, "account", nil, "nobody but the account `SEL` (repeatable)")
	f.StringArrayVar(&o.again, "again", nil, "invite the account `SEL` once more (repeatable)")
	f.StringVar(&o.remindAfter, "remind-after", "", "those invited at least `AGE` ago, such as 7d, and not marked as done")
	f.StringArrayVar(&o.mark, "mark", nil, "mark the account `SEL` as done (repeatable)")
	f.StringVar(&o.markFile, "mark-file", "", "mark those whom `FILE` lists as done; - is standard input")
	f.StringVar(&o.out, "out", "", "write to `FILE.csv`, or one message a person to a folder")
	f.BoolVar(&o.send, "send", false, "send the messages")
	o.smtp.add(f)
	f.StringVar(&o.from, "from", "", "the `ADDRESS` of the sender, with or without a name")
	f.StringVar(&o.template, "template", "", "word the messages by the templates in `DIR`")
	f.StringVar(&o.mobileURL, "mobile-url", "", "`URL` of the mobile app")
	f.StringVar(&o.webURL, "web-url", "", "`URL` of the web app")
	f.BoolVar(&o.dryRun, "dry-run", false, "say who would be invited or marked, and write nothing")
	return cmd
}

// marks says that people are to be marked as done.
func (o *invitationsOptions) marks() bool { return len(o.mark) > 0 || o.markFile != "" }

// toCSV says that a list is to be written, and no messages.
func (o *invitationsOptions) toCSV() bool { return strings.HasSuffix(strings.ToLower(o.out), ".csv") }

// check finds all that is wrong with the flags.
func (o *invitationsOptions) check() error {
	var found []string
	wrong := func(is bool, text string) {
		if is {
			found = append(found, text)
		}
	}
	count := func(given ...bool) (n int) {
		for _, g := range given {
			if g {
				n++
			}
		}
		return n
	}
	wrong(o.app != importer.AppMobile && o.app != importer.AppWeb, "--app is mobile or web, not "+strconv.Quote(o.app))
	wrong(count(o.marks(), o.out != "", o.send) > 1, "give one of --mark, --mark-file, --out and --send: --mark with --mark-file alone")
	choices := count(len(o.accounts) > 0, len(o.again) > 0, o.remindAfter != "")
	wrong(choices > 1, "give one of --account, --again and --remind-after")
	wrong(choices > 0 && o.marks(), "--mark names whom it is about: leave --account, --again and --remind-after out")
	wrong(o.out == "-", "--out: name a file that ends in .csv, or a folder")
	var err error
	if o.remindAfter != "" {
		if o.remind, err = input.Age(o.remindAfter); err != nil {
			found = append(found, "--remind-after: "+err.Error())
		}
	}
	for flag, text := range map[string]string{"--mobile-url": o.mobileURL, "--web-url": o.webURL} {
		wrong(text != "" && !isWebAddress(text), flag+": want https://…")
	}
	letters := o.send || o.out != "" && !o.toCSV()
	what := "messages"
	if !o.send {
		what = "--out " + o.out + " is a folder of messages, since it does not end in .csv: they"
	}
	wrong(letters && o.from == "", what+" need a sender: --from ADDRESS")
	wrong(letters && o.url() == "" && o.template == "", "messages need the link to the app: --"+o.app+"-url URL")
	if o.from != "" {
		if o.sender, err = parseSender(o.from); err != nil {
			found = append(found, "--from: "+err.Error())
		}
	}
	found = append(found, o.smtp.check(o.send)...)
	return usage.Join(found)
}

// url is the link to the app.
func (o *invitationsOptions) url() string {
	if o.app == importer.AppWeb {
		return o.webURL
	}
	return o.mobileURL
}

func (o *invitationsOptions) run(ctx context.Context, a *app) error {
	name, err := a.customer()
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return err
	}
	var result importer.Invitations
	var stopped error
	if o.marks() {
		result, err = o.markDone(ctx, a, name)
	} else {
		result, stopped, err = o.invite(ctx, a, name)
	}
	if err != nil {
		return err
	}
	if err := a.render(invitationsView(result, o)); err != nil {
		return err
	}
	if stopped != nil {
		return stopped
	}
	if n := len(result.Failed); n > 0 {
		return &source.Error{Code: codePartial, Message: fmt.Sprintf("not invited: %d of those who were ready", n), Hint: "those whom the server refused stay ready: mend their addresses, and run the command again"}
	}
	return nil
}

func (o *invitationsOptions) markDone(ctx context.Context, a *app, name string) (importer.Invitations, error) {
	req := importer.MarkRequest{Customer: name, App: o.app, Accounts: o.mark, DryRun: o.dryRun}
	if o.markFile != "" {
		// An id there is the app's own, and a user name may be that of another customer's.
		list, err := a.people(ctx, o.markFile, "userPrincipalName", "upn", "email", "mail", "account")
		if err != nil {
			return importer.Invitations{}, err
		}
		req.Listed = list.Names.Names
	}
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.Invitations, error) { return im.MarkInvited(ctx, req) })
	if err == nil && len(result.Unknown) > 0 {
		a.notice("note: %s: left out as no account of %s: %s", o.markFile, result.Customer, some(result.Unknown))
	}
	return result, err
}

// some names the first of many.
func some(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// invite finds out who is to be invited, and has it done. What stopped the sending is
// no reason to keep the result back.
func (o *invitationsOptions) invite(ctx context.Context, a *app, name string) (result importer.Invitations, stopped, err error) {
	letters, err := o.newLetters()
	if err != nil {
		return result, nil, err
	}
	writes := (o.out != "" || o.send) && !o.dryRun
	req := importer.InvitationsRequest{Customer: name, App: o.app, AllApps: !o.appGiven, Accounts: o.accounts, Again: o.again, RemindAfter: o.remind}
	result, err = with(ctx, a, !writes, func(im *importer.Importer) (importer.Invitations, error) {
		d, err := im.Invitations(ctx, req)
		if err != nil {
			return importer.Invitations{}, err
		}
		if err := letters.write(d); err != nil {
			return d.Result, err
		}
		switch {
		case writes && len(d.Chosen) == 0:
			d.Result.Applied = true
		case writes && o.send:
			var sent importer.Invitations
			sent, stopped = o.deliver(ctx, a, im, d, letters)
			if !sent.Applied {
				return sent, stopped
			}
			return sent, nil
		case writes:
			return o.file(ctx, im, d, letters)
		case o.out != "" || o.send || o.remind > 0 || len(o.accounts)+len(o.again) > 0:
			d.Propose()
		}
		return d.Result, nil
	})
	return result, stopped, err
}
