package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/mail"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// smtpOptions say how mail is sent.
type smtpOptions struct {
	url, user, passwordFrom, caFile string
	rate                            float64

	server mail.Server
}

func (o *smtpOptions) add(f *pflag.FlagSet) {
	f.StringVar(&o.url, "smtp-url", "", "`URL` of the mail server: smtps://HOST (TLS) or smtp://HOST (StartTLS)")
	f.StringVar(&o.user, "smtp-user", "", "`USER` to log in as")
	f.StringVar(&o.passwordFrom, "smtp-password-from", "", "`REF` to the password")
	f.StringVar(&o.caFile, "smtp-ca-file", "", "PEM `FILE` of the CA that signed the mail server's certificate")
	f.Float64Var(&o.rate, "rate", 1, "so many messages a second at most; 0 is no bound")
}

// check finds what is wrong with the flags, which are for sending alone.
func (o *smtpOptions) check(sends bool) (found []string) {
	if slowest := 1.0 / 3600; !(o.rate == 0 || o.rate >= slowest) || math.IsInf(o.rate, 0) {
		found = append(found, "--rate is a number of messages a second, such as 0.5, one an hour at least, or 0")
	}
	if (o.user == "") != (o.passwordFrom == "") {
		found = append(found, "--smtp-user and --smtp-password-from belong together")
	}
	if o.passwordFrom != "" {
		if _, err := source.ParseReference(o.passwordFrom); err != nil {
			found = append(found, "--smtp-password-from: "+err.Error())
		}
	}
	if o.url == "" {
		if sends {
			found = append(found, "--send needs a mail server: --smtp-url URL")
		}
		return found
	}
	var err error
	if o.server, err = mail.ParseURL(o.url); err != nil {
		found = append(found, "--smtp-url: "+err.Error())
	}
	if o.caFile != "" {
		if o.server.Roots, err = readRoots(o.caFile); err != nil {
			found = append(found, "--smtp-ca-file: "+err.Error())
		}
	}
	return found
}

func readRoots(path string) (*x509.CertPool, error) {
	pool, err := source.ReadAuthorities(path)
	switch {
	case errors.Is(err, source.ErrNoCertificate):
		return nil, fmt.Errorf("%s holds no certificate", path)
	case err != nil:
		return nil, fmt.Errorf("%s: %s", path, usage.Reason(err))
	}
	return pool, nil
}

// pause is the time between two messages.
func (o *smtpOptions) pause() time.Duration {
	if o.rate == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / o.rate)
}

// deliver sends the messages to those chosen.
func (o *invitationsOptions) deliver(ctx context.Context, a *app, im *importer.Importer, d *importer.InvitationsDraft, l *letters) (importer.Invitations, error) {
	o.smtp.server.User, o.smtp.server.Password = o.smtp.user, a.secrets().Later(o.smtp.passwordFrom)
	p := &postman{Sender: mail.NewSender(o.smtp.server), letters: l, app: a}
	defer p.Close()
	return im.SendInvitations(ctx, d, p, o.smtp.pause())
}

// postman sends what was written.
type postman struct {
	*mail.Sender
	letters *letters
	app     *app
}

// MessageID implements [importer.Mailer].
func (p *postman) MessageID(v importer.Invitee) string { return p.letters.messages[v.ID].id }

// Send implements [importer.Mailer].
func (p *postman) Send(ctx context.Context, v importer.Invitee) (importer.Delivery, error) {
	m := p.letters.messages[v.ID]
	outcome, err := p.Sender.Send(ctx, p.letters.options.sender.Address, v.Email, m.bytes)
	p.app.log.Info("message", "id", m.id, "account", v.ID, "error", err)
	switch outcome {
	case mail.Sent:
		return importer.Delivered, nil
	case mail.Refused:
		return importer.Declined, err
	case mail.Unknown:
		return importer.Uncertain, err
	}
	return importer.Stopped, err
}
