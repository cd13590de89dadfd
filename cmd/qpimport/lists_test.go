package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestListsOfPeople hands every list of people that a command writes, in each form, to
// every command that takes one.
func TestListsOfPeople(t *testing.T) {
	exports, err := filepath.Abs("../../testdata/contoso")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.must(t, "customers", "create", "Contoso")
	w.env[envCustomer] = "Contoso"
	w.must(t, "directories", "connect", "ad", "--file", filepath.Join(exports, "ad.ldif"))
	w.must(t, "directories", "connect", "m365", "--file", filepath.Join(exports, "m365.json"))
	w.must(t, "import", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff/London", "-r", "--all")
	w.must(t, "import", "--source", "ad", "--ou", "corp.contoso.example/Staff/Osaka", "-r", "--all")
	file := filepath.Join(t.TempDir(), "list")
	inputs := map[string][]string{
		"import":          {"import", "--source", "ad", "--dry-run", "--users-file", file},
		"passwords reset": {"passwords", "reset", "--dry-run", "--show", "--users-file", file},
		"mark":            {"invitations", "--dry-run", "--mark-file", file},
	}
	known := map[string]string{
		"import":          "Contoso, from Active Directory",
		"passwords reset": "no Active Directory connected that may set passwords", // who they are was found out before
		"mark":            "would be marked as done: ",
	}
	type list struct {
		name, text string
		without    map[string]string // what an input says of it that it cannot use
	}
	var lists []list
	for _, output := range []struct {
		args    []string
		without map[string]string
	}{
		{[]string{"users", "--source", "ad", "--ou", "corp.contoso.example/Staff/London", "-r"}, nil},
		{[]string{"users", "--source", "ad", "--ou", "corp.contoso.example/Warehouse"}, map[string]string{
			"passwords reset": "list, by id)", "mark": "left out as no account of Contoso: hlarsen",
		}},
		{[]string{"accounts"}, nil},
		{[]string{"import", "--source", "ad", "--ou", "corp.contoso.example/Staff/London", "-r", "--all"}, nil},
		{[]string{"passwords", "status"}, nil},
		{[]string{"invitations", "--app", "web"}, nil},
		{[]string{"match", "--auto", "--by", "evidence", "--ou", "corp.contoso.example/Staff/Osaka", "--dry-run"}, nil},
	} {
		for _, format := range []string{"csv", "jsonl", "json"} {
			_, text, errText := w.run(t.Context(), append(output.args, "-o", format)...)
			if text == "" {
				t.Fatalf("%q: %s", output.args, errText)
			}
			lists = append(lists, list{strings.Join(output.args, " ") + " -o " + format, text, output.without})
		}
	}
	w.must(t, "match", "--auto", "--by", "evidence")
	for _, l := range lists {
		if err := os.WriteFile(file, []byte(l.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for input, args := range inputs {
			want := known[input]
			if other, ok := l.without[input]; ok {
				want = other
			}
			if status, out, errText := w.run(t.Context(), args...); !strings.Contains(out+errText, want) {
				t.Errorf("%s for %s: exit status %d\n%.300s\n%.600s\nwant %q", l.name, input, status, out, errText, want)
			}
		}
	}
}
