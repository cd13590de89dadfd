package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/postgres"
	"github.com/qpimport/qpimport/pkg/registry/sqlite"
	"github.com/qpimport/qpimport/pkg/registry/tables"
	"github.com/qpimport/qpimport/pkg/source"
)

func newRegistryCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "registry",
		Short: "Move the registry",
		Long: `The registry is a state file, or lies in PostgreSQL where a team shares it; --state says
which. "registry copy" takes all of one into the other.` + exits(),
		Example: "  qpimport registry copy state.db postgres://qpimport@db.example/registry",
		Args:    subcommand,
		RunE:    chooseSubcommand,
	}
	cmd.AddCommand(newRegistryCopyCmd(a))
	return cmd
}

// copyResult says what was copied where.
type copyResult struct {
	From string         `json:"from"`
	To   string         `json:"to"`
	Rows map[string]int `json:"rows"` // by table
}

func newRegistryCopyCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy all of a registry into an empty one",
		Long: `Copies the registry in FROM into TO: customers, connections, everybody known, accounts,
decisions and the whole history, with all numbers and ids. Each is a state file or the
address of a registry in PostgreSQL, postgres://USER@HOST/DATABASE; --state counts for
nothing here, --state-password-from for either address.

TO is made where there is none; one that is not empty is refused. What was copied is read
again and compared, row by row, before it counts: TO has all or nothing. FROM is as it was
when the copy began; let nobody write to it meanwhile, or what he writes stays behind. A
state file of an older version is migrated first, with a copy beside it.` + "\n" + secret.Help + exits(11, 14, 15),
		Example: `  qpimport registry copy /var/lib/qpimport/state.db postgres://qpimport@db.example/registry --state-password-from file:/run/secrets/registry
  qpimport registry copy 'postgres://?service=registry' kept.db`,
		Args: cobra.ExactArgs(2),
		RunE: a.command(func(ctx context.Context, args []string) error { return a.copyRegistry(ctx, args[0], args[1]) }),
	}
}

func (a *app) copyRegistry(ctx context.Context, from, to string) error {
	for _, state := range []string{from, to} {
		if state == "" {
			return usage.Errorf("a registry has an empty name")
		}
		if err := checkState(state); err != nil {
			return err
		}
	}
	if from == to || !postgres.Is(from) && !postgres.Is(to) && sqlite.Owns(from, to) {
		return usage.Errorf("TO is the same registry, or belongs to it")
	}
	out, rows, err := a.openTables(ctx, from, true)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	h, err := out.Health(ctx)
	if err != nil {
		return err
	}
	if !h.Exists {
		return &source.Error{Code: source.CodeNotFound, Message: "FROM, " + h.Place + ", does not exist", Hint: "name the registry that is to be copied"}
	}
	in, into, err := a.openTables(ctx, to, false)
	if err != nil {
		return err
	}
	counts, err := rows.CopyTo(ctx, into)
	if cerr := in.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	result := copyResult{shownState(from), shownState(to), map[string]int{}}
	all := 0
	for _, c := range counts {
		result.Rows[c.Table] = c.Rows
		all += c.Rows
	}
	columns := []output.Column[copyResult]{
		{Key: "from", Text: func(r copyResult) string { return r.From }},
		{Key: "to", Text: func(r copyResult) string { return r.To }},
	}
	return a.render(output.Item(result, columns, func(p *output.Page) {
		p.Line("copied %s to %s, and compared: %s, %s, %s; %s in all", result.From, result.To, output.Count(result.Rows["customers"], "customer"),
			output.Count(result.Rows["accounts"], "account"), output.Count(result.Rows["runs"], "run"), output.Count(all, "row"))
	}))
}

// openTables opens a registry by its name, and has its tables.
func (a *app) openTables(ctx context.Context, state string, readOnly bool) (registry.Store, tables.Store, error) {
	if postgres.Is(state) {
		s, err := a.openDatabase(ctx, state, readOnly)
		if err != nil {
			return nil, tables.Store{}, err
		}
		return s, s.Store, nil
	}
	s, err := sqlite.Open(ctx, state, readOnly)
	if err != nil {
		return nil, tables.Store{}, err
	}
	return s, s.Store, nil
}
