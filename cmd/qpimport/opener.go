package main

import (
	"context"
	"fmt"

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
	if a.errTerminal && !a.settings.Quiet {
		return withProgress(dir, a.err, c.Kind), nil
	}
	return dir, nil
}

func (a *app) adapter(ctx context.Context, c source.Connection) (source.Directory, error) {
	log := func(format string, args ...any) {
		a.log.Debug(fmt.Sprintf(format, args...), "source", c.Kind)
	}
	switch {
	case c.Transport == source.TransportFile:
		return file.Open(ctx, c)
	case c.Kind == source.AD:
		return ad.Open(ctx, ad.Config{
			Connection: c,
			Password:   a.secret(c.BindPasswordFrom),
			Log:        log,
		})
	default:
		return m365.Open(ctx, m365.Config{
			Connection:   c,
			ClientSecret: a.secret(c.ClientSecretFrom),
			Certificate:  a.secret(c.CertificateFrom),
			AccessToken:  a.secret(c.AccessTokenFrom),
			UserAgent:    "qpimport/" + readVersion().Version,
			Announce:     a.notice,
			Log:          log,
		})
	}
}
