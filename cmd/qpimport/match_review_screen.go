package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// walkThrough shows the open cases of a customer one at a time and carries out
// what was decided, as one run.
func (o matchOptions) walkThrough(ctx context.Context, a *app) error {
	if a.settings.NoInput || !a.inTerminal || !a.errTerminal {
		return usage.Hintf("use --auto --review-out FILE, and --decisions FILE when it is filled in", "--review needs a terminal and somebody at it")
	}
	customer, err := a.customer()
	if err != nil {
		return err
	}
	filter, err := o.filter.filter()
	if err != nil {
		return err
	}
	found, err := reading(ctx, a, func(im *importer.Importer) (importer.MatchResult, error) {
		return im.Match(ctx, importer.MatchRequest{Customer: customer, By: o.method(), Filter: filter, ADAsRead: o.adAsRead, Allow: registry.Answers(o.allow), DryRun: true})
	})
	if err != nil {
		return err
	}
	r := &review{cases: openCases(found)}
	if len(r.cases) > 0 {
		err = a.show(ctx, r)
	}
	if err == nil {
		err = o.decide(ctx, a, customer, r.rows())
	}
	if err != nil && len(r.taken) > 0 {
		a.keepDecisions(customer, r.rows())
	}
	return err
}

// keepDecisions saves decisions that could not be carried out, as when the program
// was stopped or the directory cannot be reached any more.
func (a *app) keepDecisions(customer string, rows []importer.DecisionRow) {
	f, err := private.CreateTemp("", "qpimport-decisions-*.csv")
	if err != nil {
		return // the error that led here is the one to report
	}
	defer func() { _ = f.Close() }()
	if err := output.WriteCSV(f, output.Rows(keptColumns(), rows), true); err == nil {
		a.notice("what was decided is kept; to carry it out: qpimport match -c %s --decisions %s", output.ShellWord(customer), output.ShellWord(f.Name()))
	}
}

// keptColumns are the columns of a review file that count.
func keptColumns() []output.Column[importer.DecisionRow] {
	type row = importer.DecisionRow
	return []output.Column[row]{
		{Key: "ad_id", Text: func(r row) string { return r.AD }},
		{Key: "m365_id", Text: func(r row) string { return r.M365 }},
		{Key: "decision", Text: func(r row) string { return string(r.Verdict) }},
		{Key: "reason", Text: func(r row) string { return r.Reason }},
	}
}

// show runs the screen until the walk is at its end or somebody quits it.
func (a *app) show(ctx context.Context, r *review) error {
	// The screen is drawn on standard error: standard output is for the result.
	_, err := tea.NewProgram(reviewScreen{review: r, width: 80}, tea.WithContext(ctx), tea.WithInput(a.in), tea.WithOutput(a.err)).Run()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && r.interrupted {
		return &source.Error{Code: importer.CodeInterrupted, Message: "interrupted"}
	}
	return err
}

// reviewScreen draws a review and passes keys on to it.
type reviewScreen struct {
	*review
	cursor, width int
	closed        bool
}

func (s reviewScreen) Init() tea.Cmd { return nil }

// Update takes a key.
func (s reviewScreen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		s.width = msg.Width
	case tea.KeyPressMsg:
		at := s.at
		if s.press(msg.String()) || s.done() {
			s.closed = true
			return s, tea.Quit
		}
		if s.at != at {
			s.cursor = 0
		}
	}
	return s, nil
}

// press obeys a key; true is to quit.
func (s *reviewScreen) press(key string) (quit bool) {
	last := len(s.cases[s.at].candidates) - 1
	switch key {
	case "q":
		return true
	case "ctrl+c":
		s.interrupted = true
		return true
	case "up", "k":
		s.cursor = max(s.cursor-1, 0)
	case "down", "j":
		s.cursor = max(min(s.cursor+1, last), 0)
	case "m", "enter":
		s.decide(match.VerdictMatch, s.cursor)
	case "r":
		s.decide(match.VerdictReject, s.cursor)
	case "i":
		s.decide(match.VerdictIgnore, -1)
	case "s", "right", "space":
		s.move(1)
	case "b", "left":
		s.move(-1)
	case "u":
		s.undo()
	default:
		if len(key) == 1 && key >= "1" && int(key[0]-'1') <= last {
			s.cursor = int(key[0] - '1')
		}
	}
	return false
}

const reviewKeys = "up/down or 1-9 choose a candidate   m match   r reject   i ignore the user\n" +
	"s skip   b back   u undo   q quit and apply what was decided"

// View draws the case at hand.
func (s reviewScreen) View() tea.View {
	var b strings.Builder
	line := func(indent, format string, args ...any) {
		b.WriteString(wrap(indent, output.Clean(fmt.Sprintf(format, args...)), s.width) + "\n")
	}
	if s.closed {
		line("", "%s to apply", output.Count(len(s.taken), "decision"))
		return tea.NewView(b.String())
	}
	c := s.cases[s.at]
	line("", "Case %d of %d, %s so far", s.at+1, len(s.cases), output.Count(len(s.taken), "decision"))
	line("", "")
	line("", "%s  (%s)%s", personName(c.ad), output.OrDash(c.ad.Username), decided(s.verdictOn(-1)))
	for _, fact := range [][2]string{{"in", c.ad.OU}, {"UPN", c.ad.UPN}, {"e-mail in AD", c.ad.Email}} {
		if fact[1] != "" {
			line("  ", "%s %s", fact[0], fact[1])
		}
	}
	line("  ", "%s", c.why)
	line("", "")
	if len(c.candidates) == 0 {
		line("  ", "no candidate: skip it, ignore the user, or match by hand with --pair")
	}
	for i, cand := range c.candidates {
		mark := "  "
		if i == s.cursor {
			mark = "> "
		}
		likely := ""
		if len(cand.Evidence)+len(cand.Against) > 0 {
			likely = fmt.Sprintf(", %.0f %%", 100*cand.Confidence)
		}
		line(mark, "%d  %s  (%s%s)%s", i+1, personName(cand.M365), output.OrDash(cand.M365.Email), likely, decided(s.verdictOn(i)))
		for _, e := range cand.Evidence {
			line("      ", "+ %s", e.Text)
		}
		for _, e := range cand.Against {
			line("      ", "- %s", e.Text)
		}
	}
	line("", "")
	if s.note != "" {
		line("", "%s", s.note)
	}
	b.WriteString(reviewKeys + "\n")
	return tea.NewView(b.String())
}

func decided(word match.Verdict) string {
	if word == "" {
		return ""
	}
	return "  [" + string(word) + "]"
}

// wrap breaks a text at spaces so that no line is longer than the screen is wide,
// words alone excepted. Further lines stand as far to the right as the first.
func wrap(indent, text string, width int) string {
	var b strings.Builder
	b.WriteString(indent)
	used := len(indent)
	for i, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", len(indent)))
			used = len(indent)
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}
