// Package matchtest makes companies whose users are known to belong together,
// to measure how well matching finds them. The same seed makes the same company.
package matchtest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/mozillazg/go-unidecode"

	"github.com/qpimport/qpimport/pkg/source"
)

// Company is both directories of a made company and which users are one person.
type Company struct {
	AD, M365 []source.User
	// Truth gives the mailbox of an AD user; who is not in it has none.
	Truth map[string]string
	// Off counts the people who never can be paired automatically: disabled ones.
	Off int
	// Trap says of which trap of [Drifted] a user is, by id.
	Trap map[string]string
}

// habits are what a company does all over.
type habits struct {
	domain, oldDomain                    string
	upnDomain                            string
	lastFirst, cloudLastFirst            bool
	loginDots, aliasDots, opaque         bool
	ascii, german                        bool
	mail, proxies, employee, phone, sync float64
	title, department                    float64
	zeros                                bool
	abbreviate                           bool
}

type maker struct {
	*rand.Rand
	habits
	drift
	company Company
	logins  map[string]bool
	aliases map[string]bool
	rid     int
}

// person is who somebody really is.
type person struct {
	given, nick, surname, middle, suffix string
	department, title                    int
	phone, mobile, employee              string
}

// New makes a company of so many people with an account on both sides; some
// more have one on one side only.
func New(seed uint64, people int) Company {
	m := newMaker(rand.New(rand.NewPCG(seed, 77)))
	m.habits = m.draw(seed)
	for range people {
		m.both(m.person())
	}
	each := func(share float64, f func()) {
		for range max(1, int(share*float64(people))) {
			f()
		}
	}
	each(.06, func() { m.onlyAD(m.person(), source.Yes) })
	each(.05, func() { m.onlyAD(m.person(), source.No) })
	each(.04, func() { m.onlyM365(m.person()) })
	each(.004, m.strangers)
	each(.003, m.fatherAndSon)
	each(.003, m.recycled)
	each(.003, m.spouses)
	each(.003, m.likeNames)
	each(.04, m.service)
	each(.03, m.admin)
	each(.04, m.shared)
	each(.04, m.guest)
	if m.sync > 0 {
		each(.003, m.copiedAnchor)
	}
	m.mix()
	return m.company
}

func newMaker(r *rand.Rand) *maker {
	m := &maker{Rand: r, drift: usual(), logins: map[string]bool{}, aliases: map[string]bool{}, rid: 1100}
	m.company.Truth = map[string]string{}
	return m
}

// mix puts both sides into an order that tells nothing.
func (m *maker) mix() {
	m.Shuffle(len(m.company.AD), func(i, j int) { m.company.AD[i], m.company.AD[j] = m.company.AD[j], m.company.AD[i] })
	m.Shuffle(len(m.company.M365), func(i, j int) { m.company.M365[i], m.company.M365[j] = m.company.M365[j], m.company.M365[i] })
}

func (m *maker) p(share float64) bool { return m.Float64() < share }

func pick[T any](m *maker, list []T) T { return list[m.IntN(len(list))] }

func (m *maker) draw(seed uint64) habits {
	h := habits{
		domain: fmt.Sprintf("firm%d.example", seed), lastFirst: m.p(.35), cloudLastFirst: m.p(.25), loginDots: m.p(.3), aliasDots: m.p(.6),
		opaque: m.p(.1), ascii: m.p(.4), german: m.p(.3), mail: pick(m, []float64{.1, .4, .8, 1}), proxies: pick(m, []float64{0, .3, .9}),
		employee: pick(m, []float64{0, .5, .9}), phone: pick(m, []float64{.2, .5, .8}), sync: pick(m, []float64{0, 0, .5, .95}),
		title: .6, department: .8, zeros: m.p(.3), abbreviate: m.p(.3),
	}
	h.upnDomain = pick(m, []string{"ad.local", h.domain, "corp." + h.domain})
	if m.p(.3) {
		h.oldDomain = "old-" + h.domain
	}
	return h
}

