package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

// TestYear has a made company live through twelve months, refreshed weekly, with
// the truth known: whose each user and mailbox is, and by rules that are written
// here once more, what each account has to be. Each run is taken back and done
// again as it was made, and all of them once more in the end.
func TestYear(t *testing.T) {
	for _, tt := range []struct {
		name string
		mode registry.Mode
		kind source.Kind
	}{
		{"on", registry.ModeOn, source.AD},
		{"off from AD", registry.ModeOff, source.AD},
		{"off from Microsoft 365", registry.ModeOff, source.M365},
	} {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s/%d", tt.name, seed), func(t *testing.T) {
				t.Parallel()
				c := newCompany(t, tt.mode, tt.kind, seed)
				for c.week = 1; c.week <= 52; c.week++ {
					c.at = c.at.AddDate(0, 0, 7)
					c.live()
				}
				c.thereAndBack()
			})
		}
	}
}

// company is a world with people who come, change and go.
type company struct {
	*world
	*rand.Rand
	mode   registry.Mode
	kind   source.Kind // whom the accounts come from
	week   int
	at     time.Time
	people []*person
	whose  map[string]*person // by the id of a user of either directory
	later  map[int][]func()   // what happens in a week to come
	ids    int
	domain string

	truth     map[string]Account                         // what the accounts have to be
	owner     map[string]*person                         // of accounts
	read      map[source.Kind]map[string]source.User     // what the last read held
	named     map[source.Kind]map[string]map[string]bool // ids of all who ever had a name
	ignored   map[string]bool                            // and whom he said to leave alone
	dismissed map[string]bool                            // users whose accounts were deleted by hand
	byName    map[string]bool                            // users who were imported by name
	decided   map[string]bool                            // AD users of whom a person decided something
	past      map[int]sourcetest.Memory                  // AD in earlier weeks
	states    []string                                   // what the program showed after each run
	runs      []int64                                    // those that brought it about
}

// person is somebody, with the ids of what is his.
type person struct {
	given, surname string
	ad, box        string
	gone           bool
}

func (p *person) name() string { return p.given + " " + p.surname }

func newCompany(t *testing.T, mode registry.Mode, kind source.Kind, seed uint64) *company {
	c := &company{
		world: newWorld(t), Rand: rand.New(rand.NewPCG(seed, 12)), mode: mode, kind: kind, domain: "contoso.example",
		at: time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC), whose: map[string]*person{}, later: map[int][]func(){},
		truth: map[string]Account{}, owner: map[string]*person{}, read: map[source.Kind]map[string]source.User{},
		named:     map[source.Kind]map[string]map[string]bool{source.AD: {}, source.M365: {}},
		dismissed: map[string]bool{}, byName: map[string]bool{}, decided: map[string]bool{}, ignored: map[string]bool{}, past: map[int]sourcetest.Memory{},
	}
	c.Importer = New(Options{Store: c.store, Open: sourcetest.Open(c.ad, c.m365), Now: func() time.Time { return c.at }})
	c.ad.Domain.Containers = append(c.ad.Domain.Containers,
		source.Container{ID: "5", DN: "OU=Sales," + root, Name: "Sales", Class: "organizationalUnit"},
		source.Container{ID: "6", DN: "OU=Berlin,OU=Sales," + root, Name: "Berlin", Class: "organizationalUnit"})
	for range 60 {
		c.hire(c.newName(), "", c.anyOU())
	}
	c.states = append(c.states, c.shown())
	imports := []ImportRequest{{Source: source.M365, All: true}}
	if kind == source.AD {
		imports = []ImportRequest{{Source: source.AD, OUs: []string{"1"}, Recursive: true, All: true}, {Source: source.AD, OUs: []string{"5"}, All: true}}
	}
	for _, r := range imports {
		r.Customer, r.PasswordSync = "contoso", mode
		c.keep(c.mustImport(r).Run)
	}
	if mode == registry.ModeOn {
		c.keep(c.mustMatch(MatchRequest{By: match.ByDisplayName}).Run)
	}
	c.takeOver()
	return c
}

// live is one week.
func (c *company) live() {
	special, calm := c.happens()
	if calm {
		for range 1 + c.IntN(4) {
			c.anything()
		}
		for week := range c.week + 1 {
			for _, do := range c.later[week] {
				do()
			}
			delete(c.later, week)
		}
		c.past[c.week] = clone(c.ad)
	}
	ad, m365 := clone(c.ad), clone(c.m365)
	restore := func() { *c.ad, *c.m365 = ad, m365 }
	special()
	c.noteNames()
	refreshed := c.refresh()
	if !calm {
		restore()
	}
	if calm && refreshed {
		c.byPeople()
	}
}

