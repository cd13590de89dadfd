package main

import (
	"fmt"
	"strings"
)

// roff escapes what troff would obey or show as another character.
var roff = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

// roffLine is a line of text, which may begin with a dot.
func roffLine(s string) string {
	s = roff.Replace(s)
	if strings.HasPrefix(s, ".") {
		return `\&` + s
	}
	return s
}

// man writes a page in troff's macros of man(7).
func man(b book, p page) (string, error) {
	var w strings.Builder
	line := func(s string) { w.WriteString(s + "\n") }
	verbatim := func(body string) {
		line(".nf")
		for _, l := range strings.Split(body, "\n") {
			line(roffLine(l))
		}
		line(".fi")
	}
	line(fmt.Sprintf(`.TH "%s" "%s" "%s" "qpimport %s" "qpimport manual"`, roff.Replace(strings.ToUpper(p.name())), p.chapter(), b.date, roff.Replace(b.version)))
	line(".SH NAME")
	line(roff.Replace(p.name()) + ` \- ` + roff.Replace(p.short))
	if usage := p.section("Usage"); usage != "" {
		line(".SH SYNOPSIS")
		verbatim(usage)
	}
	line(".SH DESCRIPTION")
	first := true // of its section: it needs no macro before it
	for _, bl := range blocks(p.text) {
		text := strings.Join(bl.lines, "\n")
		if text == exitStatus {
			line(".SH EXIT STATUS")
			first = true
			continue
		}
		if !first {
			line(".PP")
		}
		first = false
		if bl.verbatim {
			verbatim(text)
			continue
		}
		for _, l := range bl.lines {
			line(roffLine(l))
		}
	}
	for _, s := range p.sections {
		if s.title == "Usage" {
			continue
		}
		line(".SH " + strings.ToUpper(roff.Replace(strings.ReplaceAll(s.title, `"`, ""))))
		if !strings.HasSuffix(s.title, "Flags") {
			verbatim(s.body)
			continue
		}
		for _, f := range flags(s.body) {
			line(".TP")
			line(`\fB` + roff.Replace(f.head) + `\fR`)
			line(roffLine(f.text))
		}
	}
	if near := b.near(p); len(near) > 0 {
		line(".SH SEE ALSO")
		for i, o := range near {
			end := ","
			if i == len(near)-1 {
				end = ""
			}
			line(fmt.Sprintf(".BR %s (%s)%s", roff.Replace(o.name()), o.chapter(), end))
		}
	}
	return w.String(), nil
}
