package source

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFile(path, 5); err != nil || !bytes.Equal(got, []byte("12345")) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := ReadFile(path, 4); err == nil || got != nil || !strings.Contains(err.Error(), "more than 4 bytes") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := ReadFile(path+"x", 4); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
