package terminal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/qpimport/qpimport/internal/private/privatetest"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// TestNoTerminal checks that what is no terminal has neither width nor colours, but
// for colours that somebody wants there.
func TestNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(privatetest.TempDir(t), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, w := range []any{f, &bytes.Buffer{}} {
		if n := Width(w, env("COLUMNS", "60")); n != 0 {
			t.Errorf("%T has a width of %d", w, n)
		}
		for _, c := range []struct {
			env  []string
			want bool
		}{
			{nil, false},
			{[]string{"CLICOLOR", "1"}, false},
			{[]string{"CLICOLOR_FORCE", "0"}, false},
			{[]string{"CLICOLOR_FORCE", "1"}, true},
			{[]string{"CLICOLOR_FORCE", "1", "NO_COLOR", "1"}, false},
		} {
			if got := Colour(w, env(c.env...)); got != c.want {
				t.Errorf("%T with %v: colour %t", w, c.env, got)
			}
		}
	}
}
