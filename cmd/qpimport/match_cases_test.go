package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
)

func sampleCases() []openCase {
	user := func(id, name string) importer.User {
		return importer.User{ID: id, DisplayName: name, Username: id, Email: id + "@contoso.example"}
	}
	return openCases(importer.MatchResult{
		Review: []importer.MatchReview{{
			AD: user("a1", "=Ann"), Reason: match.ReasonNotProven,
			Candidates: []importer.MatchCandidate{
				{M365: user("m1", "Ann"), Confidence: 0.75, Evidence: []match.Evidence{{Text: "the names are equal"}}, Against: []match.Evidence{{Text: "another city"}}},
				{M365: user("m2", "Anna"), Confidence: 0.25, Evidence: []match.Evidence{{Text: "the names are alike"}}},
			},
		}},
		Ambiguous: []importer.MatchAmbiguous{{
			AD: []importer.User{user("a2", "Bob"), user("a3", "Bob")}, M365: []importer.User{user("m3", "Bob")}, Reason: match.ReasonSameName,
		}},
		UnmatchedAD: []importer.UnmatchedUser{
			{User: user("a4", "Müller"), Reason: match.ReasonNoCandidate},
			{User: user("a5", "Left alone"), Reason: match.ReasonIgnored},
		},
	})
}

// TestReviewFile checks that the file comes back as whatever a spreadsheet makes
// of it, and that a line without a decision does not count.
func TestReviewFile(t *testing.T) {
	var b bytes.Buffer
	if err := output.WriteCSV(&b, reviewRows(sampleCases()), true); err != nil {
		t.Fatal(err)
	}
	file := b.String()
	if want := "a1,'=Ann,a1,,m1,Ann,m1@contoso.example,0.75,the names are equal,another city,"; !strings.HasPrefix(strings.Split(file, "\n")[1], want) {
		t.Errorf("the file is\n%s\nwant %s…", file, want)
	}
	if n := strings.Count(file, "\n"); n != 6 {
		t.Errorf("%d lines, want a header and 5", n)
	}
	if rows, err := parseReview(input.File{Name: "f", Data: []byte(file)}); err != nil || len(rows) != 0 {
		t.Errorf("nothing was decided: %+v, %v", rows, err)
	}

	lines := strings.Split(strings.TrimSuffix(strings.TrimPrefix(file, "\ufeff"), "\n"), "\n")
	lines[1] = strings.TrimSuffix(lines[1], ",") + "Match ,sûr"
	lines[2] = strings.TrimSuffix(lines[2], ",") + "REJECT"
	lines[5] = strings.TrimSuffix(lines[5], ",") + "ignore,"
	decided := strings.Join(lines, "\r\n")
	semicolons := strings.ReplaceAll(decided, ",", ";")
	ansi, err := charmap.Windows1252.NewEncoder().String(semicolons)
	if err != nil {
		t.Fatal(err)
	}
	tabs := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(strings.ReplaceAll(decided, ",", "\t"))) {
		tabs = append(tabs, byte(u), byte(u>>8))
	}
	for name, raw := range map[string][]byte{
		"as it was": []byte(decided), "with a mark": []byte("\ufeff" + decided), "Windows-1252": []byte(ansi), "UTF-16": tabs,
	} {
		rows, err := parseReview(input.File{Name: "f", Data: raw})
		if err != nil || len(rows) != 3 {
			t.Errorf("%s: %+v, %v", name, rows, err)
			continue
		}
		for i, want := range []importer.DecisionRow{
			{Row: 2, AD: "a1", M365: "m1", Verdict: match.VerdictMatch, Reason: "sûr"},
			{Row: 3, AD: "a1", M365: "m2", Verdict: match.VerdictReject},
			{Row: 6, AD: "a4", Verdict: match.VerdictIgnore},
		} {
			if rows[i] != want {
				t.Errorf("%s: %+v, want %+v", name, rows[i], want)
			}
		}
	}
}

