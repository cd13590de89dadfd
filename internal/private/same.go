package private

import (
	"os"
	"path/filepath"
	"strings"
)

// Same says whether two paths lead to one file, or will once it is there. Letter case
// makes no other file on Windows and macOS.
func Same(x, y string) bool {
	if isOne(x, y) {
		return true
	}
	return strings.EqualFold(filepath.Base(x), filepath.Base(y)) && isOne(filepath.Dir(x), filepath.Dir(y))
}

func isOne(x, y string) bool {
	a, err := os.Stat(x)
	if err != nil {
		return false
	}
	b, err := os.Stat(y)
	return err == nil && os.SameFile(a, b)
}
