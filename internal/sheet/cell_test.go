package sheet

import (
	"strings"
	"testing"
)

func TestEscape(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"a=b", "a=b"},
		{"=1+1", "'=1+1"},
		{"+49 30", "'+49 30"},
		{"-1", "'-1"},
		{"@x", "'@x"},
		{" =1", " '=1"},
		{`"=1`, `"'=1`},
		{"＝1", "'＝1"},
		{"x;=1", "x;'=1"},
		{"", ""},
	} {
		if got := Escape(c.in); got != c.want {
			t.Errorf("Escape(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// FuzzUnescape checks that a cell comes back as it was before it was made safe.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{"=1+1", "'=1", "a;=b", "; \"-1", "", "plain", "\t=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		cell = strings.ToValidUTF8(cell, "?")
		safe := Escape(cell)
		if got := Escape(Unescape(safe)); got != safe {
			t.Errorf("%q became %q, and then %q", cell, safe, got)
		}
		if !strings.Contains(cell, "'") && Unescape(safe) != cell {
			t.Errorf("%q came back as %q", cell, Unescape(safe))
		}
	})
}