func (m *maker) id() string {
	b := make([]byte, 16)
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (m *maker) person() person {
	forms := strings.Split(pick(m, m.women), "/")
	if m.p(.5) {
		forms = strings.Split(pick(m, m.men), "/")
	}
	p := person{given: forms[0], nick: forms[len(forms)-1], department: m.IntN(len(departments)), title: m.IntN(len(titles))}
	p.surname = pick(m, m.surnames)
	if m.p(m.invented) {
		p.surname = pick(m, beginnings) + pick(m, endings)
	}
	if m.p(.08) {
		p.surname += pick(m, []string{"-", " "}) + pick(m, m.surnames)
	}
	if m.p(.15) {
		p.middle = string(rune('A' + m.IntN(26)))
	}
	if m.p(m.phone) {
		p.phone = fmt.Sprintf("%03d%07d", 200+m.IntN(700), m.IntN(1e7))
		if m.p(.4) {
			p.phone = "2125550100" // the switchboard
		}
	}
	if m.p(m.phone / 2) {
		p.mobile = fmt.Sprintf("6%02d%07d", m.IntN(100), m.IntN(1e7))
	}
	if m.p(m.employee) {
		p.employee = fmt.Sprint(10000 + m.IntN(9e6))
	}
	return p
}

// plain is how a login spells a name.
func plain(s string) string {
	s = strings.ToLower(unidecode.Unidecode(s))
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r
		}
		return -1
	}, s)
}

func (m *maker) free(used map[string]bool, login string) string {
	name := login
	for n := 2; used[name]; n++ {
		name = fmt.Sprint(login, n)
	}
	used[name] = true
	return name
}

func loginOf(p person, dots bool) string {
	if dots {
		return plain(p.given) + "." + plain(p.surname)
	}
	return plain(p.given)[:1] + plain(p.surname)
}

func (m *maker) display(given, surname, middle, suffix string, lastFirst bool) string {
	if suffix != "" {
		surname += " " + suffix
	}
	switch {
	case lastFirst:
		return surname + ", " + given
	case middle != "":
		return given + " " + middle + ". " + surname
	}
	return given + " " + surname
}

func (m *maker) spell(s string) string {
	switch {
	case !m.ascii:
		return s
	case m.german:
		s = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "å", "aa", "ø", "oe").Replace(s)
	}
	return unidecode.Unidecode(s)
}

func (m *maker) ad(p person, enabled source.Flag) source.User {
	login := m.free(m.logins, loginOf(p, m.loginDots))
	if m.opaque {
		login = m.free(m.logins, fmt.Sprintf("p%06d", m.IntN(1e6)))
	}
	m.rid++
	u := source.User{
		Kind: source.AD, ID: m.id(), SID: fmt.Sprintf("S-1-5-21-11-22-33-%d", m.rid), Username: login, UPN: login + "@" + m.upnDomain,
		DN: fmt.Sprintf("CN=u%d,OU=People,DC=firm,DC=example", m.rid), GivenName: m.spell(p.given), Surname: m.spell(p.surname), Initials: p.middle, Enabled: enabled,
	}
	u.DisplayName = m.display(u.GivenName, u.Surname, p.middle, p.suffix, m.lastFirst)
	if m.p(m.department) {
		u.Department = departments[p.department][0]
	}
	if m.p(m.title) {
		u.Title = titles[p.title]
	}
	return u
}

func (m *maker) m365(p person) source.User {
	alias := m.free(m.aliases, loginOf(p, m.aliasDots))
	u := source.User{
		Kind: source.M365, ID: m.id(), UPN: alias + "@" + m.domain, Email: alias + "@" + m.domain, Alias: alias, GivenName: p.given, Surname: p.surname,
		Addresses: []string{"SMTP:" + alias + "@" + m.domain, "smtp:" + alias + "@firm.onmicrosoft.example"}, Enabled: source.Yes, Exchange: source.Yes, Licensed: source.Yes,
	}
	u.Username = u.UPN
	u.DisplayName = m.display(p.given, p.surname, "", p.suffix, m.cloudLastFirst)
	if m.oldDomain != "" && m.p(.6) {
		u.Addresses = append(u.Addresses, "smtp:"+alias+"@"+m.oldDomain)
	}
	if m.p(m.department) {
		u.Department = departments[p.department][0]
		if m.abbreviate {
			u.Department = departments[p.department][1]
		}
	}
	if m.p(m.title) {
		u.Title = titles[p.title]
	}
	return u
}

