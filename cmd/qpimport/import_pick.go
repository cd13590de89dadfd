package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/pick"
	"github.com/qpimport/qpimport/internal/cli/terminal"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// asks says that an import that names nobody asks whom to import: there is somebody at
// a terminal, and no flag that goes with names or with everybody alone.
func (o importOptions) asks(a *app) bool {
	given := o.all || len(o.users)+len(o.groups)+len(o.skus)+len(o.exclude)+len(o.excludeOUs) > 0 ||
		o.usersFile != "" || o.licensed || o.includeDisabled || o.privileged || o.strict
	return !given && a.inTerminal && a.errTerminal && !a.settings.NoInput && a.getenv("TERM") != "dumb"
}

// ask walks somebody through an import: which directory, how, which OUs, whom. It
// shows what would be done, and does it when that is wanted. Until then nothing is
// changed.
func (o importOptions) ask(ctx context.Context, a *app) error {
	if _, err := parseMode(o.passwordSync); err != nil {
		return err
	}
	if err := checkOUFlags(o.ous, o.recursive); err != nil {
		return err
	}
	w := &importWalk{importOptions: o, app: a, surveys: map[source.Kind]*importer.Survey{}, lists: map[string]*pick.List{}}
	err := left(w.walk(ctx))
	if w.finishes && !errors.Is(err, errNothingChanged) {
		a.notice("the same without questions: %s", w.command())
	}
	return err
}

// walk takes one step after the other, and where somebody goes back, those again that
// asked last.
func (w *importWalk) walk(ctx context.Context) error {
	steps := []func(context.Context) error{w.askCustomer, w.askSource, w.askMode, w.askOUs, w.askUsers, w.finish}
	begun := make([]importChoices, len(steps)) // what was chosen before each step
	var asked []int
	for i := 0; i < len(steps); i++ {
		begun[i] = w.choices()
		w.shown, w.first = 0, len(asked) == 0
		err := steps[i](ctx)
		switch {
		case errors.Is(err, pick.ErrBack):
			last := len(asked) - 1
			i = asked[last]
			asked = asked[:last]
			w.restore(begun[i])
			i--
		case err != nil:
			return err
		case w.shown > 0:
			asked = append(asked, i)
		}
	}
	return nil
}

// errNothingChanged is what somebody gets who leaves before anything is done.
var errNothingChanged = &source.Error{Code: importer.CodeInterrupted, Message: "interrupted: nothing was changed"}

func left(err error) error {
	if errors.Is(err, pick.ErrLeft) {
		return errNothingChanged
	}
	return err
}

// importWalk is an import that is being put together.
type importWalk struct {
	importOptions
	app      *app
	customer importer.Customer
	kind     source.Kind

	surveys  map[source.Kind]*importer.Survey // of the customer
	lists    map[string]*pick.List            // as they were shown last, by title
	shown    int                              // lists that the step at hand has shown
	first    bool                             // no step before it has shown one
	finishes bool                             // the import itself has begun
}

// importChoices are what was chosen so far.
type importChoices struct {
	options  importOptions
	named    string // the customer whom the command names
	customer importer.Customer
	kind     source.Kind
}

func (w *importWalk) choices() importChoices {
	return importChoices{w.importOptions, w.app.settings.Customer, w.customer, w.kind}
}

func (w *importWalk) restore(c importChoices) {
	if c.customer.ID != w.customer.ID {
		clear(w.surveys)
	}
	w.importOptions, w.app.settings.Customer, w.customer, w.kind = c.options, c.named, c.customer, c.kind
}

// surveyLasts is how long a directory is taken for what it was when it was read.
const surveyLasts = 10 * time.Minute

// survey is the directory that was chosen, which is read once for all questions.
func (w *importWalk) survey(ctx context.Context) (*importer.Survey, error) {
	if s := w.surveys[w.kind]; s != nil && time.Since(s.At()) < surveyLasts {
		return s, nil
	}
	s, err := reading(ctx, w.app, func(im *importer.Importer) (*importer.Survey, error) { return im.Survey(ctx, w.customer.ID, w.kind) })
	if err == nil {
		w.surveys[w.kind] = s
	}
	return s, err
}

// pick shows a list.
func (w *importWalk) pick(ctx context.Context, l *pick.List) error {
	w.shown++
	l.First = w.first
	l.Resume(w.lists[l.Title])
	w.lists[l.Title] = l
	l.Screen.Colour = terminal.Colour(w.app.err, w.app.getenv)
	return pick.Run(ctx, w.app.in, w.app.err, l)
}

