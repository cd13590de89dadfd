package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// A book is the help of one build of the program.
type book struct {
	version string
	date    string // YYYY-MM-DD
	pages   []page
}

// A page is what "help" says about one command or task.
type page struct {
	words    []string // qpimport, customers, create
	short    string
	topic    bool // how a task is done, and no command
	text     string
	sections []section
}

// A section is a headline of the help with the lines below it.
type section struct {
	title string // without the colon
	body  string // without the two spaces before each line
}

func (p page) name() string { return strings.Join(p.words, "-") }

// title is what somebody types to see the page or to run the command.
func (p page) title() string {
	if p.topic {
		return "qpimport help " + p.words[1]
	}
	return strings.Join(p.words, " ")
}

// chapter is where manual pages of this kind stand: 1 for commands, 7 for the rest.
func (p page) chapter() string {
	if p.topic {
		return "7"
	}
	return "1"
}

// section is the body under a title, "" where there is none.
func (p page) section(title string) string {
	i := slices.IndexFunc(p.sections, func(s section) bool { return s.title == title })
	if i < 0 {
		return ""
	}
	return p.sections[i].body
}

// ask has the program tell its version and all its help, the commands below each
// command included.
func ask(ctx context.Context, program string) (book, error) {
	answer, err := output(ctx, program, "version", "-o", "json")
	if err != nil {
		return book{}, err
	}
	var v struct{ Version string }
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		return book{}, fmt.Errorf("the version of %s: %w", program, err)
	}
	b := book{version: strings.TrimPrefix(v.Version, "v")}
	root := page{words: []string{"qpimport"}, short: "import end users from Active Directory and Microsoft 365"}
	for todo := []page{root}; len(todo) > 0; todo = todo[1:] {
		p := todo[0]
		help, err := output(ctx, program, append([]string{"help"}, p.words[1:]...)...)
		if err != nil {
			return book{}, err
		}
		p.text, p.sections = parse(help)
		p.topic = len(p.sections) == 0
		b.pages = append(b.pages, p)
		todo = append(todo, p.below()...)
	}
	slices.SortFunc(b.pages, func(x, y page) int { return strings.Compare(x.name(), y.name()) })
	return b, nil
}

func output(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", program, strings.Join(args, " "), err)
	}
	return string(out), nil
}

// headline is a line of the help that begins a section after the text.
var headline = regexp.MustCompile(`^[A-Z].*:$`)

// parse takes help apart: the text, and from "Usage:" on the sections. The last line
// of the help of a command, on how to get more help, is left out.
func parse(help string) (text string, sections []section) {
	text, rest, found := strings.Cut(help, "\nUsage:\n")
	text = strings.Trim(text, "\n")
	if !found {
		return text, nil
	}
	for _, line := range strings.Split("Usage:\n"+rest, "\n") {
		switch indented, ok := strings.CutPrefix(line, "  "); {
		case ok:
			s := &sections[len(sections)-1]
			s.body += indented + "\n"
		case headline.MatchString(line):
			sections = append(sections, section{title: strings.TrimSuffix(line, ":")})
		}
	}
	for i := range sections {
		sections[i].body = strings.TrimRight(sections[i].body, "\n")
	}
	return text, sections
}

// listed is a line of a list of commands or tasks.
var listed = regexp.MustCompile(`(?m)^([a-z0-9-]+) +(.+)$`)

// lists says whether a section lists commands or tasks.
func (s section) lists() bool {
	switch s.title {
	case "Usage", "Aliases", "Examples", "Flags", "Global Flags":
		return false
	}
	return true
}

// below are the pages that a page lists, without their text.
func (p page) below() []page {
	var pages []page
	for _, s := range p.sections {
		if !s.lists() {
			continue
		}
		for _, m := range listed.FindAllStringSubmatch(s.body, -1) {
			pages = append(pages, page{words: append(slices.Clone(p.words), m[1]), short: m[2]})
		}
	}
	return pages
}

// near are the page over a page and those right below it: where to look next.
func (b book) near(p page) []page {
	near := slices.DeleteFunc(slices.Clone(b.pages), func(o page) bool {
		parent := len(p.words) > 1 && slices.Equal(o.words, p.words[:len(p.words)-1])
		child := len(o.words) == len(p.words)+1 && slices.Equal(o.words[:len(p.words)], p.words)
		return !parent && !child
	})
	return near
}

// A flag is a line of the sections on flags.
type flag struct {
	head string // -o, --output FORMAT
	text string
}

// flags takes a section on flags apart. pflag parts the two halves of a line by three
// blanks or more.
func flags(body string) []flag {
	var out []flag
	for _, line := range strings.Split(body, "\n") {
		if head, text, ok := strings.Cut(strings.TrimSpace(line), "   "); ok {
			out = append(out, flag{head, strings.TrimSpace(text)})
		}
	}
	return out
}

// exitStatus is the headline over the exit statuses, with which the text of a command ends.
const exitStatus = "Exit status:"

// A block is lines of text that belong together.
type block struct {
	lines    []string
	verbatim bool // they stand as they are; prose may be broken anew
}

// blocks takes a text apart: lines that begin with a blank stand as they are, with the
// empty lines among them, others are prose.
func blocks(text string) []block {
	var out []block
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line == "" {
			if n := len(out); n > 0 && out[n-1].verbatim && strings.HasPrefix(next(lines[i:]), " ") {
				out[n-1].lines = append(out[n-1].lines, "")
			} else {
				out = append(out, block{})
			}
			continue
		}
		verbatim := strings.HasPrefix(line, " ")
		if n := len(out); n == 0 || len(out[n-1].lines) > 0 && out[n-1].verbatim != verbatim {
			out = append(out, block{})
		}
		last := &out[len(out)-1]
		last.lines, last.verbatim = append(last.lines, line), verbatim
	}
	return slices.DeleteFunc(out, func(b block) bool { return len(b.lines) == 0 })
}

// next is the first line that is not empty.
func next(lines []string) string {
	i := slices.IndexFunc(lines, func(l string) bool { return l != "" })
	if i < 0 {
		return ""
	}
	return lines[i]
}
