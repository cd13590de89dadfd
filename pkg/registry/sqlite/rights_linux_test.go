package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestModes checks who may read what is made, under each umask.
func TestModes(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077} {
		dir := filepath.Join(t.TempDir(), "new")
		path := filepath.Join(dir, "state.db")
		before := unix.Umask(mask)
		openWith(t, path, older[:1]).Close()
		db := openWith(t, path, older)
		tx, err := db.BeginTx(t.Context(), nil)
		if err == nil {
			_, err = tx.ExecContext(t.Context(), `DELETE FROM t`)
		}
		unix.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		wantMode(t, dir, fs.ModeDir|0o700)
		for _, name := range []string{"state.db", "state.db-journal", "state.db.schema1.bak"} {
			wantMode(t, filepath.Join(dir, name), 0o600)
		}
		_ = tx.Rollback()
		db.Close()
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != want {
		t.Errorf("%s: mode %v, want %v", path, info.Mode(), want)
	}
}

// TestTightens closes a file to others that was open to them, before anything is
// written beside it.
func TestTightens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	openWith(t, path, older[:1]).Close()
	for _, readOnly := range []bool{false, true} {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		db, err := openWithSteps(t.Context(), path, readOnly, older)
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		wantMode(t, path, 0o600)
		wantMode(t, path+".schema1.bak", 0o600)
	}
}

// TestForeignKeepsMode checks that a file that is not ours keeps its mode.
func TestForeignKeepsMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	writeFile(t, path, []byte("notes"))
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openFile(t.Context(), path, false); !errors.Is(err, ErrForeign) {
		t.Errorf("%v", err)
	}
	wantMode(t, path, 0o644)
}

// obeyModes takes root's right to pass over modes from the test. It holds the
// test's thread, which ends with it.
func obeyModes(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	data[0].Effective &^= 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
}

// TestReadOnlyFile reads a file that may not be written, and refuses to write it.
func TestReadOnlyFile(t *testing.T) {
	obeyModes(t)
	path := makeState(t)
	chmod(t, path, 0o400)
	if _, counts, err := readAll(t.Context(), path); err != nil || counts["accounts"] != 60 {
		t.Errorf("%d accounts, %v; want 60", counts["accounts"], err)
	}
	if _, err := openFile(t.Context(), path, false); !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	wantMode(t, path, 0o400)

	old := filepath.Join(t.TempDir(), "state.db")
	openWith(t, old, older[:1]).Close()
	chmod(t, old, 0o400)
	if _, err := openWithSteps(t.Context(), old, true, older); !errors.Is(err, ErrUnwritable) || !strings.Contains(err.Error(), "migrated") {
		t.Errorf("%v", err)
	}
}

// TestReadOnlyFolder reads a file in a folder that takes no journal, and refuses
// to write, to migrate and to make a file there.
func TestReadOnlyFolder(t *testing.T) {
	obeyModes(t)
	path := makeState(t)
	chmod(t, filepath.Dir(path), 0o500)
	if _, counts, err := readAll(t.Context(), path); err != nil || counts["accounts"] != 60 {
		t.Errorf("%d accounts, %v; want 60", counts["accounts"], err)
	}
	db, err := openFile(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `DELETE FROM changes`)
	if err = classify(err); !errors.Is(err, ErrUnwritable) {
		t.Errorf("writing: %v", err)
	}
	if _, err := openFile(t.Context(), filepath.Join(filepath.Dir(path), "new.db"), false); !errors.Is(err, ErrUnwritable) {
		t.Errorf("making: %v", err)
	}

	old := filepath.Join(t.TempDir(), "state.db")
	openWith(t, old, older[:1]).Close()
	chmod(t, filepath.Dir(old), 0o500)
	if _, err := openWithSteps(t.Context(), old, false, older); !errors.Is(err, ErrUnwritable) {
		t.Errorf("migrating: %v", err)
	}
}

// TestHotJournalReadOnly cannot heal what it may not write, and says so rather
// than reading half a transaction.
func TestHotJournalReadOnly(t *testing.T) {
	obeyModes(t)
	path := killedWriter(t)
	chmod(t, path, 0o400)
	if err := tryRead(t.Context(), path); !errors.Is(err, ErrUnwritable) {
		t.Errorf("read-only file: %v", err)
	}
	path = killedWriter(t)
	chmod(t, filepath.Dir(path), 0o500)
	if err := tryRead(t.Context(), path); !errors.Is(err, ErrUnwritable) {
		t.Errorf("read-only folder: %v", err)
	}
}

// TestUnreadable says that it may not be opened, not that it is missing or damaged.
func TestUnreadable(t *testing.T) {
	obeyModes(t)
	path := makeState(t)
	chmod(t, path, 0)
	for _, readOnly := range []bool{false, true} {
		if _, err := openFile(t.Context(), path, readOnly); !errors.Is(err, ErrUnwritable) {
			t.Errorf("file, read only %v: %v", readOnly, err)
		}
	}
	chmod(t, path, 0o600)
	chmod(t, filepath.Dir(path), 0)
	for _, readOnly := range []bool{false, true} {
		if _, err := openFile(t.Context(), path, readOnly); !errors.Is(err, ErrUnwritable) {
			t.Errorf("folder, read only %v: %v", readOnly, err)
		}
	}
}

// TestMoved: what is moved away, or replaced, while it is open is not written to.
func TestMoved(t *testing.T) {
	path := makeState(t)
	s, err := Open(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	for _, replaced := range []bool{false, true} {
		if replaced {
			writeFile(t, path, readFile(t, path+".old"))
		}
		if err := s.Prune(t.Context(), 1); !errors.Is(err, ErrMoved) || !errors.Is(err, ErrUnwritable) {
			t.Errorf("replaced: %v: %v", replaced, err)
		}
	}
}