// happens is what else the week brings, and whether it is an ordinary one.
func (c *company) happens() (do func(), calm bool) {
	half := func(m *sourcetest.Memory) func() {
		return func() { m.People = slices.Clone(m.People[:len(m.People)/2]) }
	}
	cut := func(memories ...*sourcetest.Memory) func() {
		return func() {
			for _, m := range memories {
				m.FailAfter = 1
			}
		}
	}
	switch c.week {
	case 8:
		return half(c.ad), false
	case 12:
		return cut(c.ad), false
	case 20:
		return half(c.m365), false
	case 23:
		return func() { half(c.ad)(); half(c.m365)() }, false
	case 25:
		return cut(c.m365), false
	case 30:
		return cut(c.ad, c.m365), false
	case 28: // the reader lost a right
		return func() {
			for i := range c.ad.People {
				c.ad.People[i].Surname = ""
			}
		}, false
	case 36: // restored from a backup
		weeks := slices.Sorted(maps.Keys(c.past))
		return func() { *c.ad = c.past[weeks[len(weeks)-1-c.IntN(6)]] }, false
	case 15:
		return func() { c.rename("1", "OU=People,"+root) }, true
	case 32: // out of the selection
		return func() { c.rename("2", "OU=London,OU=Other,"+root) }, true
	case 34:
		return func() { c.rename("2", "OU=London,OU=People,"+root) }, true
	case 44:
		return func() { c.rebrand("fabrikam.example") }, true
	}
	return func() {}, true
}

// clone is a directory as it is now.
func clone(m *sourcetest.Memory) sourcetest.Memory {
	x := *m
	x.People, x.Missed, x.Domain.Containers = slices.Clone(m.People), slices.Clone(m.Missed), slices.Clone(m.Domain.Containers)
	return x
}

func (c *company) newID() string {
	c.ids++
	return sourcetest.GUID(c.ids)
}

// newName is a name that nobody had yet.
func (c *company) newName() *person {
	n := len(c.people)
	given := []string{"Ann", "Bob", "Cat", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Lea", "Max"}
	syllables := []string{"bar", "lo", "min", "ter", "ka", "rov", "sen"}
	surname := syllables[n%7] + syllables[n/7%7] + syllables[n/49%7]
	return &person{given: given[n%len(given)], surname: strings.ToUpper(surname[:1]) + surname[1:]}
}

func (c *company) anyOU() string {
	return c.container([]string{"1", "1", "1", "2", "2", "5", "5", "3", "6"}[c.IntN(9)])
}

// container is the DN of one.
func (c *company) container(id string) string {
	i := slices.IndexFunc(c.ad.Domain.Containers, func(x source.Container) bool { return x.ID == id })
	return c.ad.Domain.Containers[i].DN
}

// login is a logon name like the person's that nobody has now.
func (c *company) login(p *person) string {
	base := strings.ToLower(p.given + "." + p.surname)
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name += fmt.Sprint(n)
		}
		taken := func(u source.User) bool { return strings.HasPrefix(u.UPN, name+"@") }
		if !slices.ContainsFunc(c.ad.People, taken) && !slices.ContainsFunc(c.m365.People, taken) {
			return name
		}
	}
}

// hire makes a person with a user and a mailbox; login "" is one of his own.
func (c *company) hire(p *person, login, ou string) *person {
	if login == "" {
		login = c.login(p)
	}
	c.people = append(c.people, p)
	c.giveUser(p, login, ou)
	c.giveBox(p, login)
	return p
}

func (c *company) giveUser(p *person, login, ou string) {
	p.ad = c.newID()
	c.whose[p.ad] = p
	address := login + "@" + c.domain
	c.ad.People = append(c.ad.People, source.User{
		Kind: source.AD, ID: p.ad, DN: "CN=" + p.ad + "," + ou, Username: login, UPN: address, DisplayName: p.name(), GivenName: p.given, Surname: p.surname,
		Email: address, Enabled: source.Yes,
	})
}

func (c *company) giveBox(p *person, login string) {
	p.box = c.newID()
	c.whose[p.box] = p
	address := login + "@" + c.domain
	c.m365.People = append(c.m365.People, source.User{
		Kind: source.M365, ID: p.box, Username: address, UPN: address, DisplayName: p.name(), GivenName: p.given, Surname: p.surname,
		Email: address, Enabled: source.Yes, Exchange: source.Yes, Licensed: source.Yes,
	})
}

// user is one of a directory, nil for none.
func user(m *sourcetest.Memory, id string) *source.User {
	i := slices.IndexFunc(m.People, func(u source.User) bool { return u.ID == id })
	if i < 0 {
		return nil
	}
	return &m.People[i]
}

func remove(m *sourcetest.Memory, id string) {
	m.People = slices.DeleteFunc(m.People, func(u source.User) bool { return u.ID == id })
}

// anyone is a person for whom both are there and are enabled, or nil.
func (c *company) anyone() *person {
	for range 50 {
		p := c.people[c.IntN(len(c.people))]
		u, box := user(c.ad, p.ad), user(c.m365, p.box)
		if !p.gone && u != nil && box != nil && u.Enabled == source.Yes && box.Enabled == source.Yes {
			return p
		}
	}
	return nil
}

