package main

import (
	"context"
	"fmt"
	"time"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/progress"
	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/ad"
	"github.com/qpimport/qpimport/pkg/source/file"
	"github.com/qpimport/qpimport/pkg/source/m365"
)

// openDirectory leads a stored connection to the adapter that can speak to it.
func (a *app) openDirectory(ctx context.Context, c source.Connection) (source.Directory, error) {
	a.log.Info("open directory", "source", string(c.Kind), "transport", c.Transport, "url", c.URL, "domain", c.Domain, "file", c.File)
	opened := time.Now()
	dir, err := a.adapter(ctx, c)
	if err != nil {
		a.log.Error("open directory", "source", string(c.Kind), "code", source.CodeOf(err), "error", err)
		return nil, err
	}
	if a.to != nil || a.settings.Verbose > 0 {
		dir = watched{dir, a.log.With("source", string(c.Kind)), opened}
	}
	if a.errTerminal && !a.settings.Quiet && !a.sideBySide {
		return progress.Reading(a.err, dir, c.Kind), nil
	}
	return dir, nil
}

func (a *app) adapter(ctx context.Context, c source.Connection) (source.Directory, error) {
	switch {
	case c.Transport == source.TransportFile:
		return file.Open(ctx, c)
	case c.Kind == source.AD && c.Role == source.RoleReset:
		return opened(ad.OpenResetter(ctx, a.ldapConfig(c)))
	case c.Kind == source.AD:
		return opened(ad.Open(ctx, a.ldapConfig(c)))
	case c.Role == source.RoleReset:
		return opened(m365.OpenResetter(ctx, a.graphConfig(c)))
	default:
		return opened(m365.Open(ctx, a.graphConfig(c)))
	}
}

// opened is what an adapter has opened, nil after an error.
func opened(dir source.Directory, err error) (source.Directory, error) {
	if err != nil {
		return nil, err
	}
	return dir, nil
}

// ldapConfig is how the adapter of Active Directory is told of a connection.
func (a *app) ldapConfig(c source.Connection) ad.Config {
	return ad.Config{
		Connection:      c,
		Password:        a.secrets().Later(c.BindPasswordFrom),
		Keytab:          a.secrets().Later(c.KeytabFrom),
		CredentialCache: a.getenv("KRB5CCNAME"),
		KerberosConfig:  a.getenv("KRB5_CONFIG"),
		Log:             a.adapterLog(c.Kind),
	}
}

// graphConfig is how the adapter of Microsoft Graph is told of a connection.
func (a *app) graphConfig(c source.Connection) m365.Config {
	secrets := a.secrets()
	var prompt func(string)
	if !a.settings.NoInput && a.inTerminal {
		prompt = func(message string) { fmt.Fprintln(a.err, output.Clean(message)) }
	}
	return m365.Config{
		Connection:   c,
		ClientSecret: secrets.Later(c.ClientSecretFrom),
		Certificate:  secrets.Later(c.CertificateFrom),
		AccessToken:  secrets.Later(c.AccessTokenFrom),
		Assertion:    secrets.Later(c.AssertionFrom),
		Getenv:       a.getenv,
		Prompt:       prompt,
		UserAgent:    userAgent(),
		Announce:     a.notice,
		Retried:      a.retryLog(c.Kind),
		Log:          a.adapterLog(c.Kind),
	}
}

// secrets resolves the references that a connection has in place of secrets.
func (a *app) secrets() secret.Resolver {
	return secret.Resolver{Getenv: a.getenv, Warn: a.notice}
}

// userAgent is how the program names itself to a service.
func userAgent() string { return "qpimport/" + readVersion().Version }
