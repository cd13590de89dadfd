package matchtest

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// drift is how far the two sides of a company went apart, as shares of its
// people, and what names they draw from.
type drift struct {
	nick, marriage, slip, cut, move float64
	missing                         float64 // of each attribute on each side
	invented                        float64 // of the surnames
	women, men, surnames            []string
}

// usual is the drift of the companies that [New] makes.
func usual() drift {
	return drift{nick: .05, marriage: .02, slip: .03, cut: .02, move: .03, invented: .7, women: women, men: men, surnames: surnames}
}

// Drifted makes a company whose two sides went apart in other ways than those of
// [New], and in ways of its own: how often people married, are called by a short
// name or were mistyped, how much is missing, how few names there are, and how
// many logons, addresses and posts went from one person to another.
func Drifted(seed uint64, people int) Company {
	m := newMaker(rand.New(rand.NewPCG(seed, 78)))
	m.habits = m.draw(seed)
	m.drift = drift{
		nick: m.upTo(.2), marriage: m.upTo(.1), slip: m.upTo(.1), cut: m.upTo(.06), move: m.upTo(.2), missing: m.upTo(.3),
		invented: pick(m, []float64{0, .3, .7, 1}), women: m.some(women), men: m.some(men), surnames: m.some(surnames),
	}
	for range people {
		m.both(m.person())
	}
	m.company.Trap = map[string]string{}
	for _, t := range []struct {
		name string
		make func()
	}{
		{"no mailbox", func() { m.onlyAD(m.person(), source.Yes) }}, {"left", func() { m.onlyAD(m.person(), source.No) }}, {"cloud only", func() { m.onlyM365(m.person()) }},
		{"strangers", m.strangers}, {"father and son", m.fatherAndSon}, {"recycled address", m.recycled}, {"spouses", m.spouses}, {"like names", m.likeNames},
		{"service", m.service}, {"admin", m.admin}, {"shared", m.shared}, {"guest", m.guest}, {"copied anchor", m.copiedAnchor},
		{"forwarded address", m.forwarded}, {"siblings", m.siblings}, {"recycled logon", m.recycledLogon}, {"successor", m.successor},
		{"hired again", m.hiredAgain}, {"one mark of generation", m.oneMark},
	} {
		for range int(m.upTo(.05) * float64(people)) {
			ad, m365 := len(m.company.AD), len(m.company.M365)
			t.make()
			for _, u := range slices.Concat(m.company.AD[ad:], m.company.M365[m365:]) {
				m.company.Trap[u.ID] = t.name
			}
		}
	}
	m.lose()
	m.mix()
	return m.company
}

func (m *maker) upTo(share float64) float64 { return m.Float64() * share }

// some is the part of a list that a company has people of: all of it, or as few
// as in a village.
func (m *maker) some(list []string) []string {
	list = slices.Clone(list)
	m.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:pick(m, []int{12, 30, len(list)})]
}

// sister is somebody with the surname of another and a given name a letter away.
func (m *maker) sister() (one, two person) {
	one, two = m.person(), m.person()
	one.given, two.given, _ = strings.Cut(pick(m, oneLetter), "/")
	if m.p(.5) {
		one.given, two.given = two.given, one.given
	}
	two.surname = one.surname
	one.nick, two.nick = one.given, two.given
	return one, two
}

func (m *maker) last() (a, u *source.User) {
	return &m.company.AD[len(m.company.AD)-1], &m.company.M365[len(m.company.M365)-1]
}

// forwarded is a leaver who is in AD yet, and whose address goes to a colleague:
// one whose name is a letter away, one of the same surname, or anybody.
func (m *maker) forwarded() {
	heir, leaver := m.sister()
	switch m.IntN(3) {
	case 0:
		leaver.given = m.person().given
	case 1:
		leaver = m.person()
	}
	if m.p(.5) {
		leaver.department, leaver.title, leaver.phone, leaver.mobile = heir.department, heir.title, heir.phone, heir.mobile
	}
	m.both(heir)
	a, u := m.last()
	if m.p(.5) {
		a.UPN = u.UPN
	}
	m.onlyAD(leaver, pick(m, []source.Flag{source.Yes, source.Yes, source.No}))
	gone, u := m.last()
	gone.Email = m.free(m.aliases, loginOf(leaver, m.aliasDots)) + "@" + m.domain
	u.Addresses = append(u.Addresses, "smtp:"+gone.Email)
	gone.Phone, gone.Mobile = written(leaver.phone, false), written(leaver.mobile, false)
	if m.p(.5) {
		gone.UPN = gone.Email
	}
}

