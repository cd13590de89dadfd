package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestOpenNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "state.db")
	db, err := openFile(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	check(t, db)
	app, version, tables, err := header(t.Context(), db)
	if err != nil || app != applicationID || version == 0 || tables == 0 {
		t.Errorf("application_id %#x, user_version %d, %d tables, %v", app, version, tables, err)
	}
	for pragma, want := range map[string]string{"foreign_keys": "1", "journal_mode": "delete", "synchronous": "2", "busy_timeout": "10000"} {
		var got string
		if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", pragma, got, err, want)
		}
	}
}

// TestOpenMissingReadOnly checks that reading makes no file and no folder.
func TestOpenMissingReadOnly(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	db, err := openFile(t.Context(), filepath.Join(dir, "sub", "state.db"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	text, _, err := dump(t.Context(), db)
	if err != nil || text != "" {
		t.Errorf("read %q, %v", text, err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("made %q", left)
	}
}

// TestOpenPaths opens files whose names mean something in a URI.
func TestOpenPaths(t *testing.T) {
	for _, name := range []string{
		"a?mode=memory.db", "a#b.db", "100%25.db", "%41.db", "with space.db", "ä&cache=shared.db", ":memory:", "file:x.db", "-", "a+b;c.db", "it's.db",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			for _, path := range []string{filepath.Join(dir, name), name} {
				db, err := openFile(t.Context(), path, false)
				if err != nil {
					t.Fatal(err)
				}
				db.Close()
			}
			if got := files(t, dir); !slices.Equal(got, []string{name}) {
				t.Errorf("made %q", got)
			}
		})
	}
}

// sqliteFile makes an SQLite file of another program.
func sqliteFile(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOpenRefuses opens what is no state file of this version: each is refused
// with its own error, for writing and for reading, and left as it was.
func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		want error
	}{
		{"text", func(t *testing.T, path string) { writeFile(t, path, []byte("name,email\nAnn,ann@example.com\n")) }, ErrForeign},
		{"one byte", func(t *testing.T, path string) { writeFile(t, path, []byte{'x'}) }, ErrForeign},
		{"zeros", func(t *testing.T, path string) { writeFile(t, path, make([]byte, 8192)) }, ErrForeign},
		{"another program's SQLite", func(t *testing.T, path string) { sqliteFile(t, path, "CREATE TABLE t (a)") }, ErrForeign},
		{"another program's SQLite without tables", func(t *testing.T, path string) { sqliteFile(t, path, "PRAGMA user_version = 7") }, ErrForeign},
		{"another program's SQLite with a version as ours", func(t *testing.T, path string) {
			sqliteFile(t, path, "CREATE TABLE t (a)", "PRAGMA user_version = 1", "PRAGMA application_id = 1")
		}, ErrForeign},
		{"another program's SQLite in WAL mode", func(t *testing.T, path string) {
			sqliteFile(t, path, "PRAGMA journal_mode = WAL", "CREATE TABLE t (a)")
		}, ErrForeign},
		{"newer", func(t *testing.T, path string) {
			sqliteFile(t, path, "CREATE TABLE t (a)", "PRAGMA application_id = 0x71706d69", "PRAGMA user_version = 1000")
		}, ErrNewer},
		{"ours by its mark, without a version", func(t *testing.T, path string) {
			sqliteFile(t, path, "CREATE TABLE t (a)", "PRAGMA application_id = 0x71706d69")
		}, ErrDamaged},
		{"folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, ErrForeign},
	} {
		for _, readOnly := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "state.db")
				c.make(t, path)
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				var before []byte
				if info.Mode().IsRegular() {
					before = readFile(t, path)
				}
				names := files(t, filepath.Dir(path))

				db, err := openFile(t.Context(), path, readOnly)
				if err == nil {
					db.Close()
				}
				if !errors.Is(err, c.want) {
					t.Errorf("read only %v: %v, want %v", readOnly, err, c.want)
				}
				if got := files(t, filepath.Dir(path)); !slices.Equal(got, names) {
					t.Errorf("the folder holds %q, held %q", got, names)
				}
				if before != nil && !bytes.Equal(readFile(t, path), before) {
					t.Error("the file was changed")
				}
			})
		}
	}
}

// TestOpenLink refuses a symbolic link: what lies behind it is somebody else's
// choice, and may be made after the path was written down.
func TestOpenLink(t *testing.T) {
	target := makeState(t)
	for name, to := range map[string]string{"to a state file": target, "to nothing": filepath.Join(t.TempDir(), "elsewhere.db")} {
		for _, readOnly := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				link := filepath.Join(t.TempDir(), "state.db")
				if err := os.Symlink(to, link); err != nil {
					t.Fatal(err)
				}
				before, _ := os.ReadFile(to)
				db, err := openFile(t.Context(), link, readOnly)
				if err == nil {
					db.Close()
				}
				if !errors.Is(err, ErrForeign) {
					t.Errorf("read only %v: %v, want %v", readOnly, err, ErrForeign)
				}
				if after, _ := os.ReadFile(to); !bytes.Equal(before, after) {
					t.Error("the file behind the link was changed")
				}
			})
		}
	}
}

// TestOpenWaits lets a caller end the wait for a file that another process has
// locked against readers as well, whether it wants to write or to read.
func TestOpenWaits(t *testing.T) {
	path := makeState(t)
	db, err := openFile(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `BEGIN EXCLUSIVE`); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		other, err := openFile(ctx, path, readOnly)
		cancel()
		if err == nil {
			other.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("read-only %v: %v; want the caller's end, not the lock's", readOnly, err)
		}
	}
}
