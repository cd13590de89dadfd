package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"regexp"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/postgres"
	"github.com/qpimport/qpimport/pkg/registry/sqlite"
)

// connectionString is what the addresses of databases begin with, or have in them, and
// no path does.
var connectionString = regexp.MustCompile(`(?i)^[a-z][a-z0-9+.-]+:/|(^|\s)(host|hostaddr|user|dbname|password|service)\s*=`)

// checkState says what is wrong with the name of a registry. What is meant for an
// address makes no file: its name might hold a password.
func checkState(state string) error {
	if postgres.Is(state) {
		return postgres.Check(state)
	}
	if state == "-" {
		return usage.Errorf("a registry is a file or in PostgreSQL, not standard input or output")
	}
	if connectionString.MatchString(state) {
		return usage.Hintf("name a file, or a registry in PostgreSQL as postgres://USER@HOST/DATABASE", "the registry is neither a file nor an address of the form postgres://…")
	}
	return nil
}

// openState opens the registry that --state names: a file, or one in PostgreSQL. To
// read alone makes none; that there is none is told to people.
func (a *app) openState(ctx context.Context, readOnly bool) (registry.Store, error) {
	if a.settings.NoState != nil {
		return nil, a.settings.NoState
	}
	tell := readOnly && a.settings.Output == output.Table
	if postgres.Is(a.settings.State) {
		store, err := a.openDatabase(ctx, a.settings.State, readOnly)
		if err != nil {
			return nil, err
		}
		if place, made := store.Made(); tell && !made {
			a.notice("note: there is no registry in %s yet", place)
		}
		return store, nil
	}
	if _, err := os.Stat(a.settings.State); tell && errors.Is(err, fs.ErrNotExist) {
		a.notice("note: there is no state file %s yet", a.settings.State)
	}
	store, err := sqlite.Open(ctx, a.settings.State, readOnly)
	if err != nil {
		return nil, err
	}
	if who, remedy := store.Exposed(); who != "" {
		a.notice("warning: state file %s: %s (%s)", a.settings.State, who, remedy)
	}
	return store, nil
}

func (a *app) openDatabase(ctx context.Context, address string, readOnly bool) (*postgres.Store, error) {
	return postgres.Open(ctx, postgres.Options{Address: address, Password: a.secrets().Later(a.settings.StatePasswordFrom), ReadOnly: readOnly})
}

// glanceAtState opens the registry for one look, and waits for nobody.
func (a *app) glanceAtState(ctx context.Context) (registry.Store, error) {
	if a.settings.NoState != nil || postgres.Is(a.settings.State) {
		return a.openState(ctx, true)
	}
	store, err := sqlite.OpenAsIs(ctx, a.settings.State)
	if err != nil {
		return nil, err
	}
	return store, nil
}

// stateKind is what the registry is to people, and stateIs says where as well.
func (a *app) stateKind() string {
	if postgres.Is(a.settings.State) {
		return "registry"
	}
	return "state file"
}

func (a *app) stateIs() string {
	return a.stateKind() + " " + cmp.Or(shownState(a.settings.State), "none")
}

// shownState is a file or an address as people are shown it.
func shownState(state string) string {
	if postgres.Is(state) {
		return postgres.Place(state)
	}
	return state
}

// checkResult makes sure, before anything is done, that a result has a place, and that
// this is not the registry, the config, or one of the files that it is made from.
func (a *app) checkResult(flag, path string, sources ...string) error {
	if err := output.CheckFolder(flag, path); err != nil {
		return err
	}
	if err := a.settings.spares(flag, path); err != nil {
		return err
	}
	for _, source := range append(sources, a.settings.Config) {
		if source != "" && private.Same(source, path) {
			return usage.Hintf("name another file", "%s %s: the result is made from this file", flag, path)
		}
	}
	return nil
}

// spares refuses to write over the state file, or beside it what SQLite takes for its own.
func (s settings) spares(flag, path string) error {
	if s.State != "" && !postgres.Is(s.State) && sqlite.Owns(s.State, path) {
		return usage.Hintf("name another file", "%s %s: this is the state file, or belongs to it", flag, path)
	}
	return nil
}
