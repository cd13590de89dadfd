package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

// Markdown writes a report as GitHub's Markdown, for a ticket or a wiki.
func Markdown(w io.Writer, r importer.Report) error {
	m := &markdown{w: bufio.NewWriter(w)}
	v := newView(r)
	m.line("# %s: user report", plain(r.Customer))
	since := "the first report"
	if r.Since != nil {
		since = "changes since " + when(*r.Since)
	}
	m.line("%s %s · %s · %s", sign(r.Light), word(r.Light), when(r.At), since)
	if r.Redacted {
		m.line("Names and addresses are hidden; the same person has the same pseudonym all through.")
	}
	var rows [][]string
	for _, l := range r.Lights {
		count := strconv.Itoa(l.Count)
		if l.Of > 0 {
			count += " of " + strconv.Itoa(l.Of)
		}
		rows = append(rows, []string{escape(title(l.Code)), sign(l.Light) + " " + word(l.Light), count, plain(l.Text)})
	}
	m.table([]string{"Subject", "Stands", "Number", ""}, rows)
	m.people(v)
	m.open(v)
	m.changed(v)
	if len(v.Reasons) > 0 {
		m.line("## Pairs")
	}
	for _, reason := range v.Reasons {
		rows = nil
		for _, p := range reason.Pairs {
			box := plain(p.M365.Email)
			if p.M365.DisplayName != p.AD.DisplayName {
				box = who(p.M365, p.M365.Email)
			}
			rows = append(rows, []string{who(p.AD, p.AD.Username), box})
		}
		m.line("### %s (%d)", escape(capital(reason.Text)), len(rows))
		m.table([]string{"Person", "Mailbox"}, rows)
	}
	m.sources(v)
	return m.w.Flush()
}

type markdown struct{ w *bufio.Writer }

// line writes a paragraph or a heading. Its errors stay with the writer, and Flush
// returns them.
func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m.w, format+"\n\n", args...) }

// table writes cells that are Markdown already.
func (m *markdown) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	write := func(cells []string) { fmt.Fprintf(m.w, "| %s |\n", strings.Join(cells, " | ")) }
	write(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
	}
	write(rule)
	for _, row := range rows {
		write(row[:len(head)])
	}
	fmt.Fprintln(m.w)
}

func (m *markdown) people(v view) {
	var rows [][]string
	for _, l := range v.Leavers {
		since := ""
		if l.Since != nil {
			since = " since " + day(*l.Since)
		}
		rows = append(rows, []string{who(l.AD, login(l.AD)) + mark(l.New), plain(l.Mailbox.Email), escape(l.Status) + since, "the " + escape(l.KnownBy)})
	}
	if rows != nil {
		m.line("## People who left, and whose mailbox is open")
	}
	m.table([]string{"Person", "Mailbox", "In Active Directory", "Known by"}, rows)
	if len(v.Privileged)+len(v.PowerUnknown) > 0 {
		m.line("## People with power over a directory")
	}
	for _, kind := range v.PowerUnknown {
		m.line("%s did not say who holds power in it: not known is not none.", kind)
	}
	rows = nil
	for _, p := range v.Privileged {
		var paths []string
		for _, path := range p.Paths {
			paths = append(paths, plain(path))
		}
		rows = append(rows, []string{who(p.User, login(p.User)) + mark(p.New), strings.Join(paths, "; "), escape(standing(p.Standing))})
	}
	m.table([]string{"Person", "By", "Standing"}, rows)
	rows = nil
	for _, d := range v.Doubtful {
		rows = append(rows, []string{who(d.AD, login(d.AD)), who(d.M365, d.M365.Email), escape(said(d.Against))})
	}
	if rows != nil {
		m.line("## Pairs that are contradicted")
	}
	m.table([]string{"Person", "Mailbox", "What contradicts"}, rows)
}

