package matchtest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// Situation is a small company made to lead matching astray: somebody in it must
// not be paired, or must be. Pairs are ids, AD's first.
type Situation struct {
	// Kind is the kind of trap, Name the trap itself.
	Kind, Name string
	// Why says in plain words why a careful person decides so.
	Why   string
	Input match.Input
	// Never are the pairs that must not be made by a method, Must those that have
	// to be.
	Never, Must map[match.Method][][2]string
	// Doubtful are the standing pairs that hard evidence contradicts.
	Doubtful [][2]string
	// Colleagues are the other people of the company. They have one address on both
	// sides, so that by evidence each belongs to his own mailbox.
	Colleagues [][2]string
}

// Findings is where a match fell short of a situation.
type Findings struct {
	Wrong, Missed    [][2]string
	ColleaguesMissed int
}

// Check holds the pairs of a match against the situation. A colleague's mailbox
// given to somebody else is wrong as well.
func (s *Situation) Check(by match.Method, r match.Result) Findings {
	var f Findings
	made := map[[2]string]bool{}
	for _, p := range IDs(r) {
		made[p] = true
	}
	for _, p := range s.Never[by] {
		if made[p] {
			f.Wrong = append(f.Wrong, p)
		}
	}
	for _, p := range s.Must[by] {
		if !made[p] {
			f.Missed = append(f.Missed, p)
		}
	}
	mailbox, owner := map[string]string{}, map[string]string{}
	for _, c := range s.Colleagues {
		mailbox[c[0]], owner[c[1]] = c[1], c[0]
		if by == match.ByEvidence && !made[c] && !s.find(c[0]).Taken() {
			f.ColleaguesMissed++
		}
	}
	for _, p := range IDs(r) {
		if m, o := mailbox[p[0]], owner[p[1]]; (m != "" || o != "") && m != p[1] {
			f.Wrong = append(f.Wrong, p)
		}
	}
	return f
}

// find gives the user of an id, nil for none.
func (s *Situation) find(id string) *match.Person {
	for _, side := range [][]match.Person{s.Input.AD, s.Input.M365} {
		for i := range side {
			if side[i].ID == id {
				return &side[i]
			}
		}
	}
	return nil
}

// Situations makes n situations, all traps in turn, each time with other people
// and another company. The same seed makes the same ones.
func Situations(seed uint64, n int) iter.Seq[Situation] {
	return func(yield func(Situation) bool) {
		traps := traps()
		for k := range n {
			if !yield(traps[k%len(traps)].set(seed, uint64(k))) {
				return
			}
		}
	}
}

// trap is a way to lead matching astray. It puts people into a company, says
// which pairs are wrong and which are right, and returns why.
type trap struct {
	kind, name string
	make       func(s *stage) string
}

func (t trap) set(seed, n uint64) Situation {
	s := newStage(seed, n)
	s.Kind, s.Name = t.kind, t.name
	s.Why = t.make(s)
	s.fill()
	return s.Situation
}

// stage is a company in the making.
type stage struct {
	*maker
	Situation
	ad, m365  []*match.Person
	domainSID string
	withSIDs  bool            // the directory was read with its SIDs
	lastFirst bool            // both sides write Last, First
	cnIsName  bool            // users are created with their name as CN
	used      map[string]bool // words of names that somebody has
	jobs      []string
	size      int // of the colleagues
	sameJob   bool
	padded    bool // AD writes its employee ids with zeros, Microsoft 365 without
	synced    bool // the tenant synchronises
	numbered  bool // colleagues have employee ids
}

func newStage(seed, n uint64) *stage {
	m := newMaker(rand.New(rand.NewPCG(seed, 1<<32|n)))
	m.rid += m.IntN(4000)
	s := &stage{
		maker: m, used: map[string]bool{}, withSIDs: m.p(.7), lastFirst: m.p(.2), cnIsName: m.p(.6), size: 5 + m.IntN(4), numbered: m.p(.4),
		domainSID: fmt.Sprintf("S-1-5-21-%d-%d-%d", m.Uint32(), m.Uint32(), m.Uint32()),
	}
	s.Never, s.Must = map[match.Method][][2]string{}, map[match.Method][][2]string{}
	m.domain = plain(pick(m, beginnings)+pick(m, endings)) + pick(m, []string{".example", "-group.example", "-works.example", ".example.com"})
	m.upnDomain = pick(m, []string{"corp.internal", "ad." + m.domain, plain(pick(m, beginnings)) + ".internal"})
	m.loginDots, m.aliasDots = m.p(.2), m.p(.8)
	s.jobs = append(s.jobs, titles...)
	m.Shuffle(len(s.jobs), func(i, j int) { s.jobs[i], s.jobs[j] = s.jobs[j], s.jobs[i] })
	return s
}

