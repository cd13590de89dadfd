package input

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string // nil is an error
		err      string
	}{
		{"plain", "a\nb\n", []string{"a", "b"}, ""},
		{"CRLF, mark, comments, spaces", "\xef\xbb\xbf# who\r\n\r\n  a b \r\n#c\r\nd", []string{"a b", "d"}, ""},
		{"UTF-16", "\xff\xfea\x00\n\x00b\x00", []string{"a", "b"}, ""},
		{"a # inside a name stays", "CN=#1,DC=x", []string{"CN=#1,DC=x"}, ""},
		{"nobody", "\n# x\n", nil, "list names nobody"},
		{"every bad line", "a\n\xff\nb\n\xfe\xfe\n", nil, "list line 2: not UTF-8; list line 4: not UTF-8"},
	} {
		got, err := File{"list", []byte(c.in)}.Lines()
		if c.err == "" && (err != nil || !slices.Equal(got, c.want)) {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
		if c.err != "" && (err == nil || err.Error() != c.err) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.err)
		}
	}
}

func TestPairs(t *testing.T) {
	head := [2]string{"ad", "m365"}
	for _, c := range []struct {
		name, in string
		want     []Pair
		err      string
	}{
		{"header", "ad,m365\na,b\n", []Pair{{2, [2]string{"a", "b"}}}, ""},
		{"no header", "a,b\nc,d", []Pair{{1, [2]string{"a", "b"}}, {2, [2]string{"c", "d"}}}, ""},
		{"mark, CRLF, capitals, spaces, empty lines", "\xef\xbb\xbfAD, M365\r\n\r\n a , b \r\n", []Pair{{3, [2]string{"a", "b"}}}, ""},
		{"semicolons", "ad;m365\nCN=x;b", []Pair{{2, [2]string{"CN=x", "b"}}}, ""},
		{"a DN in quotes", "\"CN=x,DC=y\",b", []Pair{{1, [2]string{"CN=x,DC=y", "b"}}}, ""},
		{"nothing", "ad,m365\n", nil, "f holds no lines"},
		{"every bad line", "a\nb,c,d\n,e\nf,g\n", nil,
			"f line 1: want two columns, ad and m365, not 1; f line 2: want two columns, ad and m365, not 3; f line 3: ad or m365 is empty"},
		{"a quote without its end", "a,b\n\"c,d\n", nil, `f line 2: extraneous or missing " in quoted-field`},
		{"not UTF-8", "a,\xff\n", nil, "f line 1: not UTF-8"},
	} {
		got, err := File{"f", []byte(c.in)}.Pairs(head)
		if c.err == "" && (err != nil || !slices.Equal(got, c.want)) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
		if c.err != "" && (err == nil || err.Error() != c.err) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.err)
		}
	}
}

// FuzzInput checks that a list is read whole or not at all: no cell is empty or
// spans lines unquoted, and no line is lost silently.
func FuzzInput(f *testing.F) {
	for _, s := range []string{"a,b\n", "ad,m365\r\na,b", "\xff\xfea\x00", "\"a\nb\",c", "a;b\n", "#\n", "\xef\xbb\xbfa"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if names, err := (File{"f", raw}).Lines(); err == nil {
			for _, n := range names {
				if n == "" || n != strings.TrimSpace(n) || strings.Contains(n, "\n") || !utf8.ValidString(n) {
					t.Fatalf("the name %q", n)
				}
			}
		}
		if pairs, err := (File{"f", raw}).Pairs([2]string{"ad", "m365"}); err == nil {
			last := 0
			for _, p := range pairs {
				if p.Cells[0] == "" || p.Cells[1] == "" || p.Line <= last {
					t.Fatalf("the line %v after line %d", p, last)
				}
				last = p.Line
			}
		}
	})
}