func (w *importWalk) askCustomer(ctx context.Context) error {
	name := w.app.settings.Customer
	if name == "" {
		customers, err := reading(ctx, w.app, func(im *importer.Importer) ([]importer.Customer, error) { return im.Customers(ctx) })
		if err != nil {
			return err
		}
		if len(customers) == 0 {
			return usage.Hintf("`qpimport customers create NAME` makes one", "there is no customer yet")
		}
		l := &pick.List{Title: "Customer"}
		for _, c := range customers {
			l.Items = append(l.Items, pick.Item{Label: c.Name, Note: output.Count(c.Accounts.Total, "account")})
		}
		if err := w.pick(ctx, l); err != nil {
			return err
		}
		name = customers[l.Chosen()[0]].ID
	}
	var err error
	w.customer, err = reading(ctx, w.app, func(im *importer.Importer) (importer.Customer, error) { return im.Customer(ctx, name) })
	return err
}

func (w *importWalk) askSource(ctx context.Context) error {
	var err error
	if w.kind, err = parseSource(w.source); err != nil || w.kind != "" {
		return err
	}
	kinds := readKinds(w.customer)
	if len(kinds) == 2 && cmp.Or(registry.Mode(w.passwordSync), w.customer.PasswordSync) == registry.ModeOn {
		kinds = kinds[:1] // Microsoft 365 is matched then, and not imported
	}
	switch len(kinds) {
	case 0:
		return noDirectory(w.customer)
	case 1:
		w.kind = kinds[0]
		return nil
	}
	l := &pick.List{Title: "Directory"}
	for _, kind := range kinds {
		l.Items = append(l.Items, pick.Item{Label: kind.String(), Note: where(w.customer.Directories.Get(kind))})
	}
	if err := w.pick(ctx, l); err != nil {
		return err
	}
	w.kind = kinds[l.Chosen()[0]]
	return nil
}

func (w *importWalk) askMode(ctx context.Context) error {
	if w.passwordSync != "" || w.customer.PasswordSync != registry.ModeUnset {
		return nil
	}
	on := pick.Item{Label: "on"}
	if w.kind != source.AD {
		on.Why = "is for imports from Active Directory"
	}
	l := &pick.List{
		Title: "Password sync",
		Help: []string{
			"off: accounts and their addresses come from one directory, and nothing is matched.",
			"on: accounts come from Active Directory; each waits for its mailbox and takes its address.",
			"It is fixed while " + w.customer.Name + " has accounts.",
		},
		Items: []pick.Item{{Label: "off"}, on},
	}
	if err := w.pick(ctx, l); err != nil {
		return err
	}
	w.passwordSync = l.Items[l.Chosen()[0]].Label
	return nil
}

func (w *importWalk) askOUs(ctx context.Context) error {
	if w.kind != source.AD || len(w.ous) > 0 {
		return nil
	}
	survey, err := w.survey(ctx)
	if err != nil {
		return err
	}
	list := survey.OUs(false)
	l := &pick.List{Title: "OUs that hold users", Many: true, Noun: "OU", Switch: "with the OUs below", On: true}
	for _, o := range list.OUs {
		note := output.Count(o.Users, "user")
		if o.UsersBelow > 0 {
			note += fmt.Sprintf(", %d below", o.UsersBelow)
		}
		_, below, ok := strings.Cut(o.Path, "/") // they all begin with the domain
		if !ok {
			below = o.Path
		}
		l.Items = append(l.Items, pick.Item{Label: below, Note: note})
	}
	if len(l.Items) == 0 {
		return usage.Hintf("`qpimport ous --all` lists the others, and why they are hidden", "no OU of %s that is shown holds users", w.customer.Name)
	}
	if err := w.pick(ctx, l); err != nil {
		return err
	}
	for _, i := range l.Chosen() {
		w.ous = append(w.ous, sayable(list.OUs[i].Path, list.OUs[i].ID))
	}
	w.recursive = l.On
	return nil
}

// sayable is a name where it can be typed as it is shown, else the id.
func sayable(name, id string) string {
	if name == "" || output.Clean(name) != name || strings.ContainsAny(name, "*?") {
		return id
	}
	return name
}