// who is a name. Display is made of the two others where it is empty.
type who struct{ given, surname, display string }

func (w who) String() string {
	if w.display != "" {
		return w.display
	}
	return w.given + " " + w.surname
}

// called is the same person under another display name.
func (w who) called(display string) who { w.display = display; return w }

// take notes the words of a name as somebody's.
func (s *stage) take(w who) {
	for _, word := range strings.FieldsFunc(w.given+" "+w.surname, func(r rune) bool { return r == ' ' || r == '-' }) {
		s.used[plain(word)] = true
	}
}

// who draws somebody with whom nobody yet shares a word of the name.
func (s *stage) who() who {
	for {
		p := s.person()
		w := who{given: p.given, surname: p.surname}
		free := true
		for _, word := range strings.FieldsFunc(w.given+" "+w.surname, func(r rune) bool { return r == ' ' || r == '-' }) {
			free = free && !s.used[plain(word)]
		}
		if free {
			s.take(w)
			return w
		}
	}
}

// named draws a person with a given name.
func (s *stage) named(given string) who {
	w := s.who()
	w.given = given
	s.take(w)
	return w
}

func (s *stage) show(w who) string {
	switch {
	case w.display != "":
		return w.display
	case s.lastFirst && w.given != "" && w.surname != "":
		return w.surname + ", " + w.given
	}
	return strings.TrimSpace(w.given + " " + w.surname)
}

// loginFor makes a login of a name, of a number where the name has no letters.
func (s *stage) loginFor(w who, dots bool) string {
	if plain(w.given) == "" || plain(w.surname) == "" {
		return fmt.Sprintf("u%05d", s.IntN(1e5))
	}
	return loginOf(person{given: w.given, surname: w.surname}, dots)
}

// user adds somebody to AD.
func (s *stage) user(w who) *match.Person {
	login := s.free(s.logins, s.loginFor(w, s.loginDots))
	s.rid += 1 + s.IntN(9)
	u := &source.User{
		Kind: source.AD, ID: s.id(), Username: login, UPN: login + "@" + s.upnDomain, DisplayName: s.show(w), GivenName: w.given, Surname: w.surname, Enabled: source.Yes,
	}
	u.DN = s.dn(login)
	if s.cnIsName && u.DisplayName != "" {
		u.DN = s.dn(u.DisplayName)
	}
	if s.withSIDs {
		u.SID = s.sid()
	}
	p := &match.Person{User: u}
	s.ad = append(s.ad, p)
	return p
}

// login gives an AD user another login, and what follows from it.
func (s *stage) login(a *match.Person, login string) {
	if strings.HasPrefix(a.DN, "CN="+a.Username+",") {
		a.DN = s.dn(login)
	}
	a.Username, a.UPN = login, login+"@"+s.upnDomain
}

// dn puts a user into an OU in which nobody has his CN.
func (s *stage) dn(cn string) string {
	dn := "CN=" + strings.NewReplacer(",", `\,`, "#", `\#`).Replace(cn) + ",OU=Staff"
	for n := 2; s.used[dn]; n++ {
		dn = dn[:strings.LastIndex(dn, ",OU=")] + fmt.Sprintf(",OU=Site %d", n)
	}
	s.used[dn] = true
	return dn + ",DC=corp,DC=internal"
}

// sid is one of the domain that nobody had before.
func (s *stage) sid() string {
	s.rid++
	return fmt.Sprintf("%s-%d", s.domainSID, s.rid)
}

// mailbox adds somebody to Microsoft 365.
func (s *stage) mailbox(w who) *match.Person {
	alias := s.free(s.aliases, s.loginFor(w, s.aliasDots))
	u := &source.User{
		Kind: source.M365, ID: s.id(), DisplayName: s.show(w), GivenName: w.given, Surname: w.surname,
		Enabled: source.Yes, Exchange: source.Yes, Licensed: source.Yes,
	}
	p := &match.Person{User: u}
	s.at(p, alias)
	s.m365 = append(s.m365, p)
	return p
}

// at gives a mailbox another address, and every name that follows from it.
func (s *stage) at(box *match.Person, alias string) {
	box.Alias, box.Email = alias, alias+"@"+s.domain
	box.UPN, box.Username = box.Email, box.Email
	box.Addresses = []string{"SMTP:" + box.Email}
}

func alsoAt(box *match.Person, address string) {
	box.Addresses = append(box.Addresses, "smtp:"+address)
}

