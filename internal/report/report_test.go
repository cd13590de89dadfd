package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func adUser(n int) importer.User {
	return importer.User{
		Source: source.AD, ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Username: fmt.Sprintf("mmustermann%d", n), UPN: fmt.Sprintf("mmustermann%d@corp.contoso.example", n),
		DisplayName: fmt.Sprintf("Maximiliane Mustermann %d", n), OU: "OU=Sales,OU=London,OU=Staff,DC=corp,DC=contoso,DC=example", Enabled: source.Yes, Imported: true,
	}
}

func mailboxOf(u importer.User, n int) importer.User {
	u.Source, u.OU, u.Email = source.M365, "", fmt.Sprintf("maximiliane.mustermann%d@contoso.example", n)
	return u
}

func evidence(texts ...string) []match.Evidence {
	list := []match.Evidence{}
	for _, t := range texts {
		list = append(list, match.Evidence{Rule: "name", Weight: 3, AD: "Maximiliane", M365: "Max", Text: t})
	}
	return list
}

// company is a report of so many people: so many pairs and open cases, a few of
// whom left, and where changed is true everybody's change since the last report.
func company(pairs, open int, changed bool) importer.Report {
	since := noon.AddDate(0, -1, 0)
	r := importer.Report{
		Customer: "Contoso", CustomerID: "c", At: noon, Since: &since, LastRun: 12, PasswordSync: registry.ModeOn, Light: importer.Red, ChangesComplete: true,
		Lights: []importer.ReportLight{
			{Code: "directories", Light: importer.Green, Count: 2, Text: "read whole, and lately"},
			{Code: "matching", Light: importer.Yellow, Count: pairs, Of: pairs + open, Text: fmt.Sprintf("%d are to be matched", open)},
			{Code: "leavers", Light: importer.Red, Count: 1, Text: "left, and the mailbox is open"},
			{Code: "privileges", Light: importer.Grey, Text: "held back"},
		},
		Sources:      []importer.ReportSource{{Source: source.AD, Transport: "ldaps", Where: "ldaps://dc1.corp.contoso.example", Identity: "S-1-5-21-1-2-3", ReadAt: &noon, People: pairs + open}},
		PowerUnknown: []source.Kind{source.M365},
		Runs:         []importer.ReportRun{{ID: 12, At: noon, Command: "match --auto --by evidence", Counts: importer.RunCounts{Updated: pairs}}},
	}
	for i := range pairs {
		u := adUser(i)
		r.Pairs = append(r.Pairs, importer.MatchedPair{AD: u, M365: mailboxOf(u, i), Reason: []string{"display_name", "evidence", "manual"}[i%3], Confidence: 0.99, Evidence: evidence("the names agree", "the telephone agrees")})
	}
	for i := range open {
		u := adUser(pairs + i)
		c := importer.OpenCase{Kind: importer.OpenReview, User: u, Reason: "not_proven", Text: match.ReasonText("not_proven"), Settle: []string{"enter the employee id in both directories", "decide by hand"}}
		if i%2 == 1 {
			c.Settle = append(c.Settle, "enter the mailbox's address as mail in AD")
		}
		for j := range 3 {
			c.Candidates = append(c.Candidates, importer.MatchCandidate{M365: mailboxOf(u, i+j), Confidence: 0.6, Evidence: evidence("the names agree"), Against: evidence("the departments differ")})
		}
		r.Open = append(r.Open, c)
	}
	if pairs > 0 {
		r.Leavers = []importer.Leaver{{AD: adUser(0), Mailbox: mailboxOf(adUser(0), 0), Status: "disabled", Since: &noon, KnownBy: importer.KnownByPair, New: true}}
		r.Privileged = []importer.ReportPrivileged{{User: adUser(1), Standing: importer.PowerRisen, Paths: []string{"Domain Admins ← IT Staff ← mmustermann1"}, Since: &noon, New: true}}
	}
	for i := range pairs + open {
		if !changed {
			break
		}
		what := importer.ReportChange{Account: fmt.Sprint(i), DisplayName: adUser(i).DisplayName, What: importer.OutcomeImported}
		if i%10 == 0 {
			what.What = "email"
			what.Fields = []importer.ReportField{{Name: "e-mail", Before: fmt.Sprintf("old%d@contoso.example", i), After: mailboxOf(adUser(i), i).Email}}
		}
		r.Changes = append(r.Changes, what)
	}
	return r
}

