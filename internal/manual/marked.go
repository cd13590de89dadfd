package main

import (
	"fmt"
	"strings"
)

// These keep text from being read as Markdown or reStructuredText.
var (
	plainMarkdown = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "&", `\&`, "|", `\|`, "#", `\#`, "~", `\~`)
	plainRest     = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "|", `\|`)
)

// markdown writes a page in CommonMark.
func markdown(b book, p page) (string, error) {
	return marked(b, p, marks{
		plain:    plainMarkdown.Replace,
		headline: func(level int, s string) string { return strings.Repeat("#", level) + " " + s + "\n\n" },
		verbatim: func(s string) string { return "```\n" + s + "\n```\n\n" },
		item:     func(head, text string) string { return "- `" + head + "` " + text + "\n" },
		link: func(o page) string {
			return fmt.Sprintf("- [%s](%s.md) %s\n", o.title(), o.name(), plainMarkdown.Replace(o.short))
		},
	}), nil
}

// rest writes a page in reStructuredText.
func rest(b book, p page) (string, error) {
	return marked(b, p, marks{
		plain: plainRest.Replace,
		headline: func(level int, s string) string {
			return s + "\n" + strings.Repeat(string("=-"[level-1]), len([]rune(s))) + "\n\n"
		},
		verbatim: func(s string) string { return "::\n\n  " + strings.ReplaceAll(s, "\n", "\n  ") + "\n\n" },
		item:     func(head, text string) string { return "- ``" + head + "`` " + text + "\n" },
		link: func(o page) string {
			return fmt.Sprintf("- `%s <%s.rst>`_ %s\n", o.title(), o.name(), plainRest.Replace(o.short))
		},
	}), nil
}

// marks are what two languages for marked text write differently.
type marks struct {
	plain    func(string) string
	headline func(level int, s string) string
	verbatim func(string) string
	item     func(head, text string) string
	link     func(page) string
}

func marked(b book, p page, m marks) string {
	var w strings.Builder
	w.WriteString(m.headline(1, p.title()))
	w.WriteString(m.plain(p.short) + "\n\n")
	if usage := p.section("Usage"); usage != "" {
		w.WriteString(m.verbatim(usage))
	}
	for _, bl := range blocks(p.text) {
		text := strings.Join(bl.lines, "\n")
		switch {
		case bl.verbatim:
			w.WriteString(m.verbatim(text))
		case text == exitStatus:
			w.WriteString(m.headline(2, "Exit status"))
		default:
			w.WriteString(m.plain(text) + "\n\n")
		}
	}
	for _, s := range p.sections {
		if s.title == "Usage" || s.lists() {
			continue // the commands are linked to below
		}
		w.WriteString(m.headline(2, s.title))
		if !strings.HasSuffix(s.title, "Flags") {
			w.WriteString(m.verbatim(s.body))
			continue
		}
		for _, f := range flags(s.body) {
			w.WriteString(m.item(f.head, m.plain(f.text)))
		}
		w.WriteString("\n")
	}
	if near := b.near(p); len(near) > 0 {
		w.WriteString(m.headline(2, "See also"))
		for _, o := range near {
			w.WriteString(m.link(o))
		}
	}
	return strings.TrimRight(w.String(), "\n") + "\n"
}