// both makes the two accounts of one person, with what years did to them.
func (m *maker) both(p person) {
	q := p
	married := m.nick + m.marriage
	slipped := married + m.drift.slip
	switch d := m.Float64(); {
	case d < m.nick:
		q.given = p.nick
	case d < married:
		q.surname = pick(m, m.surnames)
	case d < slipped:
		q.surname = slip(m, p.surname)
	case d < slipped+m.cut && strings.ContainsAny(p.surname, " -"):
		q.surname = strings.FieldsFunc(p.surname, func(r rune) bool { return r == ' ' || r == '-' })[0]
	case d < slipped+m.cut+m.move:
		q.department, q.title = m.IntN(len(departments)), m.IntN(len(titles))
	}
	a, u := m.ad(p, source.Yes), m.m365(q)
	if q.surname != p.surname && m.p(.7) {
		u.Addresses = append(u.Addresses, "smtp:"+m.free(m.aliases, loginOf(p, m.aliasDots))+"@"+m.domain)
	}
	a.Phone, a.Mobile = written(p.phone, false), written(p.mobile, false)
	if m.p(.7) {
		u.Phone = written(p.phone, true)
	}
	if m.p(.7) {
		u.Mobile = written(p.mobile, true)
	}
	a.EmployeeID = p.employee
	if m.p(.9) {
		u.EmployeeID = p.employee
		if m.zeros && p.employee != "" {
			u.EmployeeID = "00" + p.employee
		}
	}
	if m.p(m.mail) {
		a.Email = u.Email
		if m.p(m.proxies) {
			a.Addresses = []string{"SMTP:" + u.Email}
		}
	}
	switch d := m.Float64(); {
	case d < .02:
		u.DisplayName = strings.ToUpper(u.DisplayName)
	case d < .04:
		u.DisplayName += pick(m, []string{" (External)", " [Plant 2]", ", PhD", " - Contractor"})
	case d < .05:
		a.DisplayName = pick(m, []string{"Dr. ", "Prof. ", "Mrs "}) + a.DisplayName
	case d < .055:
		a.DisplayName = ""
	case d < .06:
		u.GivenName, u.Surname = u.Surname, u.GivenName
	case d < .08:
		u.GivenName, u.Surname = "", ""
	}
	if m.p(m.sync) {
		u.Synced, u.SID, u.OnPremUsername, u.ImmutableID = source.Yes, a.SID, a.Username, immutable(a.ID)
	}
	if m.p(.02) {
		a.Enabled, u.Enabled, u.Exchange = source.No, source.No, source.No
		m.company.Off++
	}
	m.add(a, u)
	m.company.Truth[a.ID] = u.ID
}

func (m *maker) add(a, u source.User) {
	m.company.AD, m.company.M365 = append(m.company.AD, a), append(m.company.M365, u)
}

func immutable(guid string) string {
	b, _ := hex.DecodeString(strings.ReplaceAll(guid, "-", ""))
	return base64.StdEncoding.EncodeToString([]byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]})
}

func written(phone string, international bool) string {
	switch {
	case phone == "":
		return ""
	case international:
		return "+1 " + phone[:3] + "-" + phone[3:6] + "-" + phone[6:]
	}
	return "(" + phone[:3] + ") " + phone[3:6] + " " + phone[6:]
}

// slip makes a typing error.
func slip(m *maker, s string) string {
	r := []rune(s)
	k := 1 + m.IntN(max(1, len(r)-2))
	switch m.IntN(3) {
	case 0:
		r[k], r[k-1] = r[k-1], r[k]
	case 1:
		r = append(r[:k], r[k+1:]...)
	default:
		r[k] = rune('a' + m.IntN(26))
	}
	return string(r)
}

func (m *maker) onlyAD(p person, enabled source.Flag) {
	a := m.ad(p, enabled)
	if m.p(.1) {
		a.Phone = written(p.phone, false)
	}
	if m.p(.3) {
		a.EmployeeID = p.employee
	}
	m.company.AD = append(m.company.AD, a)
}

func (m *maker) onlyM365(p person) source.User {
	u := m.m365(p)
	if m.p(.1) {
		u.Phone = written(p.phone, true)
	}
	m.company.M365 = append(m.company.M365, u)
	return u
}