func (m *markdown) open(v view) {
	m.line("## Open cases")
	if len(v.Groups) == 0 {
		m.line("Nobody waits for anything.")
	}
	for _, g := range v.Groups {
		m.line("### %s (%d)", escape(g.Title), len(g.Cases))
		m.line("%s.", escape(capital(g.Text)))
		if len(g.Settle) > 0 {
			m.line("What settles it: %s.", escape(strings.Join(g.Settle, "; ")))
		}
		var rows [][]string
		for _, c := range g.Cases {
			var more []string
			if c.Why != "" {
				more = append(more, plain(c.Why))
			}
			for _, k := range candidates(c.OpenCase, v.Brief) {
				box := who(k.M365, k.M365.Email)
				if k.Confidence > 0 {
					box += " " + percent(k.Confidence)
				}
				if !v.Brief && len(k.Evidence) > 0 {
					box += ", for it: " + escape(said(k.Evidence))
				}
				if !v.Brief && len(k.Against) > 0 {
					box += ", against it: " + escape(said(k.Against))
				}
				more = append(more, box)
			}
			for _, o := range c.Others {
				more = append(more, who(o, o.Email))
			}
			if c.Kind == importer.OpenEmail && c.User.Email != "" {
				more = append(more, plain(c.User.Email))
			}
			person := who(c.User, login(c.User))
			for _, s := range c.Own {
				person += "; → " + escape(s)
			}
			rows = append(rows, []string{person, strings.Join(more, "; ")})
		}
		head := []string{"Person", g.Second}
		if g.Second == "" {
			head = head[:1]
		}
		m.table(head, rows)
	}
}

func (m *markdown) changed(v view) {
	m.line("## What changed")
	switch {
	case v.Since == nil:
		m.line("This is the first report. The next one tells what changed since.")
	case len(v.Changed) == 0:
		m.line("Nothing changed for anybody.")
	}
	if !v.ChangesComplete {
		m.line("The history may not tell all of it: it does not reach back far enough.")
	}
	for _, c := range v.Changed {
		var rows [][]string
		for _, x := range c.Changes {
			var fields []string
			for _, f := range x.Fields {
				fields = append(fields, fmt.Sprintf("%s: %s → %s", escape(f.Name), cmp.Or(plain(f.Before), "none"), cmp.Or(plain(f.After), "none")))
			}
			rows = append(rows, []string{plain(x.DisplayName), strings.Join(fields, "; ")})
		}
		m.line("### %s (%d)", c.Title, len(rows))
		m.table([]string{"Person", "Before and after"}, rows)
	}
	var rows [][]string
	for _, r := range v.Runs {
		command := plain(r.Command)
		if r.Undone {
			command += " (taken back)"
		}
		rows = append(rows, []string{when(r.At), command, counts(r.Counts)})
	}
	if rows != nil {
		m.line("### What was done (%d)", len(rows))
	}
	m.table([]string{"When", "What", "Changes"}, rows)
}

func (m *markdown) sources(v view) {
	m.line("## Where this comes from")
	var rows [][]string
	for _, s := range v.Sources {
		read, failed := "not yet", ""
		if s.ReadAt != nil {
			read = when(*s.ReadAt)
		}
		if f := s.Failure; f != nil {
			failed = fmt.Sprintf("failed on %s (%s) %s", when(f.At), escape(string(f.Code)), plain(f.Message))
		}
		rows = append(rows, []string{escape(s.Source.String()), strings.TrimSpace(escape(way(s.Transport)) + " " + plain(where(s))), read, strconv.Itoa(s.People), failed})
	}
	m.table([]string{"Directory", "By way of", "Read", "Users", "Failure"}, rows)
}

// who names a user in a cell, with what tells him from a namesake.
func who(u importer.User, more string) string {
	if more == "" {
		return plain(name(u))
	}
	return plain(name(u)) + " (" + plain(more) + ")"
}

func mark(fresh bool) string {
	if fresh {
		return " **new**"
	}
	return ""
}

// plain is a text that Markdown takes for nothing else: no mark-up, no HTML, no
// link, nobody who is mentioned.
func plain(s string) string { return escape(text(s)) }

// escape is plain for what the program says itself, which is never cut.
func escape(s string) string {
	s = output.Clean(s)
	var b strings.Builder
	end := 0
	for _, at := range references.FindAllStringIndex(s, -1) {
		b.WriteString(escapeMarks(s[end:at[0]]) + "`" + s[at[0]:at[1]] + "`")
		end = at[1]
	}
	b.WriteString(escapeMarks(s[end:]))
	return b.String()
}

// references are who is called and what is pointed to: a site looks for them in what
// Markdown has become, where no backslash is left, but not in code.
var references = regexp.MustCompile(`\B@\w[\w/.-]*|[\w/.-]*#\d+|\bGH-\d+`)

func escapeMarks(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\\`*_[]<>|~$&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return links.Replace(b.String())
}

// links are what becomes a link by itself.
var links = strings.NewReplacer("://", `\://`, "www.", `www\.`)
