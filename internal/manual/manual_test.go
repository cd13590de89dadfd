//go:build !windows

// The manual is made where releases are, with a program built for that system; Wine has no
// Go to build one.

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestSameTextAsHelp writes the manual of the program as it is now: there is a page for
// each command and task that completion knows, and in each format every line of its help
// stands on its page, in the same order.
func TestSameTextAsHelp(t *testing.T) {
	program := filepath.Join(t.TempDir(), "qpimport")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/qpimport").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	folder := t.TempDir()
	if err := run(t.Context(), []string{program, folder}, "1790000000"); err != nil {
		t.Fatal(err)
	}
	pages := append(completed(t, program, []string{"qpimport"}), []string{"qpimport", "help"}) // which is not offered after "help"
	if len(pages) < 60 {
		t.Fatalf("only %d commands were found", len(pages))
	}
	for _, f := range formats {
		files, err := os.ReadDir(filepath.Join(folder, f.name))
		if err != nil || len(files) != len(pages) {
			t.Errorf("%s: %d pages for %d commands and tasks (%v)", f.name, len(files), len(pages), err)
		}
	}
	for _, words := range pages {
		help, err := output(t.Context(), program, append([]string{"help"}, words[1:]...)...)
		if err != nil {
			t.Fatal(err)
		}
		p := page{words: words, topic: !strings.Contains(help, "\nUsage:\n")}
		for _, f := range formats {
			text, err := os.ReadFile(filepath.Join(folder, f.name, p.name()+f.extension(p)))
			if err != nil {
				t.Error(err)
				continue
			}
			read := strings.Join(strings.Fields(unmark[f.name](t, string(text))), " ")
			for _, line := range textAndFlags(help) {
				line = strings.Join(strings.Fields(line), " ")
				_, after, found := strings.Cut(read, line)
				if !found {
					t.Errorf("%s as %s lacks, or has in another place: %s", p.name(), f.name, line)
					break
				}
				read = after
			}
		}
	}
}

// completed are the words of a command and of all below it, which completion of "help"
// offers.
func completed(t *testing.T, program string, words []string) [][]string {
	t.Helper()
	all := [][]string{words}
	out, err := output(t.Context(), program, slices.Concat([]string{"__complete", "help"}, words[1:], []string{""})...)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(out, "\n") {
		if name, _, found := strings.Cut(line, "\t"); found {
			all = append(all, completed(t, program, append(slices.Clone(words), name))...)
		}
	}
	return all
}

// textAndFlags are the lines of the text and on the flags: what no format leaves out or
// puts elsewhere.
func textAndFlags(help string) []string {
	text, rest, _ := strings.Cut(help, "\nUsage:\n")
	lines := strings.Split(text, "\n")
	for _, title := range []string{"\nFlags:\n", "\nGlobal Flags:\n"} {
		if _, body, found := strings.Cut(rest, title); found {
			body, _, _ = strings.Cut(body, "\n\n")
			lines = append(lines, strings.Split(body, "\n")...)
		}
	}
	return slices.DeleteFunc(lines, func(l string) bool { return l == exitStatus })
}

// unmark is the text of a page as somebody reads it.
var unmark = map[string]func(t *testing.T, page string) string{
	"man": func(_ *testing.T, page string) string {
		page = regexp.MustCompile(`(?m)^\..*\n`).ReplaceAllString(page, "")
		return strings.NewReplacer(`\fB`, "", `\fR`, "", `\&`, "", `\e`, `\`, `\-`, "-", `\(aq`, "'", `\(ga`, "`", `\(ha`, "^", `\(ti`, "~").Replace(page)
	},
	"markdown": func(_ *testing.T, page string) string {
		var out []string
		verbatim := false
		for _, line := range strings.Split(page, "\n") {
			switch {
			case line == "```":
				verbatim = !verbatim
			case verbatim:
				out = append(out, line)
			default:
				out = append(out, inline(line, "`"))
			}
		}
		return strings.Join(out, "\n")
	},
	"rest": func(_ *testing.T, page string) string {
		var out []string
		for _, line := range strings.Split(page, "\n") {
			switch {
			case line == "::":
			case strings.HasPrefix(line, "  "):
				out = append(out, line)
			default:
				out = append(out, inline(line, "``"))
			}
		}
		return strings.Join(out, "\n")
	},
	"yaml": func(t *testing.T, page string) string {
		var d yamlDocument
		if err := yaml.Unmarshal([]byte(page), &d); err != nil {
			t.Fatal(err)
		}
		out := []string{d.Description}
		for _, o := range slices.Concat(d.Options, d.InheritedOptions) {
			head := "--" + o.Name + " " + o.Value
			if o.Shorthand != "" {
				head = "-" + o.Shorthand + ", " + head
			}
			if !strings.Contains(o.Usage, o.DefaultValue) {
				t.Errorf("--%s has the default %q, and says %s", o.Name, o.DefaultValue, o.Usage)
			}
			out = append(out, head, o.Usage)
		}
		return strings.Join(out, "\n")
	},
}

// inline takes the marks out of a line: those round the head of a flag, and backslashes.
func inline(line, code string) string {
	head, rest := "", line
	if after, found := strings.CutPrefix(line, "- "+code); found {
		head, rest, _ = strings.Cut(after, code)
	}
	return head + regexp.MustCompile(`\\(.)`).ReplaceAllString(rest, "$1")
}

// TestMarks shows text that means something to one of the formats.
func TestMarks(t *testing.T) {
	p := page{
		words:    []string{"qpimport", "odd"},
		short:    "Odd *text*",
		text:     ".dot first, a \\ and it's `x_y` ~ ^\n\n  '--verbatim'   *stays*\n\n" + exitStatus + "\n  0  done",
		sections: []section{{"Usage", "qpimport odd [flags]"}, {"Flags", `-o, --output FORM   a <FORM> (default "a_b")`}},
	}
	b := book{version: "1.0.0-rc.1", date: "2026-01-02", pages: []page{{words: []string{"qpimport"}, short: "All"}, p}}
	for name, want := range map[string][]string{
		"man": {
			`.TH "QPIMPORT\-ODD" "1" "2026-01-02" "qpimport 1.0.0\-rc.1" "qpimport manual"`, `qpimport\-odd \- Odd *text*`, "\n" + `\&.dot first, a \e and it\(aqs \(gax_y\(ga \(ti \(ha`,
			".nf\n  \\(aq\\-\\-verbatim\\(aq   *stays*\n.fi", ".SH EXIT STATUS\n.nf\n  0  done\n.fi", ".TP\n\\fB\\-o, \\-\\-output FORM\\fR\na <FORM> (default \"a_b\")", ".BR qpimport (1)\n",
		},
		"markdown": {`Odd \*text\*`, ".dot first, a \\\\ and it's \\`x\\_y\\` \\~ ^", "```\n  '--verbatim'   *stays*\n```", "- `-o, --output FORM` a \\<FORM\\> (default \"a\\_b\")", "- [qpimport](qpimport.md) All"},
		"rest":     {"qpimport odd\n============\n", "::\n\n    '--verbatim'   *stays*\n", "- ``-o, --output FORM`` a <FORM> (default \"a\\_b\")", "- `qpimport <qpimport.rst>`_ All"},
		"yaml":     {"name: qpimport odd\n", "- name: output\n  shorthand: o\n  value: FORM\n  default_value: a_b\n", `- "qpimport - All"`},
	} {
		i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
		got, err := formats[i].write(b, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s lacks %s\n%s", name, w, got)
			}
		}
	}
}