func render(t *testing.T, r importer.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// outline is the skeleton of a page: its headings, lists, and tables with their
// heads and the number of their rows.
func outline(t *testing.T, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	text := func(n *html.Node) string {
		var b strings.Builder
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				b.WriteString(d.Data)
			}
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	count := func(n *html.Node, tag string) (found []*html.Node) {
		for d := range n.Descendants() {
			if d.Type == html.ElementNode && d.Data == tag {
				found = append(found, d)
			}
		}
		return found
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "title", "h1", "h2", "h3":
			lines = append(lines, n.Data+" "+text(n))
		case "table":
			var heads []string
			for _, h := range count(n, "th") {
				heads = append(heads, text(h))
			}
			rows := count(n, "tr")
			for _, row := range rows[1:] {
				if len(count(row, "td")) != len(heads) {
					t.Errorf("a row of %q has %d cells: %s", heads, len(count(row, "td")), text(row))
				}
			}
			lines = append(lines, fmt.Sprintf("table %s: %d", strings.Join(heads, ", "), len(rows)-1))
		case "ul":
			lines = append(lines, fmt.Sprintf("list: %d", len(count(n, "li"))))
		case "div":
			if slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "class" && strings.HasPrefix(a.Val, "tile ") }) {
				lines = append(lines, "tile "+text(n))
			}
		}
	}
	return lines
}

func TestOutline(t *testing.T) {
	got := outline(t, render(t, company(4, 3, true)))
	want := []string{
		"title Contoso: user report", "h1 Contoso",
		"tile Directories● good2read whole, and lately",
		"tile Paired▲ open4 of 73 are to be matched",
		"tile Leavers■ act now1left, and the mailbox is open",
		"tile Privileged○ not known0held back",
		"h2 People who left, and whose mailbox is open", "table Person, Mailbox, In AD, Known by: 1",
		"h2 People with power over a directory", "table Person, By, Standing: 1",
		"h2 Open cases", "h3 To be decided (3)", "list: 2", "table Person, Mailboxes that may be the one: 3",
		"h2 What changed since 1 Feb 2026",
		"h3 Another address (1)", "table Person, Before and after: 1", "h3 Imported (6)", "list: 6",
		"h3 What was done (1)", "table When, What, Changes: 1",
		"h2 Pairs",
		"h3 The display names are the same, and nobody else on either side has it (2)", "table Person, User name, Mailbox: 2",
		"h3 Independent identifiers agree, and so does the name (1)", "table Person, User name, Mailbox: 1",
		"h3 Paired by hand (1)", "table Person, User name, Mailbox: 1",
		"h2 Where this comes from", "table Directory, By way of, Read, Users: 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the page has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	first := company(0, 0, false)
	first.Since, first.Runs, first.Sources = nil, nil, nil
	page := render(t, first)
	for _, want := range []string{"Nobody waits for anything.", "This is the first report.", "none is connected", "This page holds personal data.",
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a new customer has no %q", want)
		}
	}
	outline(t, page)
	first.Redacted = true
	if page := render(t, first); strings.Contains(page, "personal data") || !strings.Contains(page, "names and addresses are hidden") {
		t.Error("a redacted page does not say so")
	}
}

func TestSize(t *testing.T) {
	const most = 200_000
	for name, r := range map[string]importer.Report{
		"all paired, all changed":    company(1000, 0, true),
		"most paired, some open":     company(900, 100, true),
		"all open":                   company(0, 1000, false),
		"half open, imported lately": company(500, 500, true),
	} {
		if page := render(t, r); len(page) > most {
			t.Errorf("%s: %d bytes for 1,000 people", name, len(page))
		} else {
			t.Logf("%s: %d bytes", name, len(page))
		}
	}
}

