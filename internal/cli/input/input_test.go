package input

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func file(text string) File { return File{"f", []byte(text)} }

// check compares an answer, or the error where one is wanted.
func check[T comparable](t *testing.T, name string, got []T, err error, want []T, wantErr string) {
	t.Helper()
	switch {
	case wantErr != "" && (err == nil || err.Error() != wantErr):
		t.Errorf("%s: error %v, want %s", name, err, wantErr)
	case wantErr == "" && (err != nil || !slices.Equal(got, want)):
		t.Errorf("%s: %v, %v; want %v", name, got, err, want)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
		err      string
	}{
		{"plain", "a\nb\n", []string{"a", "b"}, ""},
		{"CRLF, mark, comments, spaces", "\xef\xbb\xbf# who\r\n\r\n  a b \r\n#c\r\nd", []string{"a b", "d"}, ""},
		{"UTF-16", "\xff\xfea\x00\n\x00b\x00", []string{"a", "b"}, ""},
		{"Windows-1252", "j\xfcrgen\nzo\xeb\n", []string{"jürgen", "zoë"}, ""},
		{"a # inside a name stays", "CN=#1,DC=x", []string{"CN=#1,DC=x"}, ""},
		{"quotes", "\"CN=x,DC=y\"\n\"a \"\"b\"\"\"\n\"\n", []string{"CN=x,DC=y", `a "b"`, `"`}, ""},
		{"a separator told above it", "sep=;\r\na\r\nCN=x;y,DC=z\r\n", []string{"a", "CN=x;y,DC=z"}, ""},
		{"somebody called id", "id\nmail\n", []string{"id", "mail"}, ""},
		{"a list that users wrote", "source,id,display_name\nad,1,Ann\nad,2,Bob\n", []string{"1", "2"}, ""},
		{"a spreadsheet of one's own", "Note;User;\n;ann;\n# not now;bob;\nnew;carl;\n", []string{"ann", "carl"}, ""},
		{"Export-Csv", "#TYPE Selected.User\r\n\"SamAccountName\"\r\n\"ann\"\r\n", []string{"ann"}, ""},
		{"a table of PowerShell", "\r\nSamAccountName\r\n--------------\r\nann           \r\nbob           \r\n", []string{"ann", "bob"}, ""},
		{"an id in place of an address", "email,account\n,8028e2e4-c077-5818-81cf-813bfdf9c43d\na@x,7\n", []string{"8028e2e4-c077-5818-81cf-813bfdf9c43d", "7"}, ""},
		{"JSON, one a line", "{\"id\": \"1\"}\n{\"id\": \"2\", \"n\": [1]}\n", []string{"1", "2"}, ""},
		{"a document, with users inside", "{\"schema\": 1, \"pairs\": [{\"ad\": {\"id\": \"1\"}}], \"free\": [{\"id\": \"2\"}]}", []string{"1", "2"}, ""},
		{"an id in braces", "{8028e2e4-c077-5818-81cf-813bfdf9c43d}\n", []string{"{8028e2e4-c077-5818-81cf-813bfdf9c43d}"}, ""},
		{"JSON without a name", "[{\"id\": \"1\", \"x\": \"\"},\n{\"x\": \"2\"}]", nil, "f line 2: id is empty"},
		{"a web page", " <html>", nil, "f is XML or a web page, and no list of people"},
		{"nobody", "\n# x\n", nil, "f names nobody"},
		{"nobody in a sheet", "id,user\n", nil, "f names nobody"},
		{"a column twice", "user,User\na,b\n", nil, "f line 1: 2 columns are headed user"},
		{"no text", "a\x00b\n", nil, "f is not text in UTF-8, UTF-16 or Windows-1252"},
		{"damaged", "jürgen\nzoë\nj\xf6rg\n", nil, "f line 3: a byte is not UTF-8, as the rest of the file is"},
		{"every bad line", "user,note\na,b,c\n,d\nx,y\n\"z,\n", nil,
			"f line 2: there are more cells than columns\nf line 3: user is empty\nf line 5: extraneous or missing \" in quoted-field"},
	} {
		got, err := file(c.in).Names(nil)
		check(t, c.name, got.Names, err, c.want, c.err)
	}
}

