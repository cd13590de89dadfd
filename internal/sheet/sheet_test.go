package sheet

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// hasName fits a header with a column name.
func hasName(first Row) bool { return slices.Contains(first.Cells, "name") }

func readAll(data string) ([]Row, error) {
	text, err := Decode([]byte(data))
	if err != nil {
		return nil, err
	}
	return Read(text, hasName)
}

func TestRead(t *testing.T) {
	want := []Row{{1, []string{"name", "id"}}, {2, []string{"Müller, Jörg", "=1"}}}
	below := []Row{{2, want[0].Cells}, {3, want[1].Cells}}
	for _, c := range []struct {
		name, in string
		want     []Row
	}{
		{"comma", "name,id\n\"Müller, Jörg\",'=1\n", want},
		{"semicolon", "name;id\r\nMüller, Jörg;=1", want},
		{"tab", "name\tid\r\nMüller, Jörg\t=1\r\n", want},
		{"white space", "name , id\n \n", []Row{{1, []string{"name", "id"}}}},
		{"nothing but separators", "name,id\n,,\n", []Row{{1, []string{"name", "id"}}}},
		{"the separator told to Excel", "\ufeffsep=;\r\nname;id\r\nMüller, Jörg;=1", below},
		{"a told one that is rare", "SEP=|\nname|id\nMüller, Jörg|=1\n", below},
		{"the type that Export-Csv names", "#TYPE System.Object\r\n\"name\",\"id\"\r\n\"Müller, Jörg\",\"=1\"\r\n", below},
		{"lines of an old Mac", "name;id\rMüller, Jörg;=1\r", want},
		{"a line break in quotes", "name,id\n\"a\nb\",1\nc,2\n", []Row{{1, []string{"name", "id"}}, {2, []string{"a\nb", "1"}}, {4, []string{"c", "2"}}}},
		{"commas in a header", "name;a,b,c\n1;2\n", []Row{{1, []string{"name", "a,b,c"}}, {2, []string{"1", "2"}}}},
		{"a column of the name sep", "sep=x,name\n", []Row{{1, []string{"sep=x", "name"}}}},
		{"empty", "\n\n", nil},
	} {
		got, err := readAll(c.in)
		if err != nil || !slices.EqualFunc(got, c.want, func(a, b Row) bool { return a.Line == b.Line && slices.Equal(a.Cells, b.Cells) }) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

// TestReadDamaged returns what is sure, and says where it ends.
func TestReadDamaged(t *testing.T) {
	rows, err := readAll("name,id\na,1\n\"b,2\nc,3\n")
	var damaged *Error
	if !errors.As(err, &damaged) || damaged.Line != 3 || len(rows) != 2 {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestMostOften(t *testing.T) {
	for text, want := range map[string]rune{
		"a,b;c,d\n;;;;": ',', "a;b,c;d": ';', "a\tb": '\t', "\"a,b,c\";d": ';', "name": ',', "\r\na;b": ';', "": ',',
	} {
		if got := mostOften(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"name,id\na,1", "sep=;\r\nname;id", "#TYPE x\nname\n", "\xff\xfea\x00", "\"a\nb\",c", "\xe4;b", "name\ta"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		rows, _ := readAll(data)
		last := 0
		for _, r := range rows {
			if r.Line <= last || r.Filled() == 0 {
				t.Fatalf("the row %v after line %d", r, last)
			}
			last = r.Line
			for _, cell := range r.Cells {
				if cell != strings.TrimSpace(cell) || !utf8.ValidString(cell) {
					t.Fatalf("the cell %q", cell)
				}
			}
		}
	})
}
