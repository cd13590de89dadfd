package source

import (
	"slices"
	"testing"
)

func TestSplitWords(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string // nil is an error
	}{
		{"op read x", []string{"op", "read", "x"}},
		{"  op   read\tx  ", []string{"op", "read", "x"}},
		{`op "a b" 'c d'`, []string{"op", "a b", "c d"}},
		{`op --x="a b"c`, []string{"op", "--x=a bc"}},
		{`op ''`, []string{"op", ""}},
		{`C:\tools\op.exe "it's"`, []string{`C:\tools\op.exe`, "it's"}},
		{`"C:\Program Files\op.exe" x`, []string{`C:\Program Files\op.exe`, "x"}},
		{`op "a`, nil},
		{`op 'a`, nil},
		{"", nil},
		{"   ", nil},
		{"'' x", nil},
	} {
		got, err := ParseReference("command:" + c.in)
		if (err != nil) != (c.want == nil) || !slices.Equal(got.Argv, c.want) {
			t.Errorf("%q: %q, %v; want %q", c.in, got.Argv, err, c.want)
		}
	}
}