// hostile texts are what a directory may hold.
var hostile = []string{
	`<script>window.pwned=1</script>`, `"><img src="http://127.0.0.1:9/x" onerror="window.pwned=1">`, `' onmouseover='window.pwned=1`,
	`</style></title></table><svg onload=window.pwned=1>`, `javascript:window.pwned=1`, `{{.}}{{template "report"}}`, `<!--`, `&lt;script&gt;`,
	"\u202eevil\u202c\u2066", "\x1b[2J\x1b]0;x\x07", "\u200b", strings.Repeat("W", 10_000), strings.Repeat("שלום ", 2_000), "a" + strings.Repeat("\u0301", 500),
	"[x](http://evil.example) | ![y](http://evil.example/z)", "http://evil.example www.evil.example", "line\nfeed | # no heading", "CN=\\,x,OU=<b>,DC=x", "=cmd|'/c calc'!A1", "",
}

// fill puts hostile texts wherever a value has room for text.
func fill(v reflect.Value, next *int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile[*next%len(hostile)])
		*next++
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	case reflect.Slice:
		n := 3
		if v.Type().Elem() == reflect.TypeFor[importer.MatchedPair]() || v.Type().Elem() == reflect.TypeFor[importer.OpenCase]() {
			n = 2 * len(hostile)
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), next)
			*next++ // so that the same field of the next one has another text
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(noon))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), next)
			}
		}
	}
}

// hostileReport has a hostile text in every place, and the words that the program
// itself chooses where it chooses them.
func hostileReport() importer.Report {
	var r importer.Report
	next := 0
	fill(reflect.ValueOf(&r).Elem(), &next)
	r.Light, r.Redacted = importer.Red, false
	for i := range r.Lights {
		r.Lights[i].Light, r.Lights[i].Code = importer.Yellow, "matching"
	}
	for i := range r.Open {
		r.Open[i].Kind = []string{importer.OpenReview, importer.OpenAmbiguous, importer.OpenUnmatched, importer.OpenEmail}[i%4]
	}
	for i := range r.Pairs {
		r.Pairs[i].Reason = "manual"
	}
	r.PowerUnknown = []source.Kind{source.AD}
	return r
}

