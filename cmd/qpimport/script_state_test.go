package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// registries are where scripts keep theirs.
type registries interface {
	// make is the --state of the nth one of a script, which is not there yet.
	make(env *testscript.Env, n int) string
	// dump writes all that one holds, down to the last row; nil for none.
	dump(state string) ([]byte, error)
}

type registriesKey struct{}

// inFiles are state files in the folder of the script.
type inFiles struct{}

func (inFiles) make(env *testscript.Env, n int) string {
	if n == 0 {
		return filepath.Join(env.WorkDir, "state.db")
	}
	return filepath.Join(env.WorkDir, fmt.Sprintf("state%d.db", n))
}

func (inFiles) dump(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// cmdRegistry writes the registry into a file, for comparison.
func cmdRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: registry FILE")
	}
	b, err := ts.Value(registriesKey{}).(registries).dump(ts.Getenv("QPIMPORT_STATE"))
	ts.Check(err)
	if b == nil {
		ts.Fatalf("there is no registry")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

func cmdNoRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: no-registry")
	}
	b, err := ts.Value(registriesKey{}).(registries).dump(ts.Getenv("QPIMPORT_STATE"))
	ts.Check(err)
	if b != nil {
		ts.Fatalf("there is a registry: %.80s", b)
	}
}
