package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/file"
)

func newConnectCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "connect",
		Short: "Say how a directory is reached",
		Long: `Stores how one of a customer's directories is reached, in place of what was stored
before. A live directory is not asked: "directories test" does that. An export is
read once, and what is to be known of it is said; one that cannot be used as it is
is connected all the same, since it may be mended. One of the other directory is
refused (10), and what was connected before stays.

With --role reset it is the connection that sets passwords ("passwords reset"), which
stands beside the one that reads and has credentials of its own.` + exits(11, 12, 15),
		Example: `  qpimport directories connect ad -c Contoso --file contoso-ad.ldif
  qpimport directories connect m365 -c Contoso --file contoso-users.json`,
		Args: subcommand,
		RunE: chooseSubcommand,
	}
	cmd.AddCommand(newConnectADCmd(a), newConnectM365Cmd(a))
	return cmd
}

// exportHelp tells of the commands that make an export which says everything.
func exportHelp(kind source.Kind) string {
	var commands strings.Builder
	for i, command := range file.Commands(kind) {
		if i > 0 {
			commands.WriteString("or with\n")
		}
		commands.WriteString(wrapCommand(command))
	}
	return `
An export that says everything is made with
` + commands.String() + `Other tools' exports are read too, where they hold the fields that are needed;
"schema exports" lists the names by which they are known. Where the text does not
show how it is written, --encoding says it.
`
}

// wrapCommand breaks a long command of PowerShell where it may go on in the next
// line: behind a comma or a pipe.
func wrapCommand(command string) string {
	const width = 80
	var lines strings.Builder
	line := "  "
	for _, part := range strings.SplitAfter(strings.ReplaceAll(command, ",", ",\x00"), "\x00") {
		for _, piece := range strings.SplitAfter(strings.TrimSuffix(part, "\x00"), "| ") {
			if len(line)+len(strings.TrimRight(piece, " ")) > width {
				lines.WriteString(strings.TrimRight(line, " ") + "\n")
				line = "    "
			}
			line += piece
		}
	}
	return lines.String() + line + "\n"
}

// connect stores the connection that the flags tell of.
func (a *app) connect(ctx context.Context, conn source.Connection) error {
	conn, err := connectionOf(conn)
	if err != nil {
		return err
	}
	name, err := a.customer()
	if err != nil {
		return err
	}
	look := func() {}
	if conn.Transport == source.TransportFile {
		if look, err = a.lookAtExport(ctx, conn); err != nil {
			return err
		}
	}
	c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
		return im.Connect(ctx, name, conn)
	})
	if err != nil {
		return err
	}
	look()
	if conn.Role == "" {
		a.notice("next: qpimport directories test -c %s %s", output.ShellWord(c.Name), string(conn.Kind))
	} else {
		a.notice("next: qpimport passwords reset -c %s SEL --out FILE --dry-run", output.ShellWord(c.Name))
	}
	return a.render(customerSentence(c, "%s: %s is connected%s: %s", c.Name, conn.Kind, roleText(conn.Role), where(&conn)))
}

// roleText says for what a connection is, where that is not reading.
func roleText(role string) string {
	if role == source.RoleReset {
		return " to reset passwords"
	}
	return ""
}

// addRole adds the flag that makes a connection one that sets passwords.
func addRole(f *pflag.FlagSet, conn *source.Connection) {
	f.StringVar(&conn.Role, "role", "", "`ROLE`: reset connects the one that sets passwords, beside the one that reads")
}

// lookAtExport reads an export, and returns what says what is to be known of it. One of
// the other directory is an error: nothing mends that.
func (a *app) lookAtExport(ctx context.Context, conn source.Connection) (tell func(), err error) {
	dir, wrong := file.Open(ctx, conn)
	var info source.Info
	if wrong == nil {
		defer func() { _ = dir.Close() }()
		info, wrong = dir.Info(ctx)
	}
	var e *source.Error
	if errors.As(wrong, &e) && e.Topic == file.TopicOtherDirectory {
		return nil, wrong
	}
	return func() {
		if wrong != nil {
			a.notice("warning: the export cannot be used as it is: %s", wrong)
			if hint := advice(wrong); hint != "" {
				a.notice("hint: %s", hint)
			}
		}
		for _, note := range info.Notes {
			a.notice("note: %s", note)
		}
	}, nil
}

// connectionOf makes a connection of what the flags say, or tells all that is
// wrong with them.
func connectionOf(conn source.Connection) (source.Connection, error) {
	dir, err := os.Getwd()
	if err != nil {
		return conn, usage.Errorf("the current folder is unknown")
	}
	conn = conn.Normalize(dir)
	var found []string
	if err := conn.Validate(); err != nil {
		var wrong source.ConnectionProblems
		if !errors.As(err, &wrong) {
			return conn, err
		}
		for _, p := range wrong {
			found = append(found, p.Text(flagOf))
		}
	}
	if field, problem := unreadableFile(conn); problem != "" {
		found = append(found, flagOf(field)+" "+problem)
	}
	return conn, usage.Join(found)
}

// flagOf is the flag for a field of a connection.
func flagOf(field string) string { return "--" + strings.ReplaceAll(field, "_", "-") }

// checkFiles refuses a connection whose files are not there, for a manifest.
func checkFiles(conn source.Connection) error {
	field, problem := unreadableFile(conn)
	if problem == "" {
		return nil
	}
	code := source.CodeUsage
	if field != "ca_file" { // an export may be late
		code = source.CodeUnreachable
	}
	return &source.Error{Code: code, Message: field + " " + problem}
}

// unreadableFile looks for a file that a connection names and that cannot be
// read. Those of secrets are looked for when the secret is needed.
func unreadableFile(conn source.Connection) (field, problem string) {
	for _, f := range []struct{ field, path string }{{"file", conn.File}, {"mailboxes", conn.Mailboxes}, {"ca_file", conn.CAFile}} {
		if f.path == "" {
			continue
		}
		if problem := unreadable(f.path); problem != "" {
			return f.field, f.path + ": " + problem
		}
	}
	return "", ""
}

// writtenAt is when an export was written, the zero time where that is unknown.
func writtenAt(conn source.Connection) time.Time {
	info, err := os.Stat(conn.File)
	if conn.File == "" || err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func unreadable(path string) string {
	f, err := input.Open(path)
	if err != nil {
		return usage.Reason(err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return "is a folder"
	}
	return ""
}
