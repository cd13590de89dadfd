package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/pick"
	"github.com/qpimport/qpimport/internal/cli/terminal"
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
	r := &review{cases: openCases(found), free: found.Free, meant: map[string]string{}}
	for _, p := range found.Pairs {
		r.meant[p.M365.ID] = personName(p.AD)
	}
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
	screen := reviewScreen{review: r, screen: output.Screen{Width: 80, Colour: terminal.Colour(a.err, a.getenv)}, height: 24}
	// The screen is drawn on standard error: standard output is for the result.
	_, err := tea.NewProgram(screen, tea.WithContext(ctx), tea.WithInput(a.in), tea.WithOutput(a.err)).Run()
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
	screen         output.Screen
	cursor, height int
	search         *pick.List // nil where nobody searches
	closed         bool
}

func (s reviewScreen) Init() tea.Cmd { return nil }

// Update takes a key.
func (s reviewScreen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		s.screen.Width, s.height = msg.Width, msg.Height
		if s.search != nil {
			s.search.Screen = s.screen
		}
	case tea.PasteMsg:
		if s.search != nil {
			s.search.Paste(msg)
		}
	case tea.KeyPressMsg:
		if s.search != nil && msg.String() != "ctrl+c" {
			s.seek(msg)
			return s, nil
		}
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

// seek passes a key on to the search for another mailbox. What is found stands among
// the candidates of the case from then on.
func (s *reviewScreen) seek(key tea.KeyPressMsg) {
	switch s.search.Press(key) {
	case pick.Chosen:
		s.cursor = s.add(s.free[s.search.Chosen()[0]])
		s.search = nil
	case pick.Back, pick.Left:
		s.search = nil
	case pick.Open:
	}
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
	case "/":
		s.note = ""
		s.search = &pick.List{Title: "Another mailbox for " + personName(s.cases[s.at].ad), Items: s.mailboxes(), Screen: s.screen}
	default:
		if len(key) == 1 && key >= "1" && int(key[0]-'1') <= last {
			s.cursor = int(key[0] - '1')
		}
	}
	return false
}

// mailboxes are those that are free, with who was just given one, or would be by a
// match.
func (s *reviewScreen) mailboxes() []pick.Item {
	items := make([]pick.Item, len(s.free))
	for i, u := range s.free {
		items[i] = pick.Item{Label: personName(u), Note: output.OrDash(u.Email)}
		if name := s.meant[u.ID]; name != "" {
			items[i].Note += ", would be matched with " + name
		}
		if other, ok := s.holder(u.ID); ok {
			items[i].Why = "just given to " + personName(s.cases[other].ad)
		}
	}
	return items
}

// View draws the case at hand.
func (s reviewScreen) View() tea.View {
	if s.search != nil {
		return tea.NewView(s.search.View(s.height - 1))
	}
	lines := s.lines(true)
	if len(lines) >= s.height { // what speaks for the candidate at the cursor alone
		lines = s.lines(false)
	}
	return tea.NewView(strings.Join(lines, "\n") + "\n")
}

// lines draw the case at hand; evidence is shown of all candidates, or of the one at
// the cursor.
func (s reviewScreen) lines(all bool) []string {
	var lines []string
	line := func(tone output.Tone, indent, format string, args ...any) {
		for _, l := range wrap(indent, output.Clean(fmt.Sprintf(format, args...)), s.screen.Width) {
			lines = append(lines, s.screen.Paint(tone, l))
		}
	}
	if s.closed {
		line(output.Plain, "", "%s to apply", output.Count(len(s.taken), "decision"))
		return lines
	}
	c := s.cases[s.at]
	line(output.Faint, "", "Case %d of %d, %s so far", s.at+1, len(s.cases), output.Count(len(s.taken), "decision"))
	line(output.Plain, "", "")
	line(output.Strong, "", "%s  (%s)%s", personName(c.ad), output.OrDash(c.ad.Username), decided(s.verdictOn(-1)))
	for _, fact := range [][2]string{{"in", ouPath(c.ad.OU)}, {"UPN", c.ad.UPN}, {"e-mail in AD", c.ad.Email}} {
		if fact[1] != "" {
			line(output.Plain, "  ", "%s %s", fact[0], fact[1])
		}
	}
	line(output.Warning, "  ", "%s", c.why)
	line(output.Plain, "", "")
	if len(c.candidates) == 0 {
		line(output.Plain, "  ", "no candidate: search for the mailbox, skip, or ignore the user")
	}
	for i, cand := range c.candidates {
		mark, tone := "  ", output.Plain
		if i == s.cursor {
			mark, tone = "> ", output.Strong
		}
		likely := ""
		if len(cand.Evidence)+len(cand.Against) > 0 {
			likely = fmt.Sprintf(", %.0f %%", 100*cand.Confidence)
		}
		line(tone, mark, "%d  %s  (%s%s)%s", i+1, personName(cand.M365), output.OrDash(cand.M365.Email), likely, decided(s.verdictOn(i)))
		if !all && i != s.cursor {
			continue
		}
		for _, e := range cand.Evidence {
			line(output.Good, "      + ", "%s", e.Text)
		}
		for _, e := range cand.Against {
			line(output.Bad, "      - ", "%s", e.Text)
		}
	}
	line(output.Plain, "", "")
	if s.note != "" {
		line(output.Warning, "", "%s", s.note)
	}
	for _, keys := range pick.Keys(s.screen.Width, "up/down or 1-9 choose", "m match", "r reject", "i ignore the user", "/ search for another",
		"s skip", "b back", "u undo", "q quit and apply") {
		lines = append(lines, s.screen.Paint(output.Faint, keys))
	}
	return lines
}

func decided(word match.Verdict) string {
	if word == "" {
		return ""
	}
	return "  [" + string(word) + "]"
}

// wrap breaks a text so that no line is wider than the screen. Further lines stand as
// far to the right as the first.
func wrap(indent, text string, width int) []string {
	lines := output.Fold(text, width-len(indent))
	for i := range lines {
		lines[i] = indent + lines[i]
		indent = strings.Repeat(" ", len(indent))
	}
	return lines
}
