package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// TestSheets hands every kind of file that people fill in to the program in each
// encoding, with each separator and end of line that a spreadsheet may save it in:
// what is read is the same.
func TestSheets(t *testing.T) {
	const (
		hannah = "CN=Hannah Schäfer,OU=Engineering,OU=London,OU=Staff,DC=corp,DC=contoso,DC=example"
		jose   = "CN=José Álvarez,OU=São Paulo,OU=Staff,DC=corp,DC=contoso,DC=example"
	)
	exports, err := filepath.Abs("../../testdata/contoso")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for customer, mode := range map[string]string{"Contoso": "on", "Twin": "off"} {
		w.must(t, "customers", "create", customer)
		w.must(t, "directories", "connect", "ad", "-c", customer, "--file", filepath.Join(exports, "ad.ldif"))
		w.must(t, "directories", "connect", "m365", "-c", customer, "--file", filepath.Join(exports, "m365.json"))
		w.must(t, "import", "-c", customer, "--source", "ad", "--password-sync", mode, "--ou", "corp.contoso.example/Staff", "-r", "--all")
	}
	file := filepath.Join(t.TempDir(), "file")
	for _, kind := range []struct {
		name string
		args []string
		rows [][]string
		want string // in the result
	}{
		{"pairs", []string{"match", "-c", "Contoso", "--dry-run", "--pairs-file", file}, [][]string{
			{"ad", "m365"}, {hannah, "hannah.schafer@contoso.example"}, {jose, "jose.alvarez@contoso.example"},
		}, "Contoso: 2 would be matched"},
		{"pairs without a header", []string{"match", "-c", "Contoso", "--dry-run", "--pairs-file", file}, [][]string{
			{hannah, "hannah.schafer@contoso.example"}, {jose, "jose.alvarez@contoso.example"},
		}, "Contoso: 2 would be matched"},
		{"a review", []string{"match", "-c", "Contoso", "--dry-run", "--decisions", file}, [][]string{
			{"ad_id", "ad_name", "m365_id", "decision", "reason"},
			{hannah, "Hannah Schäfer", "hannah.schafer@contoso.example", "match", "sûr"},
			{jose, "José Álvarez", "hannah.schafer@contoso.example", "reject", "'=no"},
			{jose, "", "", "", ""},
		}, "Contoso: 2 decisions would be taken"},
		{"decisions", []string{"decisions", "import", "-c", "Contoso", file}, [][]string{
			{"decision", "ad_id", "m365_id", "reason", "ad_name", "m365_name"},
			{"reject", "9a3c2c2e-0000-4000-8000-000000000001", "9a3c2c2e-0000-4000-8000-000000000002", "sûr", "Jürgen", "Zoë"},
		}, "Contoso: 0 decisions taken, 1 unchanged"},
		{"e-mails", []string{"accounts", "set-email", "-c", "Twin", "--file", file}, [][]string{
			{"account", "email"}, {hannah, "hannah@contoso.example"}, {jose, "jose@contoso.example"},
		}, "nothing to change\nTwin: Hannah Schäfer (hschafer): hannah@contoso.example, active\nTwin: José Álvarez"},
		{"e-mails in a list of accounts", []string{"accounts", "set-email", "-c", "Twin", "--file", file}, [][]string{
			{"id", "display_name", "email", "state"}, {hannah, "Hannah Schäfer", "hannah@contoso.example", "active"}, {jose, "José Álvarez", "", "active"},
		}, "nothing to change\nTwin: Hannah Schäfer (hschafer): hannah@contoso.example, active\n"},
		{"users", []string{"import", "-c", "Twin", "--source", "ad", "--ou", "corp.contoso.example/Staff", "-r", "--dry-run", "--users-file", file}, [][]string{
			{hannah}, {"# nobody else"}, {jose},
		}, "2 unchanged, 0 skipped"},
		{"users in a list", []string{"import", "-c", "Twin", "--source", "ad", "--ou", "corp.contoso.example/Staff", "-r", "--dry-run", "--users-file", file}, [][]string{
			{"note", "user"}, {"sûr", hannah}, {"", jose},
		}, "2 unchanged, 0 skipped"},
		{"customers", []string{"customers", "import", "csv", "--dry-run", file}, [][]string{
			{"name", "itglue", "m365"}, {"Müller & Söhne", "0123", ""}, {"Zoë; Ltd, \"Zed\"", "", "t-1"},
		}, "csv: 2 customers listed, 2 would be created"},
	} {
		t.Run(kind.name, func(t *testing.T) {
			save := func(raw string) {
				if err := os.WriteFile(file, []byte(raw), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			variants := sheetVariants(t, kind.rows)
			save(variants["UTF-8, comma"])
			w.run(t.Context(), kind.args...) // what is written is written the first time
			want := w.must(t, kind.args...)
			if !strings.Contains(want, kind.want) {
				t.Fatalf("the result is\n%s\nwant %q in it", want, kind.want)
			}
			for name, raw := range variants {
				save(raw)
				if status, got, errText := w.run(t.Context(), kind.args...); status != 0 || got != want {
					t.Errorf("%s: exit status %d\n%s%s\nwant\n%s", name, status, got, errText, want)
				}
			}
		})
	}
}

// sheetVariants are rows as spreadsheets save them. The ends of lines take turns.
func sheetVariants(t *testing.T, rows [][]string) map[string]string {
	t.Helper()
	ends := []string{"\n", "\r\n", "\r"}
	variants := map[string]string{}
	for _, separator := range []struct {
		name, above string
		comma       rune
	}{
		{"comma", "", ','},
		{"semicolon", "", ';'},
		{"tab", "", '\t'},
		{"told", "sep=|\n", '|'},
	} {
		var b strings.Builder
		b.WriteString(separator.above)
		c := csv.NewWriter(&b)
		c.Comma = separator.comma
		if err := c.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		for _, code := range []struct {
			name string
			by   encoding.Encoding
		}{
			{"UTF-8", unicode.UTF8},
			{"UTF-8 with its mark", unicode.UTF8BOM},
			{"UTF-16, little end first", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
			{"UTF-16, big end first", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
			{"UTF-16 without its mark", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
			{"UTF-16 without its mark, big end first", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
			{"Windows-1252", charmap.Windows1252},
		} {
			raw, err := code.by.NewEncoder().String(strings.ReplaceAll(b.String(), "\n", ends[len(variants)%len(ends)]))
			if err != nil {
				t.Fatal(err)
			}
			variants[code.name+", "+separator.name] = raw
		}
	}
	return variants
}