// strangers are two people of one name, one on each side.
func (m *maker) strangers() {
	p := m.person()
	q := m.person()
	m.onlyAD(p, source.Yes)
	q.given, q.surname = p.given, p.surname
	m.onlyM365(q)
}

// fatherAndSon have one name but for the mark, one on each side.
func (m *maker) fatherAndSon() {
	p, q := m.person(), m.person()
	q.given, q.surname, p.suffix, q.suffix = p.given, p.surname, "Sr.", "Jr."
	m.onlyAD(p, source.Yes)
	m.onlyM365(q)
}

// recycled is an address in AD that a newcomer has now.
func (m *maker) recycled() {
	u := m.onlyM365(m.person())
	m.onlyAD(m.person(), source.Yes)
	m.company.AD[len(m.company.AD)-1].Email = u.Email
}

// spouses share a surname and a telephone, one on each side.
func (m *maker) spouses() {
	p, q := m.person(), m.person()
	if q.given == p.given {
		return
	}
	q.surname = p.surname
	p.mobile = fmt.Sprintf("6%02d%07d", m.IntN(100), m.IntN(1e7))
	m.onlyAD(p, source.Yes)
	m.company.AD[len(m.company.AD)-1].Mobile = written(p.mobile, false)
	m.onlyM365(q)
	m.company.M365[len(m.company.M365)-1].Mobile = written(p.mobile, true)
}

// likeNames are two people whose names are forms of one another, one on each side.
func (m *maker) likeNames() {
	p, q := m.person(), m.person()
	q.surname, q.given = p.surname, p.nick
	if p.nick == p.given {
		q.surname, q.given = slip(m, p.surname), p.given
	}
	m.onlyAD(p, source.Yes)
	m.onlyM365(q)
}

func (m *maker) service() {
	login := m.free(m.logins, pick(m, []string{"svc-", "svc_", "sql-", "task."})+pick(m, []string{"erp", "report", "badge", "print", "sync"}))
	m.company.AD = append(m.company.AD, source.User{Kind: source.AD, ID: m.id(), Username: login, UPN: login + "@" + m.upnDomain, DisplayName: login, Enabled: source.Yes})
}

// admin is a second account of somebody who has one, mail and all.
func (m *maker) admin() {
	a := pick(m, m.company.AD)
	if a.GivenName == "" {
		return
	}
	twin := source.User{
		Kind: source.AD, ID: m.id(), Username: m.free(m.logins, pick(m, []string{"adm-", "adm_", "t0-"})+a.Username), DisplayName: a.DisplayName,
		GivenName: a.GivenName, Surname: a.Surname, Email: a.Email, EmployeeID: a.EmployeeID, Enabled: source.Yes,
	}
	twin.UPN = twin.Username + "@" + m.upnDomain
	m.company.AD = append(m.company.AD, twin)
}

func (m *maker) shared() {
	name := pick(m, []string{"Info", "Dispatch", "Orders", "Board Room", "Reception", "Invoices"})
	alias := m.free(m.aliases, plain(name))
	m.company.M365 = append(m.company.M365, source.User{
		Kind: source.M365, ID: m.id(), UPN: alias + "@" + m.domain, Email: alias + "@" + m.domain, Alias: alias, DisplayName: name,
		Addresses: []string{"SMTP:" + alias + "@" + m.domain}, Enabled: source.No, Exchange: source.FlagOf(m.p(.3)), Licensed: source.No,
	})
}

func (m *maker) guest() {
	p := m.person()
	if m.p(.2) {
		a := pick(m, m.company.AD)
		p.given, p.surname = a.GivenName, a.Surname
	}
	mail := fmt.Sprintf("g%d@partner.example", m.IntN(1e6))
	m.company.M365 = append(m.company.M365, source.User{
		Kind: source.M365, ID: m.id(), UPN: strings.ReplaceAll(mail, "@", "_") + "#EXT#@firm.onmicrosoft.example", Email: mail, Guest: true,
		DisplayName: p.given + " " + p.surname, Enabled: source.Yes,
	})
}

// copiedAnchor is an AD user made from another's template, its consistency GUID
// included.
func (m *maker) copiedAnchor() {
	a := pick(m, m.company.AD)
	m.onlyAD(m.person(), source.Yes)
	m.company.AD[len(m.company.AD)-1].ConsistencyGUID = a.ID
}