func TestPairs(t *testing.T) {
	ab := [2]string{"a", "b"}
	for _, c := range []struct {
		name, in string
		want     []Pair
		err      string
	}{
		{"header", "ad,m365\na,b\n", []Pair{{2, ab}}, ""},
		{"no header", "a,b\nc,d", []Pair{{1, ab}, {2, [2]string{"c", "d"}}}, ""},
		{"mark, CRLF, capitals, spaces, empty lines", "\xef\xbb\xbfAD, M365\r\n\r\n a , b \r\n", []Pair{{3, ab}}, ""},
		{"semicolons", "ad;m365\nCN=x;b", []Pair{{2, [2]string{"CN=x", "b"}}}, ""},
		{"semicolons and a DN", "CN=x,OU=y,DC=z;b", []Pair{{1, [2]string{"CN=x,OU=y,DC=z", "b"}}}, ""},
		{"a DN in quotes", "\"CN=x,DC=y\",b", []Pair{{1, [2]string{"CN=x,DC=y", "b"}}}, ""},
		{"tabs", "a\tb\n", []Pair{{1, ab}}, ""},
		{"empty cells of a spreadsheet", "a,b,,\n,,,\n", []Pair{{1, ab}}, ""},
		{"the other way round", "m365,ad\nb,a\n", []Pair{{2, ab}}, ""},
		{"another name, columns beside them", "note,M365,login\nx,b,a\n,,c\n", []Pair{{2, ab}}, ""},
		{"a formula made safe", "a,'=b\n", []Pair{{1, [2]string{"a", "=b"}}}, ""},
		{"nothing", "ad,m365\n", nil, "f holds no lines"},
		{"nothing filled in", "ad,note,m365\na,x,\n", nil, "f: no line has the m365 filled in"},
		{"a column twice", "ad,m365,M365\na,b,c\n", nil, "f line 1: 2 columns are headed m365"},
		{"every bad line", "a\nb,c,d\n,e\nf,g\n", []Pair{{4, [2]string{"f", "g"}}},
			"f line 1: want two columns, ad and m365, not 1\nf line 2: want two columns, ad and m365, not 3\nf line 3: ad is empty"},
		{"every bad line of many columns", "ad,note,m365\na,x,b,y\n,x,b\n", nil,
			"f line 2: there are more cells than columns\nf line 3: ad is empty"},
		{"a quote without its end", "a,b\n\"c,d\n", nil, `f line 2: extraneous or missing " in quoted-field`},
		{"no text", "a,b\x00\n", nil, "f is not text in UTF-8, UTF-16 or Windows-1252"},
	} {
		got, err := file(c.in).Pairs(nil, Column{"ad", "login"}, Column{"m365"})
		check(t, c.name, got.Pairs, err, c.want, c.err)
	}
	if got, err := file("ad,note,m365\na,x,b\nc,y,\nd\n").Pairs(nil, Column{"ad"}, Column{"m365"}); err != nil || got.Unfilled != 2 || !got.Wide {
		t.Errorf("%+v, %v; want 2 not filled in", got, err)
	}
	if got, err := file("Note,ad,m365,size\n,a,b\ny,c,d,9\n").Pairs(nil, Column{"ad"}, Column{"m365"}, "note", "size", "age"); err != nil ||
		!reflect.DeepEqual(got.Beside, []map[string]string{{"note": "", "size": ""}, {"note": "y", "size": "9"}}) {
		t.Errorf("%+v, %v; want the cells beside", got, err)
	}
}

// FuzzInput checks that a list is read whole or not at all: no cell is empty, and no
// line is lost silently.
func FuzzInput(f *testing.F) {
	for _, s := range []string{"a,b\n", "ad,m365\r\na,b", "\xff\xfea\x00", "\"a\nb\",c", "a;b\n", "#\n", "\xef\xbb\xbfa", "user;x\na;b", "sep=|\na|b", `{"schema": 1, "a": [{"id": "1", "ad": [{"id": "2"}]}]}`, "[ {\"id\" : \"1\"}\n]", `{"id":"1"}{"id":{}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if found, err := file(text).Names(nil); err == nil {
			for _, n := range found.Names {
				if n == "" || !utf8.ValidString(n) {
					t.Fatalf("the name %q", n)
				}
			}
			if !beginsJSON.MatchString(text) && len(found.Names) > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
				t.Fatalf("%q of %q", found.Names, text)
			}
		}
		if pairs, err := file(text).Pairs(nil, Column{"ad"}, Column{"m365"}); err == nil {
			last := 0
			for _, p := range pairs.Pairs {
				if p.Cells[0] == "" || p.Cells[1] == "" || p.Line < last || p.Line == last && !beginsJSON.MatchString(text) {
					t.Fatalf("the line %v after line %d", p, last)
				}
				last = p.Line
			}
		}
	})
}
