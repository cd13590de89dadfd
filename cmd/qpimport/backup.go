package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry/postgres"
)

type backupOptions struct {
	force bool
}

// backupResult says what was copied where.
type backupResult struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

func newBackupCmd(a *app) *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the registry while it is in use",
		Long: `Writes a consistent copy of the state file: all of one moment, whatever other qpimport
commands do meanwhile; one that writes waits until the copy is done. Copying the file by
other means can give half of a change. The copy holds everything, the history included,
and like the state file is for its owner's eyes alone. It appears under its name when it
is whole. A file that is there already is kept, unless --force says otherwise.

To restore, put the copy back while no qpimport runs: move the state file away together
with a file of its name and "-journal" where there is one, copy the backup to the state
file's place, and run "doctor". A copy of an older version is migrated by the first
command that opens it.

A registry in PostgreSQL is copied with pg_dump, which this command then tells how to
call; or with "registry copy" into a state file.` + exits(11, 15),
		Example: `  qpimport backup /var/backups/qpimport/state.db --force
  qpimport backup before-the-move.db`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args[0]) }),
	}
	cmd.Flags().BoolVar(&o.force, "force", false, "replace a file that is there already")
	return cmd
}

// dumpInstead says how a registry in PostgreSQL is copied: its server's tools do that.
func dumpInstead(address, path string) error {
	schema, address, err := postgres.Dump(address)
	if err != nil {
		return err
	}
	return usage.Hintf(
		fmt.Sprintf("`pg_dump --format=custom --schema=%s --file=%s %s` does, and pg_restore puts it back; `registry copy` copies it into a state file",
			output.ShellWord(schema), output.ShellWord(path), output.ShellWord(address)),
		"\"backup\" copies a state file, and the registry is in PostgreSQL")
}

func (o backupOptions) run(ctx context.Context, a *app, path string) error {
	if postgres.Is(a.settings.State) {
		return dumpInstead(a.settings.State, path)
	}
	if path == "" {
		return usage.Errorf("the file has an empty name")
	}
	check := output.CheckFolder
	if !o.force {
		check = func(flag, path string) error {
			return output.CheckNew(flag, path, "name another file, or replace it with --force")
		}
	}
	if err := check("backup", path); err != nil {
		return err
	}
	_, err := reading(ctx, a, func(im *importer.Importer) (struct{}, error) { return struct{}{}, im.Backup(ctx, path) })
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("the copy was made, and cannot be found: %w", err)
	}
	columns := []output.Column[backupResult]{
		{Key: "file", Text: func(r backupResult) string { return r.File }},
		{Key: "bytes", Text: func(r backupResult) string { return strconv.FormatInt(r.Bytes, 10) }},
	}
	result := backupResult{path, info.Size()}
	return a.render(output.Item(result, columns, func(p *output.Page) {
		p.Line("copied to %s: %d bytes", result.File, result.Bytes)
	}))
}