// job gives people one department and title that nobody else has together.
func (s *stage) job(people ...*match.Person) {
	department, title := pick(s.maker, departments)[0], s.jobs[0]
	s.jobs = s.jobs[1:]
	for _, p := range people {
		p.Department, p.Title = department, title
	}
}

// otherJobs gives each a department and title that have nothing in common.
func (s *stage) otherJobs(people ...*match.Person) {
	for k, n := range s.Perm(len(departments))[:len(people)] {
		people[k].Department, people[k].Title = departments[n][0], s.jobs[0]
		s.jobs = s.jobs[1:]
	}
}

func (s *stage) number() string {
	return fmt.Sprintf("+%s %d%d %d", pick(s.maker, []string{"49", "44", "43", "39", "33", "351", "48", "31"}), 151+s.IntN(28), 10+s.IntN(90), 1001003+s.IntN(8e6))
}

// mobile gives people one mobile number, as couples and posts have.
func (s *stage) mobile(people ...*match.Person) {
	n := s.number()
	for _, p := range people {
		p.Mobile = n
	}
}

func (s *stage) phone(people ...*match.Person) {
	n := s.number()
	for _, p := range people {
		p.Phone = n
	}
}

// employee gives people one personnel number.
func (s *stage) employee(people ...*match.Person) {
	n := s.personnel()
	for _, p := range people {
		p.EmployeeID = n
	}
}

func (s *stage) personnel() string {
	return fmt.Sprintf("%s%d", pick(s.maker, []string{"", "E", "P-", "K"}), 20011+s.IntN(7e5))
}

// mail writes a mailbox's address into AD.
func (s *stage) mail(a, box *match.Person) { a.Email = box.Email }

// sync makes a mailbox one that the sync engine made of an AD user.
func (s *stage) sync(box, a *match.Person) {
	s.synced = true
	if a.SID == "" {
		a.SID = s.sid()
	}
	box.Synced, box.ImmutableID, box.SID, box.OnPremUsername = source.Yes, immutable(a.ID), a.SID, a.Username
}

func (s *stage) never(a, box *match.Person) {
	for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
		s.Never[by] = append(s.Never[by], [2]string{a.ID, box.ID})
	}
}

// neverProven says that the pair must not be made by evidence; by name it may be.
func (s *stage) neverProven(a, box *match.Person) {
	s.Never[match.ByEvidence] = append(s.Never[match.ByEvidence], [2]string{a.ID, box.ID})
}

func (s *stage) must(a, box *match.Person) {
	s.Must[match.ByEvidence] = append(s.Must[match.ByEvidence], [2]string{a.ID, box.ID})
}

func (s *stage) mustByName(a, box *match.Person) {
	s.Must[match.ByDisplayName] = append(s.Must[match.ByDisplayName], [2]string{a.ID, box.ID})
}

// wed makes two a standing pair.
func wed(a, box *match.Person) { a.Partner, box.Partner = box.ID, a.ID }

// fill adds the colleagues and closes the company.
func (s *stage) fill() {
	for range s.size {
		w := s.who()
		a, box := s.user(w), s.mailbox(w)
		s.colleague(a, box)
	}
	s.close()
}

// colleague makes two accounts those of one person beyond doubt.
func (s *stage) colleague(a, box *match.Person) {
	s.mail(a, box)
	a.Department, a.Title = pick(s.maker, departments)[0], pick(s.maker, titles)
	if s.sameJob {
		a.Department, a.Title = s.ad[0].Department, s.ad[0].Title
	}
	box.Department, box.Title = a.Department, a.Title
	if s.numbered || s.padded {
		s.employee(a, box)
	}
	if s.padded {
		a.EmployeeID = fmt.Sprint(20011 + s.IntN(7e4))
		box.EmployeeID = "000" + a.EmployeeID
	}
	if s.p(.4) {
		s.phone(a, box)
	}
	if s.synced && s.p(.7) {
		s.sync(box, a)
	}
	if s.p(.25) {
		wed(a, box)
	}
	s.Colleagues = append(s.Colleagues, [2]string{a.ID, box.ID})
}

func (s *stage) close() {
	for _, p := range s.ad {
		s.Input.AD = append(s.Input.AD, *p)
	}
	for _, p := range s.m365 {
		s.Input.M365 = append(s.Input.M365, *p)
	}
	for _, side := range [][]match.Person{s.Input.AD, s.Input.M365} {
		s.Shuffle(len(side), func(i, j int) { side[i], side[j] = side[j], side[i] })
	}
}