// leaver is a person who left, and whose user is no more, or nil.
func (c *company) leaver() *person {
	for range 50 {
		if p := c.people[c.IntN(len(c.people))]; p.gone && user(c.ad, p.ad) == nil {
			return p
		}
	}
	return nil
}

func (c *company) in(weeks int, do func()) {
	c.later[c.week+weeks] = append(c.later[c.week+weeks], do)
}

// anything happens to somebody.
func (c *company) anything() {
	p := c.anyone()
	if p == nil {
		return
	}
	u, box := user(c.ad, p.ad), user(c.m365, p.box)
	switch c.IntN(20) {
	case 0, 1, 2:
		c.hire(c.newName(), "", c.anyOU())
	case 3: // the mailbox comes later
		p := c.hire(c.newName(), "", c.anyOU())
		login := user(c.ad, p.ad).Username
		remove(c.m365, p.box)
		c.in(2, func() { c.giveBox(p, login) })
	case 4: // a namesake
		c.hire(&person{given: p.given, surname: p.surname}, "", c.anyOU())
	case 5: // the address of one who left
		if gone := c.leaver(); gone != nil && user(c.m365, gone.box) == nil {
			c.hire(c.newName(), c.login(gone), c.anyOU())
		}
	case 6: // both are deleted
		p.gone = true
		remove(c.ad, p.ad)
		remove(c.m365, p.box)
	case 7: // disabled first, deleted later
		p.gone = true
		u.Enabled, box.Enabled = source.No, source.No
		c.in(5, func() { remove(c.ad, p.ad) })
		c.in(9, func() { remove(c.m365, p.box) })
	case 8: // the mailbox stays, and is blocked later
		p.gone = true
		remove(c.ad, p.ad)
		c.in(3, func() {
			if box := user(c.m365, p.box); box != nil {
				box.Enabled = source.No
			}
		})
	case 9, 10: // married; in Microsoft 365 perhaps later
		p.surname = c.newName().surname + "ova"
		login := c.login(p)
		u.Username, u.UPN, u.Email, u.DisplayName, u.Surname = login, login+"@"+c.domain, login+"@"+c.domain, p.name(), p.surname
		c.in(c.IntN(3), func() {
			if box := user(c.m365, p.box); box != nil {
				box.Username, box.UPN, box.Email, box.DisplayName, box.Surname = login+"@"+c.domain, login+"@"+c.domain, login+"@"+c.domain, p.name(), p.surname
			}
		})
	case 11, 12, 13: // moved, in and out of the selection
		u.DN = "CN=" + u.ID + "," + c.anyOU()
	case 14: // back under another id
		if back := c.leaver(); back != nil {
			back.gone = false
			login := c.login(back)
			c.people = append(c.people, back) // a better chance to be heard of again
			c.giveUser(back, login, c.anyOU())
			if c.IntN(2) == 0 {
				user(c.ad, back.ad).Username += ".new"
			}
			if user(c.m365, back.box) == nil {
				c.giveBox(back, login)
			}
		}
	case 15: // the mailbox is made anew
		login, _, _ := strings.Cut(box.UPN, "@")
		remove(c.m365, p.box)
		c.in(c.IntN(2), func() {
			if !p.gone {
				c.giveBox(p, login)
			}
		})
	case 16, 17: // no licence for a while
		address := box.Email
		box.Exchange, box.Licensed = source.No, source.No
		if c.IntN(2) == 0 {
			box.Email = ""
		}
		c.in(3, func() {
			if box := user(c.m365, p.box); box != nil && box.Exchange == source.No {
				box.Exchange, box.Licensed = source.Yes, source.Yes
				if box.Email == "" {
					box.Email = address
				}
			}
		})
	case 18: // moved while the directory is read
		c.ad.Missed = append(c.ad.Missed, *u)
		remove(c.ad, p.ad)
		c.in(1, func() {
			if i := slices.IndexFunc(c.ad.Missed, func(u source.User) bool { return u.ID == p.ad }); i >= 0 {
				c.ad.People, c.ad.Missed = append(c.ad.People, c.ad.Missed[i]), slices.Delete(c.ad.Missed, i, i+1)
			}
		})
	case 19: // suspended for a while
		u.Enabled = source.No
		c.in(2, func() {
			if u := user(c.ad, p.ad); u != nil && !p.gone {
				u.Enabled = source.Yes
			}
		})
	}
}

// rename gives an OU another DN, with all below it.
func (c *company) rename(id, dn string) {
	old := c.container(id)
	move := func(x string) string {
		if x == old {
			return dn
		}
		if rest, ok := strings.CutSuffix(x, ","+old); ok {
			return rest + "," + dn
		}
		return x
	}
	for i := range c.ad.Domain.Containers {
		c.ad.Domain.Containers[i].DN = move(c.ad.Domain.Containers[i].DN)
	}
	for _, people := range [][]source.User{c.ad.People, c.ad.Missed} {
		for i := range people {
			people[i].DN = move(people[i].DN)
		}
	}
}

