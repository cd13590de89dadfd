package match

import (
	"slices"
	"strings"
)

// findings is the outcome of a comparison of two users: a level for each rule,
// and what the words that their names share are worth.
type findings struct {
	levels   [ruleCount]uint8
	nameBits float32
}

// owners tells for a text which user has it, -1 where several have it.
type owners map[uint64]int32

func (o owners) add(text uint64, user int) {
	if text == 0 {
		return
	}
	if old, ok := o[text]; ok && old != int32(user) {
		o[text] = -1
	} else if !ok {
		o[text] = int32(user)
	}
}

// addRest adds what nobody owns yet.
func (o owners) addRest(text uint64, user int) {
	if _, ok := o[text]; !ok && text != 0 {
		o[text] = int32(user)
	}
}

// eachOwner calls f for every person and then for every other account, with what
// adds a text to the owners.
func eachOwner(side []profile, f func(i int, add func(o owners, text uint64))) {
	for i := range side {
		if side[i].isPerson() {
			f(i, func(o owners, text uint64) { o.add(text, i) })
		}
	}
	for i := range side {
		if !side[i].isPerson() {
			f(i, func(o owners, text uint64) { o.addRest(text, i) })
		}
	}
}

// one says whether nobody else who counts has the text.
func (o owners) one(text uint64, user int32) bool {
	owner, ok := o[text]
	return !ok || owner == user
}

// other says whether the text is that of one user, and of another.
func (o owners) other(text uint64, user int32) bool {
	owner, ok := o[text]
	return ok && owner >= 0 && owner != user
}

// comparer compares users of a sheet.
type comparer struct {
	*sheet
	origins
	names                    float64 // users with a name, both sides
	adAddress, m365Address   owners
	adEmployee, m365Employee owners
	adPhone, m365Phone       owners
	adLogin, m365Login       owners
	adOnPrem                 owners
	adMail                   owners // mail and UPN
	m365Domains              map[uint64]bool
	synonyms                 map[[2]int32]bool // departments that are called otherwise on the other side
}

// newComparer prepares to compare. Whoever may be a person owns what is his,
// whatever his state; an account that is nobody's own, what no person has.
func newComparer(s *sheet, o origins) *comparer {
	c := &comparer{sheet: s, origins: o, m365Domains: map[uint64]bool{}}
	for _, o := range []*owners{&c.adAddress, &c.m365Address, &c.adEmployee, &c.m365Employee, &c.adPhone, &c.m365Phone, &c.adLogin, &c.m365Login, &c.adOnPrem, &c.adMail} {
		*o = owners{}
	}
	for i := range s.ad {
		c.names += float64(min(1, len(s.ad[i].views)))
	}
	for j := range s.m365 {
		p := &s.m365[j]
		c.names += float64(min(1, len(p.views)))
		if p.isPerson() && p.domain != 0 {
			c.m365Domains[p.domain] = true
		}
	}
	eachOwner(s.ad, func(i int, add func(o owners, text uint64)) {
		p := &s.ad[i]
		add(c.adMail, p.mail)
		add(c.adMail, p.upn)
		add(c.adEmployee, p.employee)
		add(c.adOnPrem, p.onPrem)
		for _, x := range p.addresses {
			add(c.adAddress, x)
		}
		for _, x := range p.phones {
			add(c.adPhone, x)
		}
		for _, x := range p.logins {
			add(c.adLogin, x)
		}
	})
	eachOwner(s.m365, func(j int, add func(o owners, text uint64)) {
		p := &s.m365[j]
		add(c.m365Employee, p.employee)
		add(c.m365Address, p.upn)
		for _, x := range p.addresses {
			add(c.m365Address, x)
		}
		for _, x := range p.phones {
			add(c.m365Phone, x)
		}
		for _, x := range p.logins {
			add(c.m365Login, x)
		}
	})
	return c
}