func TestHostile(t *testing.T) {
	page := render(t, hostileReport())
	for _, bad := range []string{"<script", "<img", "<svg", "\x1b", "\u202e", "\u2066", "\u200b"} {
		if strings.Contains(strings.ToLower(page), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	outline(t, page)
	var b bytes.Buffer
	if err := Markdown(&b, hostileReport()); err != nil {
		t.Fatal(err)
	}
	unescaped := strings.NewReplacer(`\\`, "", `\<`, "", `\[`, "", `\]`, "").Replace(b.String())
	for _, bad := range []string{"<", "[", "]", "\x1b", "\u202e", "http://", " www.", "line\nfeed"} {
		if strings.Contains(unescaped, bad) {
			t.Errorf("the Markdown has %q", bad)
		}
	}
}

// TestLongNames has everybody called something of 10,000 letters.
func TestLongNames(t *testing.T) {
	r := company(50, 50, true)
	long := strings.Repeat("W", 10_000)
	name := func(users ...*importer.User) {
		for _, u := range users {
			u.DisplayName, u.Username, u.Email, u.OU = long, long, long, "OU="+long
		}
	}
	for i := range r.Pairs {
		name(&r.Pairs[i].AD, &r.Pairs[i].M365)
	}
	for i := range r.Open {
		name(&r.Open[i].User, &r.Open[i].Candidates[0].M365)
	}
	for i := range r.Changes {
		r.Changes[i].DisplayName = long
	}
	var b bytes.Buffer
	if err := Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	for kind, text := range map[string]string{"page": render(t, r), "Markdown": b.String()} {
		if len(text) > 100_000 || strings.Contains(text, long[:maxText+1]) {
			t.Errorf("the %s has %d bytes for 100 people with long names", kind, len(text))
		}
	}
}

func hostileFleet() Fleet {
	f := Fleet{At: noon}
	for i, text := range hostile {
		r := hostileReport()
		row := FleetRow{Name: text, File: "contoso-12345678.html", Report: &r}
		if i%3 == 2 {
			row = FleetRow{Name: text, Error: text}
		}
		f.Rows = append(f.Rows, row)
	}
	return f
}

// TestBrowser has Chromium show the pages as people see them: nothing runs, nothing
// is asked for, nothing sticks out, and all can be read.
func TestBrowser(t *testing.T) {
	b := startBrowser(t)
	folder := t.TempDir()
	pages := map[string]func(*bytes.Buffer) error{
		"hostile":       func(w *bytes.Buffer) error { return HTML(w, hostileReport()) },
		"company":       func(w *bytes.Buffer) error { return HTML(w, company(60, 12, true)) },
		"hostile-fleet": func(w *bytes.Buffer) error { return FleetHTML(w, hostileFleet()) },
	}
	for name, write := range pages {
		var page bytes.Buffer
		if err := write(&page); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, name+".html")
		if err := os.WriteFile(path, page.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		url := "file://" + filepath.ToSlash(path)
		for _, l := range []look{
			{360, "light", "screen"}, {360, "dark", "screen"}, {1400, "light", "screen"}, {1400, "dark", "screen"},
			{720, "light", "print"}, {720, "dark", "print"},
		} {
			what := name + "-" + l.String()
			b.visit(url, l)
			for _, harm := range b.harm(url) {
				t.Errorf("%s: the page %s", what, harm)
			}
			var seen struct {
				Overflow int
				Lightest float64  // of the ground, 0 is black
				Faint    []string // what is hard to read
				Heads    []string // how the heads of tables are laid out
				Text     string
			}
			b.eval(sight, &seen)
			if seen.Overflow > 0 {
				t.Errorf("%s: sticks out by %d pixels", what, seen.Overflow)
			}
			if dark := l.scheme == "dark" && l.media == "screen"; dark != (seen.Lightest < 0.2) {
				t.Errorf("%s: the ground has a luminance of %.2f", what, seen.Lightest)
			}
			if len(seen.Faint) > 0 {
				t.Errorf("%s: hard to read: %q", what, seen.Faint[:min(5, len(seen.Faint))])
			}
			if l.media == "print" && (len(seen.Heads) != 1 || seen.Heads[0] != "table-header-group") {
				t.Errorf("%s: heads of tables are %q: on paper they are to be on each page", what, seen.Heads)
			}
			if strings.HasPrefix(name, "hostile") && !strings.Contains(seen.Text, hostile[0]) {
				t.Errorf("%s: %s is not seen as what it is", what, hostile[0])
			}
			b.picture(what)
		}
	}
}

// sight is what can be measured of a page as it is seen.
const sight = `(() => {
	const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	const parts = color => color.match(/[\d.]+/g).map(Number);
	const luminance = p => 0.2126 * channel(p[0]) + 0.7152 * channel(p[1]) + 0.0722 * channel(p[2]);
	const ground = e => { for (; e; e = e.parentElement) { const p = parts(getComputedStyle(e).backgroundColor); if (p.length < 4 || p[3] > 0) return luminance(p); } return 1; };
	const faint = [];
	for (const e of document.querySelectorAll('h1,h2,h3,p,th,td,i,em,li,a,b,.light,.name,footer')) {
		if (!e.innerText.trim()) continue;
		const x = luminance(parts(getComputedStyle(e).color)), y = ground(e);
		if ((Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05) < 4.5) faint.push(e.tagName + '.' + e.className + ' ' + e.innerText.slice(0, 40));
	}
	return {
		Overflow: ` + overflow + `, Lightest: ground(document.body), Faint: faint, Text: document.body.innerText,
		Heads: [...new Set([...document.querySelectorAll('thead')].map(e => getComputedStyle(e).display))],
	};
})()`

// TestPlain holds that a name in Markdown calls nobody, points to nothing and is
// nothing but text.
func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"Ann Bell":                    "Ann Bell",
		"ann@x.example":               "ann@x.example",
		"@mallory":                    "`@mallory`",
		"Bob (@team/admins), @all":    "Bob (`@team/admins`), `@all`",
		"Ann #12 GH-3 org/repo#1":     "Ann `#12` `GH-3` `org/repo#1`",
		"`@mallory`":                  "\\``@mallory`\\`",
		"*a* [b](https://x.example)|": `\*a\* \[b\](https\://x.example)\|`,
	} {
		if got := plain(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
