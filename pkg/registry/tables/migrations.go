package tables

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Step takes tables from the version before to its own.
type Step struct {
	Version int
	SQL     string
}

// Migrations reads the steps in the folder migrations, which are numbered from 1.
func Migrations(from fs.FS) ([]Step, error) {
	names, err := fs.Glob(from, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	steps := make([]Step, len(names))
	for i, name := range names {
		number, _, _ := strings.Cut(filepath.Base(name), "_")
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: want number %d", name, i+1)
		}
		steps[i] = Step{version, string(body)}
	}
	return steps, nil
}