// rebrand gives everybody addresses of another domain.
func (c *company) rebrand(domain string) {
	for _, people := range [][]source.User{c.ad.People, c.ad.Missed, c.m365.People} {
		for i := range people {
			u := &people[i]
			for _, s := range []*string{&u.UPN, &u.Email} {
				*s = strings.Replace(*s, "@"+c.domain, "@"+domain, 1)
			}
			if u.Kind == source.M365 {
				u.Username = u.UPN
			}
		}
	}
	c.domain = domain
}

func (c *company) memory(kind source.Kind) *sourcetest.Memory {
	if kind == source.AD {
		return c.ad
	}
	return c.m365
}

func (c *company) noteNames() {
	for kind, named := range c.named {
		m := c.memory(kind)
		for _, people := range [][]source.User{m.People, m.Missed} {
			for _, u := range people {
				if named[u.DisplayName] == nil {
					named[u.DisplayName] = map[string]bool{}
				}
				named[u.DisplayName][u.ID] = true
			}
		}
	}
}

// refresh refreshes, and holds what comes of it against the truth. It says whether
// anything was learnt.
func (c *company) refresh() bool {
	c.t.Helper()
	var kinds, failing []source.Kind
	for _, kind := range []source.Kind{source.AD, source.M365} {
		if c.memory(kind).FailAfter > 0 {
			failing = append(failing, kind)
		} else {
			kinds = append(kinds, kind)
		}
	}
	r := RefreshRequest{Customer: "Contoso", ImportNew: c.IntN(3) > 0}
	f := c.foresee(kinds)
	before := c.shown()
	got, err := c.Refresh(c.t.Context(), r)
	if len(kinds) == 0 {
		wantCode(c.t, err, source.CodeIncomplete)
		c.same(before, "both directories were cut off")
		return false
	}
	if len(f.refused) > 0 {
		if source.CodeOf(err) != CodeSafeguard {
			c.t.Fatalf("week %d: got error %v, want %q refused", c.week, err, f.refused)
		}
		var refused []string
		for _, x := range got.Refused {
			refused = append(refused, fmt.Sprintf("%s=%d, at most %d", x.Guard, x.Found, x.Limit))
		}
		slices.Sort(refused)
		if !slices.Equal(refused, f.refused) {
			c.t.Errorf("week %d: refused %q, want %q", c.week, refused, f.refused)
		}
		c.same(before, "it was refused")
		if _, calm := c.happens(); !calm {
			return false // it is for the directory to be mended
		}
		r.Allow = f.allow
		got, err = c.Refresh(c.t.Context(), r)
	}
	if err != nil {
		c.t.Fatalf("week %d: %v, %v", c.week, err, got.Refused)
	}
	if len(got.Errors) != len(failing) {
		c.t.Errorf("week %d: errors %+v, want those of %v", c.week, got.Errors, failing)
	}
	c.compare(f, got, r.ImportNew)
	c.keep(got.Run)
	if len(failing) == 0 {
		file, _ := os.ReadFile(c.path)
		r.Allow = nil
		again, err := c.Refresh(c.t.Context(), r)
		if err != nil || again.Run != nil || len(again.Changes) > 0 || again.Counts.Unchanged != len(c.truth) {
			c.t.Fatalf("week %d, again: %+v, %v", c.week, again, err)
		}
		if now, _ := os.ReadFile(c.path); string(now) != string(file) {
			c.t.Errorf("week %d: the second refresh wrote something", c.week)
		}
	}
	return true
}

// forecast is what a refresh has to find.
type forecast struct {
	accounts map[string]Account
	fresh    map[string]*source.User // who newly fits, by id
	refused  []string
	allow    registry.Answers
}