// TestKeptDecisions checks that decisions that could not be carried out come back
// as a review file.
func TestKeptDecisions(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("TMP", os.Getenv("TMPDIR")) // Windows
	var notices bytes.Buffer
	a := &app{streams: streams{err: &notices}, logs: noLogs()}
	want := []importer.DecisionRow{
		{Row: 2, AD: "a1", M365: "m1", Verdict: match.VerdictMatch, Reason: "sure"},
		{Row: 3, AD: "a4", Verdict: match.VerdictIgnore},
	}
	a.keepDecisions("Contoso", want)
	_, path, ok := strings.Cut(strings.TrimSpace(notices.String()), "match -c Contoso --decisions ")
	if !ok {
		t.Fatalf("the notice is %q", notices.String())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseReview(input.File{Name: "f", Data: raw}); err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestParseReviewRefuses(t *testing.T) {
	for _, c := range []struct{ name, in, err string }{
		{"no column", "ad_id,m365_id\na,b\n", "f line 1: no column is headed decision"},
		{"a column twice", "ad_id,m365_id,decision,Decision\n", "f line 1: 2 columns are headed decision"},
		{"empty", "\n", "f holds no lines"},
		{"every bad line", "ad_id,m365_id,decision\na,b,maybe\n,b,match\na,b,match,x\n",
			`f line 4: there are more cells than columns`},
		{"every bad decision", "ad_id,m365_id,decision\na,b,maybe\n,b,match\n",
			"f line 2: the decision \"maybe\" is none of match, reject, ignore\nf line 3: ad_id is empty"},
		{"a quote without its end", "ad_id,m365_id,decision\n\"a,b,match\n", `f line 2: extraneous or missing " in quoted-field`},
		{"no text", "ad_id\x00", "f is not text in UTF-8, UTF-16 or Windows-1252"},
	} {
		if _, err := parseReview(input.File{Name: "f", Data: []byte(c.in)}); err == nil || err.Error() != c.err {
			t.Errorf("%s: %v, want %s", c.name, err, c.err)
		}
	}
}

func TestReview(t *testing.T) {
	r := &review{cases: sampleCases()}
	verdicts := func() string {
		var words []string
		for _, row := range r.rows() {
			words = append(words, string(row.Verdict)+" "+row.AD+" "+row.M365)
		}
		return strings.Join(words, ", ")
	}
	want := func(at int, text string) {
		t.Helper()
		if r.at != at || verdicts() != text {
			t.Errorf("at %d with %q, want %d with %q", r.at, verdicts(), at, text)
		}
	}
	r.decide(match.VerdictReject, 0)
	want(0, "reject a1 m1") // another candidate is left
	r.decide(match.VerdictMatch, 1)
	want(1, "reject a1 m1, match a1 m2")
	r.move(-1)
	r.decide(match.VerdictMatch, 0) // instead: one mailbox a user, and no longer rejected
	want(1, "match a1 m1")
	r.decide(match.VerdictMatch, 0)
	r.decide(match.VerdictMatch, 0) // Bob's mailbox is the other Bob's now
	want(2, "match a1 m1, match a2 m3")
	if !strings.Contains(r.note, "given to Bob") {
		t.Errorf("the note is %q", r.note)
	}
	r.decide(match.VerdictReject, 0)
	want(3, "match a1 m1, match a2 m3, reject a3 m3")
	r.decide(match.VerdictMatch, 0)
	want(3, "match a1 m1, match a2 m3, reject a3 m3") // there is no candidate
	r.decide(match.VerdictIgnore, -1)
	if want(4, "match a1 m1, match a2 m3, reject a3 m3, ignore a4 "); !r.done() {
		t.Error("the walk goes on behind the last case")
	}
	r.undo()
	r.undo()
	want(2, "match a1 m1, match a2 m3")
	for range 4 {
		r.undo()
	}
	want(0, "")
	r.move(-1)
	want(0, "")
}

// TestReviewSearch gives a case a mailbox that is none of its candidates. Its
// namesakes, whose list of candidates it shared, do not see it.
func TestReviewSearch(t *testing.T) {
	shared := make([]importer.MatchCandidate, 1, 4)
	shared[0].M365.ID = "m1"
	r := &review{cases: []openCase{{ad: importer.User{ID: "a1"}, candidates: shared}, {ad: importer.User{ID: "a2"}, candidates: shared}}}
	if at := r.add(importer.User{ID: "m1"}); at != 0 {
		t.Errorf("one that is a candidate already is candidate %d", at)
	}
	at := r.add(importer.User{ID: "m9"})
	r.decide(match.VerdictMatch, at)
	if rows := r.rows(); at != 1 || len(rows) != 1 || rows[0].AD != "a1" || rows[0].M365 != "m9" {
		t.Errorf("candidate %d, decisions %+v", at, rows)
	}
	if at := r.add(importer.User{ID: "m8"}); at != 1 || r.cases[0].candidates[1].M365.ID != "m9" {
		t.Errorf("candidate %d beside %+v", at, r.cases[0].candidates)
	}
	if at := r.add(importer.User{ID: "m9"}); at != 2 {
		t.Errorf("candidate %d", at)
	}
	if r.decide(match.VerdictMatch, 2); r.note == "" || len(r.taken) != 1 {
		t.Errorf("the mailbox was given twice: %+v", r.taken)
	}
}

// TestReviewFits draws hostile cases on small screens.
func TestReviewFits(t *testing.T) {
	evil := importer.User{ID: "m", DisplayName: "\x1b[2J\u202e" + strings.Repeat("x", 300), Email: strings.Repeat("long", 40) + "@contoso.example"}
	var evidence []match.Evidence
	for range 12 {
		evidence = append(evidence, match.Evidence{Text: strings.Repeat("a word ", 12)})
	}
	cand := importer.MatchCandidate{M365: evil, Confidence: 0.5, Evidence: evidence, Against: evidence}
	cases := []openCase{{ad: evil, why: "some reason", candidates: []importer.MatchCandidate{cand, cand, cand}}}
	for _, width := range []int{40, 60, 80, 200} {
		s := reviewScreen{review: &review{cases: cases, free: []importer.User{evil, {ID: "n", DisplayName: "Ann"}}}, screen: output.Screen{Width: width}, height: 40}
		for _, key := range []string{"", "2", "/"} {
			s.press(key)
			for line := range strings.Lines(s.View().Content) {
				if line = strings.TrimSuffix(line, "\n"); output.Width(line) > width || strings.Contains(line, "\x1b") {
					t.Errorf("width %d after %q: %q", width, key, line)
				}
			}
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		indent, text string
		width        int
		want         string
	}{
		{"", "a b c", 80, "a b c"},
		{"> ", "aa bb cc", 7, "> aa bb\n  cc"},
		{"  ", "muchtoolong b", 5, "  muc\n  hto\n  olo\n  ng\n  b"},
		{"  ", "ä ö ü", 5, "  ä ö\n  ü"},
		{"  ", "", 5, "  "},
	} {
		if got := strings.Join(wrap(c.indent, c.text, c.width), "\n"); got != c.want {
			t.Errorf("%q became %q, want %q", c.text, got, c.want)
		}
	}
}
