//go:build !windows

package private

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExposed: who else may write in the folder of a file, or owns anything of it.
func TestExposed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	path := filepath.Join(dir, "state.db")
	wants := func(owner, writers, remedy string) {
		t.Helper()
		e, err := Exposed(path)
		if err != nil || e.Owner != owner || e.Writers != writers || !strings.HasPrefix(e.Remedy, remedy) || (e.String() == "") != (owner+writers == "") {
			t.Errorf("%+v, %v", e, err)
		}
	}
	change := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wants("", "", "") // not there yet
	change(MkdirAll(dir))
	wants("", "", "")
	change(os.Chmod(dir, 0o777))
	wants("", "everybody", "chmod o-w ")
	change(os.Chmod(dir, 0o770))
	wants("", "", "") // the account's own group
	if os.Geteuid() != 0 {
		t.Log("giving files away takes root: make test runs as root")
		return
	}
	change(os.Chown(dir, -1, 54321))
	wants("", "the group 54321", "chmod g-w ")
	change(os.Chmod(dir, 0o700))
	change(os.Chown(dir, 54321, -1))
	wants("the user 54321", "", "chown -R 0 ")
	change(os.Chown(dir, 0, 0))
	for _, name := range []string{path, path + "-journal"} {
		change(os.WriteFile(name, nil, 0o600))
		wants("", "", "")
		change(os.Chown(name, 54321, -1))
		wants("the user 54321", "", "chown -R 0 ")
		change(os.Remove(name))
	}
}