// siblings have names a letter apart; both work here, or one on each side, who
// share a telephone or an address.
func (m *maker) siblings() {
	one, two := m.sister()
	if m.p(.4) {
		m.both(one)
		m.both(two)
		return
	}
	m.onlyAD(one, source.Yes)
	m.onlyM365(two)
	a, u := m.last()
	if m.p(.5) {
		a.Email = u.Email
	}
	if m.p(.5) {
		a.Mobile, u.Mobile = written(one.mobile, false), written(one.mobile, true)
	}
	if m.p(.5) {
		a.Department, a.Title = u.Department, u.Title
	}
}

// recycledLogon is the logon of somebody in AD that a newcomer in Microsoft 365
// had before, with the address made of it.
func (m *maker) recycledLogon() {
	p, q := m.person(), m.person()
	if m.p(.6) {
		q.surname = p.surname
	}
	m.onlyAD(p, source.Yes)
	m.onlyM365(q)
	a, u := m.last()
	u.OnPremUsername = a.Username
	if alias := a.Username; !m.aliases[alias] && m.p(.6) {
		m.aliases[alias] = true
		u.Alias, u.Email, u.UPN = alias, alias+"@"+m.domain, alias+"@"+m.domain
		u.Username, u.Addresses = u.UPN, []string{"SMTP:" + u.Email}
		if m.p(.5) {
			a.UPN = u.UPN
		}
	}
}

// successor has the post of somebody who is in AD yet: telephone, department,
// title, and the address as an alias.
func (m *maker) successor() {
	p, q := m.person(), m.person()
	switch m.IntN(3) {
	case 0:
		q.surname = p.surname
	case 1:
		q.given = p.given
	}
	q.department, q.title = p.department, p.title
	m.onlyAD(p, source.Yes)
	m.onlyM365(q)
	a, u := m.last()
	a.Email = m.free(m.aliases, loginOf(p, m.aliasDots)) + "@" + m.domain
	u.Addresses = append(u.Addresses, "smtp:"+a.Email)
	a.Phone, u.Phone = written(p.phone, false), written(p.phone, true)
	a.Mobile, u.Mobile = written(p.mobile, false), written(p.mobile, true)
}

// hiredAgain has an old account in AD, disabled, beside the one in use.
func (m *maker) hiredAgain() {
	p := m.person()
	m.both(p)
	a, _ := m.last()
	id, mail := a.EmployeeID, a.Email
	m.onlyAD(p, source.No)
	a, _ = m.last()
	a.EmployeeID = id
	if m.p(.5) {
		a.Email = mail
	}
}

// oneMark are father and son, one on each side, of whom one carries a mark; they
// may share an address or a telephone.
func (m *maker) oneMark() {
	p, q := m.person(), m.person()
	q.given, q.surname, q.mobile = p.given, p.surname, p.mobile
	mark := pick(m, generations)[m.IntN(2)]
	if m.p(.5) {
		p.suffix = mark
	} else {
		q.suffix = mark
	}
	m.onlyAD(p, source.Yes)
	m.onlyM365(q)
	a, u := m.last()
	switch m.IntN(3) {
	case 0:
		a.Email = u.Email
	case 1:
		a.Mobile, u.Mobile = written(p.mobile, false), written(p.mobile, true)
	}
}

// lose empties attributes here and there. Names are lost only by those who have
// an account on both sides: without them, nothing tells a father from his son.
func (m *maker) lose() {
	whole := map[string]bool{}
	for a, u := range m.company.Truth {
		whole[a], whole[u] = true, true
	}
	for _, side := range [][]source.User{m.company.AD, m.company.M365} {
		for i := range side {
			u := &side[i]
			for _, text := range []*string{&u.Department, &u.Title, &u.Phone, &u.Mobile, &u.EmployeeID} {
				if m.p(m.missing) {
					*text = ""
				}
			}
			if !whole[u.ID] {
				continue
			}
			if m.p(m.missing / 4) {
				u.GivenName, u.Surname, u.Initials = "", "", ""
			} else if m.p(m.missing / 4) {
				u.DisplayName = ""
			}
		}
	}
}
