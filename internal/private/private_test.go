package private

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/internal/private/privatetest"
)

// TestNew reads back who may do what with files and folders that are made.
func TestNew(t *testing.T) {
	dir := filepath.Join(privatetest.TempDir(t), "a", "b")
	for range 2 {
		if err := MkdirAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "state.db")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("x"); err != nil {
		t.Error(err)
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, 0); err != nil || b[0] != 'x' {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("what is there already: %v", err)
	}
	tmp, err := CreateTemp(dir, "new.*.csv")
	if err != nil {
		t.Fatal(err)
	}
	tmp.Close()
	if name := filepath.Base(tmp.Name()); !strings.HasPrefix(name, "new.") || !strings.HasSuffix(name, ".csv") || name == "new..csv" {
		t.Errorf("%s", name)
	}
	for _, made := range []string{filepath.Dir(dir), dir, path, tmp.Name()} {
		privatetest.Check(t, made)
	}
	if err := MkdirAll(filepath.Join(path, "below")); err == nil {
		t.Error("a folder was made below a file")
	}
}

// TestAppend writes at the end of a file, also of one that was renamed meanwhile, as two
// processes do.
func TestAppend(t *testing.T) {
	path := filepath.Join(privatetest.TempDir(t), "log.txt")
	first, err := Append(path)
	if err != nil {
		t.Fatal(err)
	}
	privatetest.Check(t, path)
	second, err := Append(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{first, second, first} {
		if _, err := f.WriteString("line\n"); err != nil {
			t.Error(err)
		}
	}
	old := path + ".1"
	if err := os.Rename(path, old); err != nil {
		t.Error(err)
	}
	if _, err := second.WriteString("last\n"); err != nil {
		t.Error(err)
	}
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(old); err != nil || string(b) != "line\nline\nline\nlast\n" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := Append(filepath.Dir(path)); err == nil {
		t.Error("a folder was opened")
	}
}

// TestRestrict closes a file that others may read, and says who they are before.
func TestRestrict(t *testing.T) {
	path := filepath.Join(privatetest.TempDir(t), "secret.txt")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	readers := func() (string, string) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return Readers(f)
	}
	privatetest.Open(t, path)
	if who, remedy := readers(); who == "" || !strings.Contains(remedy, path) {
		t.Errorf("%q, %q", who, remedy)
	}
	for range 2 {
		if err := Restrict(path); err != nil {
			t.Fatal(err)
		}
		privatetest.Check(t, path)
	}
	if who, remedy := readers(); who != "" || remedy != "" {
		t.Errorf("%q, %q", who, remedy)
	}
	if err := Restrict(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