// compare holds AD user i against mailbox j.
func (c *comparer) compare(i, j int32) findings {
	a, m := &c.ad[i], &c.m365[j]
	var f findings
	f.levels[ruleAnchor] = c.level(i, j)
	f.levels[ruleOnPrem] = c.onPremLevel(i, j)
	f.levels[ruleAddress] = c.addressLevel(i, j)
	f.levels[ruleUPN] = c.upnLevel(i, j)
	f.levels[ruleEmployee] = c.employeeLevel(i, j)
	f.levels[ruleLogin] = c.loginLevel(i, j)
	f.levels[rulePhone] = c.phoneLevel(i, j)
	f.levels[ruleName], f.nameBits = c.nameLevel(a, m)
	x, xMiddle := a.middles()
	y, yMiddle := m.middles()
	if l := f.levels[ruleName]; l == nameFull || l == nameSwapped {
		xMiddle, yMiddle = xMiddle&y, yMiddle&x // the words are the same, whichever of them is in the middle
	}
	f.levels[ruleInitial] = initialLevel(x, xMiddle, y, yMiddle)
	f.levels[ruleGeneration] = markLevel(a.generation, m.generation)
	f.levels[ruleNumber] = markLevel(a.number, m.number)
	f.levels[ruleRemark] = c.remarkLevel(a.remark, m.remark)
	f.levels[ruleSalutation] = salutationLevel(a.salutation, m.salutation)
	if (a.excluded == ReasonAdmin) != (m.excluded == ReasonAdmin) {
		f.levels[ruleAccount] = accountAdmin
	} else if a.purpose != m.purpose {
		f.levels[ruleAccount] = accountPurpose
	}
	if a.forged || m.forged {
		f.levels[ruleAlphabet] = alphabetMixed
	}
	f.levels[ruleDepartment] = c.departmentLevel(a.department, m.department)
	f.levels[ruleTitle] = c.sameLevel(a.title, m.title)
	return f
}

func (c *comparer) onPremLevel(i, j int32) uint8 {
	a, m := &c.ad[i], &c.m365[j]
	switch {
	case m.onPrem == 0 || a.onPrem == 0 || c.word[j] == originForeign || c.word[j] == originStamped:
		return 0 // another directory may have the same names
	case m.onPrem == a.onPrem && c.adOnPrem.one(m.onPrem, i):
		return onPremEqual
	case m.onPrem == a.onPrem:
		return 0
	case c.adOnPrem.other(m.onPrem, i):
		return onPremOtherUser
	}
	return onPremDiffers
}

func (c *comparer) addressLevel(i, j int32) uint8 {
	a, m := &c.ad[i], &c.m365[j]
	shared, alias, numbered := false, false, false
	for _, x := range a.addresses {
		switch {
		case x != m.upn && !slices.Contains(m.addresses, x):
		case !c.adAddress.one(x, i) || !c.m365Address.one(x, j):
			shared = true
		case x == m.mail || x == m.upn:
			return addressEqual
		default:
			alias = true
			numbered = numbered || a.mail == x && butForNumber(a, m)
		}
	}
	switch {
	case numbered:
		return addressNumbered
	case alias:
		return addressAlias
	case shared:
		return addressShared
	case a.mail != 0 && c.m365Address.other(a.mail, j):
		return addressElsewhere
	case butForNumber(a, m):
		return addressNumbered
	case c.adMail.other(m.mail, i), c.adMail.other(m.upn, i), c.formerlyOther(i, m):
		return addressOthers
	case a.mail == 0:
		return 0
	case c.m365Domains[a.domain]:
		return addressDiffers
	}
	if slices.Contains(m.logins, a.mailLogin) {
		return addressOtherDomain
	}
	return 0
}

// butForNumber says whether the AD user's address, the principal name where he has
// none, is that of the mailbox but for a number before the @, by which
// organisations tell people of one name apart.
func butForNumber(a, m *profile) bool {
	login, stem, domain := a.mailLogin, a.mailStem, a.domain
	if a.mail == 0 {
		login, stem, domain = a.upnLogin, a.upnStem, a.upnDomain
	}
	return stem != 0 && stem == m.mailStem && domain == m.domain && login != m.mailLogin
}

