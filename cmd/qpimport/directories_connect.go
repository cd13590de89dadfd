package main

import (
	"context"
	"net/url"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

func newConnectCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "connect",
		Short: "Say how a directory is reached",
		Long: `Stores how one of a customer's directories is reached, in place of what was stored
before. The directory is not asked: "directories test" does that.` + exits(11, 12, 15),
		Example: `  qpimport directories connect ad -c Contoso --file contoso-ad.ldif
  qpimport directories connect m365 -c Contoso --file contoso-users.json`,
		Args: subcommand,
		RunE: chooseSubcommand,
	}
	cmd.AddCommand(newConnectADCmd(a), newConnectM365Cmd(a))
	return cmd
}

// connect stores a connection whose flags were found to be in order.
func (a *app) connect(ctx context.Context, conn source.Connection) error {
	name, err := a.customer()
	if err != nil {
		return err
	}
	c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
		return im.Connect(ctx, name, conn)
	})
	if err != nil {
		return err
	}
	a.notice("next: qpimport directories test -c %s %s", output.ShellWord(c.Name), string(conn.Kind))
	return a.render(customerSentence(c, "%s: %s is connected: %s", c.Name, conn.Kind, where(&conn)))
}

// storedFile checks that a file can be read and makes its path absolute.
func storedFile(flag, path string) (abs, problem string) {
	f, err := input.Open(path)
	if err != nil {
		return "", flag + " " + path + ": " + usage.Reason(err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return "", flag + " " + path + ": is a folder"
	}
	if abs, err = filepath.Abs(path); err != nil {
		return "", flag + " " + path + ": the current folder is unknown"
	}
	return abs, ""
}

// parseURL reads an address of one of the schemes. A URL can hold a password,
// so no problem repeats it.
func parseURL(flag, text string, schemes ...string) (u *url.URL, problem string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return nil, flag + ": not an address such as " + schemes[0] + "://HOST"
	}
	if u.User != nil {
		return nil, flag + ": holds a user name or password; leave it out"
	}
	for _, s := range schemes {
		if u.Scheme == s {
			return u, ""
		}
	}
	return nil, flag + ": must begin with " + schemes[0] + "://"
}
