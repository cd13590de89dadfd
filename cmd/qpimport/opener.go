package main

import (
	"context"
	"fmt"

	"github.com/qpimport/qpimport/internal/cli/progress"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/ad"
	"github.com/qpimport/qpimport/pkg/source/file"
	"github.com/qpimport/qpimport/pkg/source/m365"
)

// openDirectory leads a stored connection to the adapter that can speak to it.
func (a *app) openDirectory(ctx context.Context, c source.Connection) (source.Directory, error) {
	a.log.Info("open directory", "source", c.Kind, "transport", c.Transport, "url", c.URL, "file", c.File)
	dir, err := a.adapter(ctx, c)
	if err != nil {
		return nil, err
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
	case c.Kind == source.AD:
		return ad.Open(ctx, ad.Config{
			Connection: c,
			Password:   a.secret(c.BindPasswordFrom),
			Log:        a.adapterLog(c.Kind),
		})
	default:
		return m365.Open(ctx, a.graphConfig(c))
	}
}

// graphConfig is how the adapter of Microsoft Graph is told of a connection.
func (a *app) graphConfig(c source.Connection) m365.Config {
	return m365.Config{
		Connection:   c,
		ClientSecret: a.secret(c.ClientSecretFrom),
		Certificate:  a.secret(c.CertificateFrom),
		AccessToken:  a.secret(c.AccessTokenFrom),
		UserAgent:    userAgent(),
		Announce:     a.notice,
		Log:          a.adapterLog(c.Kind),
	}
}

// userAgent is how the program names itself to a service.
func userAgent() string { return "qpimport/" + readVersion().Version }

func (a *app) adapterLog(kind source.Kind) func(format string, args ...any) {
	return func(format string, args ...any) {
		a.log.Debug(fmt.Sprintf(format, args...), "source", kind)
	}
}