// formerlyOther says whether an alias of the mailbox is the address of an AD user
// of the same given name: somebody who married has taken the name of a colleague.
func (c *comparer) formerlyOther(i int32, m *profile) bool {
	return slices.ContainsFunc(m.addresses, func(x uint64) bool {
		if !c.adMail.other(x, i) {
			return false
		}
		n, _ := c.nameLevel(&c.ad[c.adMail[x]], m)
		return n == nameGiven
	})
}

func (c *comparer) upnLevel(i, j int32) uint8 {
	a, m := &c.ad[i], &c.m365[j]
	switch {
	case a.upn == 0:
		return 0
	case a.upn == m.upn || slices.Contains(m.addresses, a.upn):
		if !c.m365Address.one(a.upn, j) {
			return 0
		}
		if x, y := derivedFrom(a, m, a.upnLogin); x || y {
			return upnDerived
		}
		return upnEqual
	case c.m365Address.other(a.upn, j):
		return upnElsewhere
	}
	return 0
}

// derivedFrom says from whose names a login that both have follows.
func derivedFrom(a, m *profile, login uint64) (fromAD, fromM365 bool) {
	k, n := slices.Index(a.logins, login), slices.Index(m.logins, login)
	return k >= 0 && a.derived>>k&1 == 1, n >= 0 && m.derived>>n&1 == 1
}

func (c *comparer) employeeLevel(i, j int32) uint8 {
	a, m := &c.ad[i], &c.m365[j]
	switch {
	case m.employee == 0:
		return c.employeeOfOther(i, j)
	case a.employee == m.employee && c.adEmployee.one(m.employee, i) && c.m365Employee.one(m.employee, j):
		return employeeEqual
	case a.employee == m.employee:
		return employeeShared
	case a.employee != 0 && a.bare == m.bare:
		return employeeZeros
	case a.employee != 0:
		return employeeDiffers
	}
	// The number of somebody else's, unless that is a slip: his name must fit.
	if owner, ok := c.adEmployee[m.employee]; ok && owner >= 0 && owner != i {
		if n, _ := c.nameLevel(&c.ad[owner], m); n < nameAlike {
			return employeeElsewhere
		}
	}
	return 0
}

// employeeOfOther says whether the AD user's number is that of another mailbox whose
// name fits, where this one has none.
func (c *comparer) employeeOfOther(i, j int32) uint8 {
	a := &c.ad[i]
	if owner, ok := c.m365Employee[a.employee]; ok && owner >= 0 && owner != j {
		if n, _ := c.nameLevel(a, &c.m365[owner]); n != 0 && n < nameAlike {
			return employeeOtherBox
		}
	}
	return 0
}

func (c *comparer) loginLevel(i, j int32) uint8 {
	a, m := &c.ad[i], &c.m365[j]
	best := uint8(0)
	for _, l := range a.logins {
		if !slices.Contains(m.logins, l) {
			continue
		}
		unique := c.adLogin.one(l, i) && c.m365Login.one(l, j)
		switch x, y := derivedFrom(a, m, l); {
		case !x && !y && unique:
			return loginEqual
		case x != y && unique:
			best = loginFormer
		case best == 0:
			best = loginDerived
		}
	}
	return best
}

func (c *comparer) phoneLevel(i, j int32) uint8 {
	a, m := &c.ad[i], &c.m365[j]
	if len(a.phones) == 0 || len(m.phones) == 0 {
		return 0
	}
	best := uint8(phoneDiffers)
	for k, x := range a.phones {
		if n := slices.Index(m.phones, x); n < 0 || a.countries[k] != m.countries[n] && a.countries[k] != 0 && m.countries[n] != 0 {
			continue
		}
		if c.adPhone.one(x, i) && c.m365Phone.one(x, j) {
			return phoneEqual
		}
		best = phoneShared
	}
	if best == phoneDiffers && (a.phoneKinds&m.phoneKinds == 0 || slices.ContainsFunc(a.lines, func(x uint64) bool { return slices.Contains(m.lines, x) })) {
		return 0 // a mobile and a telephone on the desk, or one line with an extension and without
	}
	return best
}

