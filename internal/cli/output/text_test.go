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
	for _, c := range []struct{ in, posix, windows string }{
		{"Contoso", "Contoso", "Contoso"},
		{"a.b-c_d/e", "a.b-c_d/e", "a.b-c_d/e"},
		{"e@f", "e@f", `"e@f"`}, // to PowerShell a name begins at it
		{"Zoë", "Zoë", "Zoë"},
		{"", "''", `""`},
		{"Contoso Ltd", "'Contoso Ltd'", `"Contoso Ltd"`},
		{"Smith & Sons", "'Smith & Sons'", `"Smith & Sons"`},
		{"O'Neil", `'O'\''Neil'`, `"O'Neil"`},
		{"$(rm)\n", "'$(rm)�'", `"?(rm)�"`},
		{`C:\Users\a\x.csv`, `'C:\Users\a\x.csv'`, `C:\Users\a\x.csv`},
		{`C:\My Files\`, `'C:\My Files\'`, `"C:\My Files\\"`},
		{`a" & calc & "`, `'a" & calc & "'`, `"a? & calc & ?"`},
		{"a”; calc; “ `b %PATH%!", "'a”; calc; “ `b %PATH%!'", `"a?; calc; ? ?b ?PATH?!"`},
	} {
		for goos, want := range map[string]string{"linux": c.posix, "windows": c.windows} {
			if got := shellWord(goos, c.in); got != want {
				t.Errorf("%s: %q is quoted as %s, want %s", goos, c.in, got, want)
			}
		}
	}
}
