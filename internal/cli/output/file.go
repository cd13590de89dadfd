package output

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/private"
)

// ReplaceFile writes a file as a whole: what was there before stays until all is
// written, and nobody but its owner can read the new one.
func ReplaceFile(path string, write func(io.Writer) error) (err error) {
	if what := noFile(path); what != "" {
		return usage.Errorf("cannot write %s: %s", path, what)
	}
	f, err := private.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return usage.Errorf("cannot write %s: %s", path, usage.Reason(err))
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = usage.Errorf("cannot write %s: %s", path, usage.Reason(err))
		}
	}()
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// CheckFolder makes sure, before anything is done, that a result has a place.
func CheckFolder(flag, path string) error {
	if path == "-" {
		return usage.Errorf("%s: standard output is taken by the result; name a file", flag)
	}
	info, err := os.Stat(filepath.Dir(path))
	switch {
	case err != nil:
		return usage.Errorf("%s %s: %s", flag, path, usage.Reason(err))
	case !info.IsDir():
		return usage.Errorf("%s %s: its folder is none", flag, path)
	}
	if what := noFile(path); what != "" {
		return usage.Errorf("%s %s: %s", flag, path, what)
	}
	return nil
}

// noFile says why what is at a path is not to be replaced by a file, "" where it may be.
// A rename takes the place of anything, of /dev/null too.
func noFile(path string) string {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return "" // nothing, or what the rename will say
	case info.IsDir():
		return "this is a folder; name a file in it"
	case info.Mode()&fs.ModeSymlink != 0:
		return "this is a symbolic link; name the file it leads to"
	case info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0:
		return "this is no file, but a device, a pipe or a socket"
	}
	return ""
}

// CheckNew is CheckFolder for a file that must not be there yet: what is there stays.
// The hint says what else to do.
func CheckNew(flag, path, hint string) error {
	if err := CheckFolder(flag, path); err != nil {
		return err
	}
	switch _, err := os.Lstat(path); {
	case err == nil:
		return usage.Hintf(hint, "%s %s: is there already", flag, path)
	case !errors.Is(err, fs.ErrNotExist):
		return usage.Errorf("%s %s: %s", flag, path, usage.Reason(err))
	}
	return nil
}