// middles collects the middle initials of a user, and the first letters of
// middle words.
func (p *profile) middles() (initials, middle uint32) {
	for i := range p.views {
		initials |= p.views[i].initials
		middle |= p.views[i].middle
	}
	return initials, middle
}

// initialLevel compares middle initials; a middle word agrees with its initial.
func initialLevel(a, aMiddle, m, mMiddle uint32) uint8 {
	switch {
	case a&m != 0:
		return initialEqual
	case a != 0 && m != 0:
		return initialDiffers
	case aMiddle&m|a&mMiddle != 0:
		return initialEqual
	case aMiddle != 0 && mMiddle != 0 && aMiddle&mMiddle == 0:
		return initialDiffers
	}
	return 0
}

// markLevel compares marks of generation, numbers or remarks: equal, on one side
// only, or different.
func markLevel[T comparable](a, m T) uint8 {
	var none T
	switch {
	case a == none && m == none:
		return 0
	case a == m:
		return generationEqual
	case a == none || m == none:
		return generationOneSide
	}
	return generationDiffers
}

// remarkLevel compares remarks by what they mean.
func (c *comparer) remarkLevel(a, m int32) uint8 {
	if a != 0 && m != 0 && c.sameLabel(a, m) {
		return remarkEqual
	}
	return markLevel(a, m)
}

// salutationLevel compares how people are addressed: as a man and as a woman.
func salutationLevel(a, m uint8) uint8 {
	sir := uint8(salutedSir | maybeSir)
	if a&sir != 0 && m&salutedMadam != 0 && a&salutedMadam == 0 || m&sir != 0 && a&salutedMadam != 0 && m&salutedMadam == 0 {
		return salutationDiffers
	}
	return 0
}

// sameLevel compares departments or titles by their numbers.
func (c *comparer) sameLevel(a, b int32) uint8 {
	if a == b && len(c.meaning[a]) > 0 {
		return sameEqual
	}
	return sameWords(c.meaning[a], c.meaning[b])
}

// departmentLevel compares departments, with what was learnt of their names.
func (c *comparer) departmentLevel(a, b int32) uint8 {
	if c.synonyms[[2]int32{a, b}] {
		return sameEqual
	}
	return c.sameLevel(a, b)
}

// sameWords compares departments or titles by their words: equal, or one an
// abbreviation of the other.
func sameWords(a, b []string) uint8 {
	switch {
	case len(a) == 0 || len(b) == 0:
		return 0
	case slices.Equal(a, b), abbreviates(a, b), abbreviates(b, a):
		return sameEqual
	}
	return sameDiffers
}

// abbreviates says whether short stands for long: its initials (HR), its first
// words, or the words cut short (Eng, Mktg).
func abbreviates(short, long []string) bool {
	if len(short) > len(long) {
		return false
	}
	if len(short) == 1 && len(long) > 1 && len(short[0]) == len(long) {
		k := 0
		for k < len(long) && short[0][k] == long[k][0] {
			k++
		}
		if k == len(long) {
			return true
		}
	}
	for k := range short {
		if !cutsShort(short[k], long[k]) {
			return false
		}
	}
	return true
}

// cutsShort says whether a word is another with letters left out, the first
// excepted: Mktg for Marketing.
func cutsShort(short, long string) bool {
	if short == long {
		return true
	}
	if len(short) < 2 || len(short) >= len(long) || short[0] != long[0] {
		return false
	}
	if strings.HasPrefix(long, short) {
		return true
	}
	k := 0
	for i := 0; i < len(long) && k < len(short); i++ {
		if long[i] == short[k] {
			k++
		}
	}
	return k == len(short) && len(short) <= 5
}