// foresee says what a refresh from the directories finds, matching aside.
func (c *company) foresee(kinds []source.Kind) forecast {
	f := forecast{accounts: maps.Clone(c.truth), fresh: map[string]*source.User{}, allow: registry.Answers{}}
	outside, addresses, at := 0, 0, c.at
	guard := func(g registry.Guard, found, of int) {
		if limit := max(5, of/10); found > limit {
			f.refused = append(f.refused, fmt.Sprintf("%s=%d, at most %d", g, found, limit))
			f.allow[g] = append(f.allow[g], found)
		}
	}
	for _, kind := range kinds {
		now := map[string]*source.User{}
		names := map[string]bool{}
		m := c.memory(kind)
		for i := range m.People {
			u := &m.People[i]
			now[u.ID] = u
			names[u.Username], names[u.UPN], names[u.Email] = true, true, true
		}
		delete(names, "")
		linked := map[string]bool{}
		for id, a := range f.accounts {
			status := statusOf(&a, kind)
			if status == nil {
				continue
			}
			old := *status
			u, listed := now[linkID(&a, kind)], true
			linked[linkID(&a, kind)] = true
			if i := slices.IndexFunc(m.Missed, func(u source.User) bool { return u.ID == linkID(&a, kind) }); u == nil && i >= 0 {
				u, listed = &m.Missed[i], false
			}
			if u != nil {
				c.takes(&a, u)
			}
			is := LinkStatus{Status: registry.StatusOK, Since: &at}
			switch {
			case u == nil && (kind == source.AD && (names[a.Username] || names[a.UPN]) || kind == source.M365 && names[a.M365.UPN] ||
				a.Email != "" && a.EmailSource != nil && *a.EmailSource == string(kind) && names[a.Email]):
				is.Status = registry.StatusReplaced
			case u == nil:
				is.Status = registry.StatusMissing
			case u.Enabled == source.No:
				is.Status = registry.StatusDisabled
			case !listed || c.kind == kind && !c.fits(u):
				is.Status = registry.StatusOutOfScope
			}
			if is.Status == old.Status {
				is.Since = old.Since
			} else if is.Status == registry.StatusOutOfScope {
				outside++
			}
			if kind == source.AD {
				l := *a.AD
				l.LinkStatus = is
				a.AD = &l
			} else {
				l := *a.M365
				l.LinkStatus = is
				a.M365 = &l
			}
			f.accounts[id] = a
		}
		absent, disabled, suffixes, surnames := 0, 0, 0, 0
		for id, was := range c.read[kind] {
			u := now[id]
			if u == nil {
				absent++
				continue
			}
			if was.Enabled == source.Yes && u.Enabled == source.No {
				disabled++
			}
			if was.UPN[strings.Index(was.UPN, "@"):] != u.UPN[strings.Index(u.UPN, "@"):] {
				suffixes++
			}
			if u.Surname != "" {
				surnames++
			}
		}
		guard(registry.GuardMissing, absent, len(c.read[kind]))
		guard(registry.GuardDisabled, disabled, len(c.read[kind]))
		guard(registry.GuardUPNSuffix, suffixes, len(c.read[kind]))
		if len(c.read[kind]) > 0 && surnames == 0 {
			f.refused = append(f.refused, "attribute_lost=0, at most 0")
		}
		for id, u := range now {
			if kind == c.kind && !linked[id] && !c.dismissed[id] && u.Enabled == source.Yes && (kind == source.AD || u.Exchange == source.Yes && u.Email != "") && c.fits(u) {
				f.fresh[id] = u
			}
		}
	}
	for id, a := range f.accounts {
		if was := c.truth[id]; was.Email != "" && was.Email != a.Email {
			addresses++
		}
	}
	guard(registry.GuardOutOfScope, outside, len(c.truth))
	guard(registry.GuardEmails, addresses, len(c.truth))
	slices.Sort(f.refused)
	return f
}

// takes gives an account what its user says.
func (c *company) takes(a *Account, u *source.User) {
	if u.Kind == source.AD {
		l := ADLink{ID: u.ID, DN: u.DN}
		if a.AD != nil {
			l.LinkStatus = a.AD.LinkStatus
		}
		a.AD = &l
	} else {
		l := M365Link{ID: u.ID, UPN: u.UPN}
		if a.M365 != nil {
			l.LinkStatus = a.M365.LinkStatus
		}
		a.M365 = &l
	}
	if u.Kind == c.kind {
		a.DisplayName, a.GivenName, a.Surname, a.Username, a.UPN = u.DisplayName, u.GivenName, u.Surname, u.Username, u.UPN
	}
	if (c.mode == registry.ModeOff || u.Kind == source.M365) && (a.EmailSource == nil || *a.EmailSource != registry.EmailFromManual) {
		a.Email, a.EmailSource = u.Email, nil
		if u.Email != "" {
			from := string(u.Kind)
			a.EmailSource = &from
		}
	}
}

func statusOf(a *Account, kind source.Kind) *LinkStatus {
	switch {
	case kind == source.AD && a.AD != nil:
		return &a.AD.LinkStatus
	case kind == source.M365 && a.M365 != nil:
		return &a.M365.LinkStatus
	}
	return nil
}

func linkID(a *Account, kind source.Kind) string {
	if kind == source.AD {
		return a.AD.ID
	}
	return a.M365.ID
}

// fits says whether the selections take a user: Staff and all below it, who is in
// Sales itself, and who was named.
func (c *company) fits(u *source.User) bool {
	if u.Kind == source.M365 || c.byName[u.ID] {
		return true
	}
	_, parent, _ := strings.Cut(u.DN, ",")
	staff := c.container("1")
	return parent == staff || strings.HasSuffix(parent, ","+staff) || parent == c.container("5")
}

// alive says that nothing of the account is gone or switched off.
func alive(a *Account) bool {
	for _, kind := range []source.Kind{source.AD, source.M365} {
		if s := statusOf(a, kind); s != nil && s.Status != registry.StatusOK && s.Status != registry.StatusOutOfScope {
			return false
		}
	}
	return true
}