func (w *importWalk) askUsers(ctx context.Context) error {
	survey, err := w.survey(ctx)
	if err != nil {
		return err
	}
	list, err := reading(ctx, w.app, func(im *importer.Importer) (importer.UserList, error) {
		return im.Users(ctx, importer.UsersRequest{Customer: w.customer.ID, Source: w.kind, OUs: w.ous, Recursive: w.recursive, All: true, Survey: survey})
	})
	if err != nil {
		return err
	}
	if len(list.Users) == 0 {
		return usage.Errorf("nobody is in %s", cmp.Or(strings.Join(w.ous, ", "), w.kind.String()))
	}
	l := &pick.List{
		Title: "Users", Many: true, Noun: "user", Marked: make([]bool, len(list.Users)),
		Help: []string{"Everybody who can be imported is marked. While most are, whoever is new there later counts as chosen too."},
	}
	names := map[string]int{}
	for i, u := range list.Users {
		item := pick.Item{Label: cmp.Or(u.DisplayName, u.Username, u.UPN), Note: u.Username}
		if !strings.EqualFold(u.Username, u.Email) {
			item.Note = strings.TrimSpace(item.Note + "  " + u.Email)
		}
		if u.Imported {
			item.Note += "  (imported)"
		}
		if u.SkipReason != nil {
			item.Why = reasonText(strings.ReplaceAll(*u.SkipReason, "_", " "), u.Why)
		}
		l.Marked[i] = item.Why == ""
		l.Items = append(l.Items, item)
		names[strings.ToLower(u.Username)]++
		names[strings.ToLower(u.UPN)]++
	}
	if err := w.pick(ctx, l); err != nil {
		return err
	}
	chosen := map[int]bool{}
	for _, i := range l.Chosen() {
		chosen[i] = true
	}
	var with, without []string
	for i, u := range list.Users {
		sel := sayable(cmp.Or(u.Username, u.UPN), u.ID)
		if names[strings.ToLower(sel)] > 1 && sel != u.UPN {
			sel = u.ID
		}
		switch {
		case chosen[i]:
			with = append(with, sel)
		case l.Items[i].Why == "":
			without = append(without, sel)
		}
	}
	if w.all = len(without) < len(with); w.all {
		w.exclude = without
	} else {
		w.users = with
	}
	return nil
}

// finish shows what would be done, and does it if that is wanted.
func (w *importWalk) finish(ctx context.Context) error {
	w.source = string(w.kind)
	w.app.settings.Customer = w.customer.ID
	survey, err := w.survey(ctx)
	if err != nil {
		return err
	}
	if w.dryRun {
		w.finishes = true
		return w.carryOut(ctx, w.app, survey)
	}
	req, err := w.request(w.app)
	if err != nil {
		return err
	}
	req.DryRun, req.Survey = true, survey
	would, err := reading(ctx, w.app, func(im *importer.Importer) (importer.ImportResult, error) { return im.Import(ctx, req) })
	if err != nil {
		return err
	}
	if err := output.Render(w.app.err, output.Table, false, w.app.screen(w.app.err), importView(would)); err != nil {
		return err
	}
	fmt.Fprintln(w.app.err)
	l := &pick.List{Title: "Add them", Items: []pick.Item{
		{Label: "yes", Note: fmt.Sprintf("%d imported, %d updated", would.Counts.Imported, would.Counts.Updated)},
		{Label: "no", Note: "leave all as it is"},
	}}
	if err := w.pick(ctx, l); err != nil {
		return err
	}
	if l.Chosen()[0] == 1 {
		return pick.ErrLeft
	}
	w.finishes = true
	if survey, err = w.survey(ctx); err != nil { // an answer may take hours
		return err
	}
	return w.carryOut(ctx, w.app, survey)
}

// maxNamed is how many users a command names that somebody is shown; more go into a
// file.
const maxNamed = 20

// command is the import as a script says it.
func (w *importWalk) command() string {
	words := []string{"qpimport", "import", "-c", output.ShellWord(w.customer.Name), "--source", string(w.kind)}
	add := func(flag string, values ...string) {
		for _, v := range values {
			words = append(words, flag, output.ShellWord(v))
		}
	}
	if w.passwordSync != "" {
		add("--password-sync", w.passwordSync)
	}
	add("--ou", w.ous...)
	if w.recursive {
		words = append(words, "-r")
	}
	if w.all {
		words = append(words, "--all")
	}
	add("--exclude", w.exclude...)
	file := ""
	if len(w.users) > maxNamed {
		words, file = append(words, "--users-file", "FILE"), fmt.Sprintf("   # FILE names the %d users, one a line", len(w.users))
	} else {
		add("--user", w.users...)
	}
	if w.alsoM365 {
		words = append(words, "--also-m365")
	}
	for _, answer := range strings.Fields(w.allow.String()) {
		words = append(words, "--allow", answer)
	}
	if w.dryRun {
		words = append(words, "--dry-run")
	}
	return strings.Join(words, " ") + file
}
