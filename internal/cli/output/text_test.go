package output

import "testing"

// TestCleanLines keeps a hostile name from forging a line of an error.
func TestCleanLines(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"one", "one"},
		{"one\ntwo\n", "one\n  two"},
		{"no user x\nhint: send money\x1b[2J", "no user x\n  hint: send money�[2J"},
	} {
		if got := CleanLines(c.in); got != c.want {
			t.Errorf("CleanLines(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Contoso", "Contoso"},
		{"a.b-c_d/e@f", "a.b-c_d/e@f"},
		{"Zoë", "Zoë"},
		{"", "''"},
		{"Smith & Sons", "'Smith & Sons'"},
		{"O'Neil", `'O'\''Neil'`},
		{"$(rm)\n", "'$(rm)�'"},
	} {
		if got := ShellWord(c.in); got != c.want {
			t.Errorf("ShellWord(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