// compare holds the accounts against what they have to be.
func (c *company) compare(f forecast, got RefreshResult, importNew bool) {
	c.t.Helper()
	var listed []string
	for _, u := range got.New {
		listed = append(listed, u.ID)
	}
	slices.Sort(listed)
	if want := slices.Sorted(maps.Keys(f.fresh)); !slices.Equal(listed, want) {
		c.t.Errorf("week %d: new %v, want %v", c.week, listed, want)
	}
	actual := c.accounts()
	n := RefreshCounts{New: len(f.fresh)}
	imported, at := map[string]bool{}, c.at
	for id, is := range actual {
		a, known := f.accounts[id]
		if !known {
			u := f.fresh[linkID(&is, c.kind)]
			if u == nil || !importNew {
				c.t.Errorf("week %d: nobody asked for %+v", c.week, is)
				continue
			}
			a = Account{ID: id, Customer: "Contoso", ImportedAt: c.at, UpdatedAt: c.at}
			c.takes(&a, u)
			statusOf(&a, c.kind).Status, statusOf(&a, c.kind).Since = registry.StatusOK, &at
			c.owner[id] = c.whose[u.ID]
			imported[id] = true
			n.Imported++
		}
		if c.mode == registry.ModeOn && a.M365 == nil && is.M365 != nil {
			box := user(c.m365, is.M365.ID)
			if box == nil || c.whose[box.ID] != c.owner[id] || c.ignored[a.AD.ID] {
				c.t.Fatalf("week %d: %s was given the mailbox %s", c.week, is.DisplayName, is.M365.UPN)
			}
			c.takes(&a, box)
			a.M365.Status, a.M365.Since = registry.StatusOK, &at
		}
		f.accounts[id] = a
	}
	settled(f.accounts, c.mode)
	if importNew && len(f.fresh) != len(imported) {
		c.t.Errorf("week %d: %d imported, want %d", c.week, len(imported), len(f.fresh))
	}
	for id, a := range f.accounts {
		was, had := c.truth[id]
		if had && text(was) != text(a) {
			a.UpdatedAt = c.at
			f.accounts[id] = a
			n.Updated++
			countChange(&n, &was, &a)
		} else if had {
			n.Unchanged++
		}
		if is := actual[id]; text(is) != text(a) {
			c.t.Fatalf("week %d: %s is\n%s, want\n%s; was\n%s", c.week, a.DisplayName, text(is), text(a), text(was))
		}
	}
	n.PeopleAD, n.PeopleM365 = got.Counts.PeopleAD, got.Counts.PeopleM365
	for _, kind := range []source.Kind{source.AD, source.M365} {
		m := c.memory(kind)
		people := got.Counts.PeopleAD
		if kind == source.M365 {
			people = got.Counts.PeopleM365
		}
		if m.FailAfter == 0 && people != len(m.People) {
			c.t.Errorf("week %d: %d people of %s, want %d", c.week, people, kind, len(m.People))
		}
	}
	if got.Counts != n || len(got.Changes) != n.Updated+n.Imported {
		c.t.Errorf("week %d: counts %+v with %d changes, want %+v", c.week, got.Counts, len(got.Changes), n)
	}
	c.truth = f.accounts
	for _, kind := range []source.Kind{source.AD, source.M365} {
		if m := c.memory(kind); m.FailAfter == 0 {
			c.read[kind] = map[string]source.User{}
			for _, u := range m.People {
				c.read[kind][u.ID] = u
			}
		}
	}
	c.nobodyWrong(importNew)
}

// countChange counts what became of an account.
func countChange(n *RefreshCounts, was, is *Account) {
	found := map[string]bool{}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		x, y := statusOf(was, kind), statusOf(is, kind)
		if x == nil || y == nil || x.Status == y.Status {
			continue
		}
		gone := func(s string) bool { return s == registry.StatusMissing || s == registry.StatusReplaced }
		found[y.Status] = true
		found["returned"] = found["returned"] || gone(x.Status) && !gone(y.Status)
		found["enabled"] = found["enabled"] || x.Status == registry.StatusDisabled && !gone(y.Status)
	}
	for what, count := range map[string]*int{
		registry.StatusMissing: &n.Missing, registry.StatusReplaced: &n.Replaced, registry.StatusDisabled: &n.Disabled,
		registry.StatusOutOfScope: &n.OutOfScope, "returned": &n.Returned, "enabled": &n.Enabled,
	} {
		if found[what] {
			*count++
		}
	}
	if was.Email != is.Email {
		n.Emails++
	}
}

