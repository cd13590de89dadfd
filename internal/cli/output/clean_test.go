package output

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/qpimport/qpimport/internal/sheet"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"Zoë O'Connor, 田中 有希", "Zoë O'Connor, 田中 有希"},
		{"\x1b[2J\x07", "�[2J�"},
		{"a\r\nb\tc", "a��b�c"},
		{"\u202eabc\u2066", "�abc�"},
		{"a\u200bb\u00adc\ufeff", "a�b�c�"},
		{"\u0085\u009b", "��"},
		{"bad \xff byte", "bad � byte"},
		{"hangul filler \u3164", "hangul filler �"},
		{"\U000e0041 tag", "� tag"},
		{"a" + strings.Repeat("\u0301", 50) + "b", "a" + strings.Repeat("\u0301", maxMarks) + "b"},
		{"e\u0301", "e\u0301"},
		{"no\u00a0break", "no\u00a0break"},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// TestWriteCSV checks that a cell is cleaned before it is made safe: a spreadsheet
// may show what a terminal does not.
func TestWriteCSV(t *testing.T) {
	var b strings.Builder
	if err := WriteCSV(&b, [][]string{{"name", "note"}, {"\t=1", "=1+1"}, {"a\nb", "a, b"}}, true); err != nil {
		t.Fatal(err)
	}
	if want := "\ufeffname,note\n�=1,'=1+1\na�b,\"a, b\"\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// FuzzCell checks what must hold for any text in a cell: a terminal obeys
// nothing of it, a spreadsheet runs nothing of it, a row stays a row, and JSON
// gives every character back.
func FuzzCell(f *testing.F) {
	for _, s := range []string{"", "Zoë", "=1", "\x1b]0;x\x07", "a\nb", "\u202e", "x;+1", "\xff", "\U0001f600\u200d", "\"", "'", " \"=A1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range Clean(s) {
			if invisible(r) {
				t.Fatalf("%q lets %U through", s, r)
			}
		}
		cell := sheet.Escape(Clean(s))
		for _, part := range strings.Split(cell, ";") {
			if part = strings.TrimLeft(part, ` "`); part != "" {
				if r, _ := utf8.DecodeRuneInString(part); strings.ContainsRune("=+-@＝＋－＠", r) {
					t.Fatalf("%q is run as %q", s, part)
				}
			}
		}
		var row strings.Builder
		if err := WriteCSV(&row, [][]string{{"a", s, "b"}}, false); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(row.String())).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != 3 || rows[0][1] != cell {
			t.Fatalf("%q: the row is %q (%v)", s, rows, err)
		}
		line, err := Marshal(map[string]string{"k": s})
		if err != nil {
			t.Fatal(err)
		}
		lines, err := indented([]string{s}, "  ")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(line) + strings.Replace(string(lines), "\n", "", 2) {
			if invisible(r) {
				t.Fatalf("%q: JSON lets %U through", s, r)
			}
		}
		var back map[string]string
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("%q: %v in %s", s, err, line)
		}
		if utf8.ValidString(s) && back["k"] != s {
			t.Fatalf("%q came back as %q", s, back["k"])
		}
	})
}