// settled gives accounts their states.
func settled(accounts map[string]Account, mode registry.Mode) {
	living, others := map[string]int{}, map[string]int{}
	pending := func(a *Account) bool { return mode == registry.ModeOn && a.M365 == nil }
	for _, a := range accounts {
		switch {
		case pending(&a) || a.Email == "":
		case alive(&a):
			living[a.Email]++
		default:
			others[a.Email]++
		}
	}
	for id, a := range accounts {
		issue := ""
		a.State = registry.StateNeedsEmail
		switch {
		case pending(&a):
			a.State = registry.StatePendingMatch
		case a.Email == "":
			issue = registry.EmailMissing
		case alive(&a) && living[a.Email] > 1, !alive(&a) && living[a.Email]+others[a.Email] > 1:
			issue = registry.EmailDuplicate
		default:
			a.State = registry.StateActive
		}
		a.EmailIssue = orNull(issue)
		accounts[id] = a
	}
}

// nobodyWrong holds the accounts against whose they are.
func (c *company) nobodyWrong(importNew bool) {
	c.t.Helper()
	held, owned, addresses, pending := map[string]bool{}, map[*person]bool{}, map[string]bool{}, map[string]bool{}
	for id, a := range c.truth {
		for _, kind := range []source.Kind{source.AD, source.M365} {
			if statusOf(&a, kind) == nil {
				continue
			}
			link := linkID(&a, kind)
			if c.whose[link] != c.owner[id] || held[link] {
				c.t.Fatalf("week %d: %s holds the user of somebody else: %s", c.week, a.DisplayName, text(a))
			}
			held[link] = true
		}
		owned[c.owner[id]] = true
		pending[linkID(&a, c.kind)] = a.State == registry.StatePendingMatch
		if a.State == registry.StateActive {
			if addresses[a.Email] {
				c.t.Errorf("week %d: two have %s", c.week, a.Email)
			}
			addresses[a.Email] = true
			for _, u := range c.memory(source.M365).People {
				if *a.EmailSource == registry.EmailFromM365 && u.Email == a.Email && c.whose[u.ID] != c.owner[id] && a.M365.Status != registry.StatusReplaced {
					c.t.Errorf("week %d: %s has the address of %s", c.week, text(a), u.DisplayName)
				}
			}
		}
	}
	if !importNew || c.memory(c.kind).FailAfter > 0 {
		return
	}
	for _, u := range c.memory(c.kind).People {
		if u.SkipReason() == "" && c.fits(&u) && !c.dismissed[u.ID] && !owned[c.whose[u.ID]] {
			c.t.Errorf("week %d: %s is lost", c.week, u.DisplayName)
		}
		p := c.whose[u.ID]
		if !pending[u.ID] || c.m365.FailAfter > 0 || u.Enabled == source.No || c.decided[u.ID] || held[p.box] {
			continue
		}
		box := user(c.m365, p.box)
		if box != nil && box.SkipReason() == "" && box.DisplayName == u.DisplayName && len(c.named[source.AD][u.DisplayName]) == 1 && len(c.named[source.M365][u.DisplayName]) == 1 {
			c.t.Errorf("week %d: %s is not matched with his mailbox", c.week, u.DisplayName)
		}
	}
}

// byPeople is what somebody does by hand after a refresh.
func (c *company) byPeople() {
	c.t.Helper()
	ctx := c.t.Context()
	byLink := map[string]string{}
	for id, a := range c.truth {
		for _, kind := range []source.Kind{source.AD, source.M365} {
			if statusOf(&a, kind) != nil {
				byLink[linkID(&a, kind)] = id
			}
		}
	}
	must := func(run *int64, err error) {
		c.t.Helper()
		if err != nil {
			c.t.Fatalf("week %d: %v", c.week, err)
		}
		c.keep(run)
		c.takeOver()
	}
	remove := func(id string) {
		a := c.truth[id]
		r, err := c.DeleteAccounts(ctx, DeleteRequest{Customer: "contoso", Accounts: []string{id}})
		c.dismissed[linkID(&a, c.kind)] = true
		must(r.Run, err)
	}
	switch ids := c.sorted(); c.IntN(6) {
	case 0:
		id := ids[c.IntN(len(ids))]
		if a := c.truth[id]; a.State == registry.StateActive {
			base := fmt.Sprintf("manual.w%d", c.week)
			r, err := c.SetEmails(ctx, EmailsRequest{Customer: "contoso", Changes: []EmailChange{{Account: id, Email: base + "@" + c.domain}}})
			must(r.Run, err)
			c.in(3, func() { c.hire(c.newName(), base, c.anyOU()) }) // who comes to have the very same
		}
	case 1:
		remove(ids[c.IntN(len(ids))])
	case 2:
		for _, id := range slices.Sorted(maps.Keys(c.dismissed)) {
			u := user(c.memory(c.kind), id)
			if _, has := byLink[id]; has || u == nil || u.Enabled == source.No {
				continue
			}
			r := ImportRequest{Customer: "contoso", Source: c.kind, Users: []string{id}}
			if c.kind == source.AD {
				if r.OUs, r.Recursive = []string{"1"}, true; !strings.HasSuffix(u.DN, c.container("1")) {
					continue
				}
			}
			result, err := c.Import(ctx, r)
			delete(c.dismissed, id)
			c.byName[id] = true
			must(result.Run, err)
			break
		}
	case 3:
		r, err := c.DeleteAccounts(ctx, DeleteRequest{Customer: "contoso", MissingFor: 60 * 24 * time.Hour})
		must(r.Run, err)
	case 4:
		for _, id := range ids {
			if a := c.truth[id]; c.mode == registry.ModeOn && a.State == registry.StatePendingMatch && !c.decided[a.AD.ID] {
				c.decided[a.AD.ID], c.ignored[a.AD.ID] = true, true
				must(c.byHand(DecisionRow{AD: id, Verdict: match.VerdictIgnore}).Run, nil)
				break
			}
		}
	}
	for _, id := range c.sorted() {
		a, there := c.truth[id]
		p := c.owner[id]
		for _, kind := range []source.Kind{source.AD, source.M365} {
			now := p.ad
			if kind == source.M365 {
				now = p.box
			}
			u := user(c.memory(kind), now)
			if !there || statusOf(&a, kind) == nil || statusOf(&a, kind).Status != registry.StatusReplaced || u == nil || u.Email == "" || c.IntN(2) == 0 {
				continue
			}
			ghost := byLink[now]
			if _, there := c.truth[ghost]; there {
				if kind != c.kind {
					continue
				}
				remove(ghost)
			}
			r, err := c.Relink(ctx, RelinkRequest{Customer: "contoso", Account: id, Kind: kind, User: now})
			delete(c.dismissed, now)
			c.decided[p.ad] = true
			must(r.Run, err)
			break
		}
	}
}

// sorted are the ids of the accounts in the order in which their users were made.
func (c *company) sorted() []string {
	return slices.SortedFunc(maps.Keys(c.truth), func(x, y string) int {
		a, b := c.truth[x], c.truth[y]
		return strings.Compare(linkID(&a, c.kind), linkID(&b, c.kind))
	})
}

// takeOver takes the accounts for true as they are, after somebody changed them by
// hand.
func (c *company) takeOver() {
	c.t.Helper()
	c.truth = c.accounts()
	for id, a := range c.truth {
		c.owner[id] = c.whose[linkID(&a, c.kind)]
	}
	kinds := []source.Kind{c.kind}
	if c.mode == registry.ModeOn {
		kinds = []source.Kind{source.AD, source.M365}
	}
	for _, kind := range kinds {
		c.read[kind] = map[string]source.User{}
		for _, u := range c.memory(kind).People {
			c.read[kind][u.ID] = u
		}
	}
	c.nobodyWrong(false)
}

func (c *company) accounts() map[string]Account {
	c.t.Helper()
	list, err := c.Accounts(c.t.Context(), AccountsRequest{Customer: "Contoso"})
	if err != nil {
		c.t.Fatal(err)
	}
	accounts := map[string]Account{}
	for _, a := range list.Accounts {
		a.Light = "" // follows from the rest: see TestAccountLight
		accounts[a.ID] = a
	}
	return accounts
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// shown is what the program shows of the customer.
func (c *company) shown() string {
	c.t.Helper()
	accounts, err := c.Accounts(c.t.Context(), AccountsRequest{Customer: "Contoso"})
	if err != nil {
		c.t.Fatal(err)
	}
	decisions, err := c.Decisions(c.t.Context(), "Contoso")
	if err != nil {
		c.t.Fatal(err)
	}
	customer, err := c.Customer(c.t.Context(), "Contoso")
	if err != nil {
		c.t.Fatal(err)
	}
	return text([]any{accounts, decisions, customer})
}

func (c *company) same(want, why string) {
	c.t.Helper()
	if got := c.shown(); got != want {
		c.t.Fatalf("week %d, %s: got\n%s, want\n%s", c.week, why, got, want)
	}
}

// keep notes what a run brought about, takes it back and does it again.
func (c *company) keep(run *int64) {
	c.t.Helper()
	before, after := c.states[len(c.states)-1], c.shown()
	if run == nil {
		c.same(before, "nothing was written")
		return
	}
	back := c.undo(*run, before)
	c.runs, c.states = append(c.runs, c.undo(back, after)), append(c.states, after)
}

// undo takes a run back, after which all is as it was, and returns the run that did
// it.
func (c *company) undo(run int64, want string) int64 {
	c.t.Helper()
	r, err := c.Undo(c.t.Context(), run, false)
	if err != nil || r.Run == nil {
		c.t.Fatalf("week %d: run %d: %v", c.week, run, err)
	}
	c.same(want, fmt.Sprintf("run %d was taken back", run))
	return *r.Run
}

// thereAndBack takes the whole year back and does it again.
func (c *company) thereAndBack() {
	c.t.Helper()
	backs := make([]int64, len(c.runs))
	for i := len(c.runs) - 1; i >= 0; i-- {
		backs[i] = c.undo(c.runs[i], c.states[i])
	}
	for i, back := range backs {
		c.undo(back, c.states[i+1])
	}
}
