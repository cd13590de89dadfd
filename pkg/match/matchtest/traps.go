package matchtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// The kinds of traps.
const (
	kindEverybody = "everybody counts"
	kindOrigin    = "where the mailbox comes from"
	kindNames     = "all names of a person"
	kindScripts   = "scripts"
	kindGiven     = "given names"
	kindNone      = "what is no identifier"
	kindPost      = "what travels with a post or a home"
	kindByName    = "by display name"
	kindSmall     = "small companies"
	kindRight     = "right pairs"
	kindStanding  = "standing pairs"
	kindDecided   = "decided by hand"
)

// Kinds are the kinds of traps in their order.
func Kinds() []string {
	return []string{kindEverybody, kindOrigin, kindNames, kindScripts, kindGiven, kindNone, kindPost, kindByName, kindSmall, kindRight, kindStanding, kindDecided}
}

func traps() []trap {
	return slices.Concat(everybody(), origin(), allNames(), scripts(), givenNames(), noIdentifiers(), posts(), byName(), smallCompanies(), rightPairs(), standing(), decided())
}

// state is what may be with a user who is not to be paired.
type state struct {
	name string
	set  func(s *stage, p *match.Person)
}

func states() []state {
	return []state{
		{"is disabled", func(_ *stage, p *match.Person) { p.Enabled = source.No }},
		{"was not imported", func(_ *stage, p *match.Person) { p.Bystander = true }},
		{"is disabled and was not imported", func(_ *stage, p *match.Person) { p.Enabled, p.Bystander = source.No, true }},
		{"is in a hidden container", func(_ *stage, p *match.Person) {
			cn, _, _ := strings.Cut(p.DN, ",OU=")
			p.DN, p.Bystander = cn+",CN=Users,DC=corp,DC=internal", true
		}},
		{"left the directory", func(_ *stage, p *match.Person) { p.Gone = true }},
		{"is matched", func(s *stage, p *match.Person) {
			wed(p, s.mailbox(who{given: p.GivenName, surname: p.Surname, display: p.DisplayName}))
		}},
	}
}

func everybody() []trap {
	var out []trap
	// What the namesake in AD has of the mailbox: nothing, or what makes it his.
	for _, owned := range []struct {
		name string
		set  func(s *stage, a, box *match.Person)
	}{
		{"", func(*stage, *match.Person, *match.Person) {}},
		{" and has its address", func(s *stage, a, box *match.Person) { s.mail(a, box) }},
		{" and has its employee id", func(s *stage, a, box *match.Person) { s.employee(a, box) }},
		{" and is what it was synchronised from", func(s *stage, a, box *match.Person) { s.sync(box, a) }},
		{" and has the sAMAccountName that it names", func(_ *stage, a, box *match.Person) { box.OnPremUsername = a.Username }},
		{" and has an alias of it", func(s *stage, a, box *match.Person) {
			a.Email = s.loginFor(who{given: a.GivenName, surname: a.Surname}, true) + ".old@" + s.domain
			alsoAt(box, a.Email)
		}},
	} {
		for _, st := range states() {
			if st.name == "is matched" && owned.name != "" {
				continue
			}
			out = append(out, trap{kindEverybody, "a namesake " + st.name + owned.name, func(s *stage) string {
				w := s.who()
				old, heir, box := s.user(w), s.user(w), s.mailbox(w)
				s.job(heir, box)
				owned.set(s, old, box)
				st.set(s, old)
				s.never(heir, box)
				s.never(old, box)
				return fmt.Sprintf("Two people in AD are called %s, and one of them %s%s. The mailbox may be his: the name, and a department and title, do not tell.", w, st.name, owned.name)
			}})
		}
	}
	for _, st := range states()[:5] {
		out = append(out, trap{kindEverybody, "a namesake, written another way, " + st.name, func(s *stage) string {
			w := s.who()
			w.surname = pick(s.maker, []string{"Müller", "Schröder", "Jäger", "Köhler", "Großmann", "Krüger", "Fürst"})
			other := w
			other.surname = strings.NewReplacer("ü", "ue", "ö", "oe", "ä", "ae", "ß", "ss").Replace(w.surname)
			if s.p(.5) {
				other = w.called(w.surname + ", " + w.given)
			}
			w.display = w.given + " " + w.surname
			old, heir, box := s.user(other), s.user(w), s.mailbox(w)
			s.job(heir, box)
			st.set(s, old)
			s.never(heir, box)
			s.never(old, box)
			return fmt.Sprintf("%s and %s is one name for two people in AD, and the first %s: the mailbox may be his.", other, w, st.name)
		}})
	}
	// Namesakes among the mailboxes.
	for _, st := range []state{
		{"is disabled", func(_ *stage, p *match.Person) { p.Enabled = source.No }},
		{"is switched off and without a licence", func(_ *stage, p *match.Person) {
			p.Enabled, p.Exchange, p.Licensed = source.No, source.No, source.No
		}},
		{"has no mailbox", func(_ *stage, p *match.Person) {
			p.Exchange, p.Licensed, p.Email, p.Addresses = source.No, source.No, "", nil
		}},
		{"is gone", func(_ *stage, p *match.Person) { p.Gone = true }},
		{"is matched", func(s *stage, p *match.Person) {
			wed(s.user(who{given: p.GivenName, surname: p.Surname, display: p.DisplayName}), p)
		}},
		{"has another department", func(s *stage, p *match.Person) { s.job(p) }},
	} {
		out = append(out, trap{kindEverybody, "a namesake in Microsoft 365 who " + st.name, func(s *stage) string {
			w := s.who()
			a, box, other := s.user(w), s.mailbox(w), s.mailbox(w)
			s.job(a, box)
			st.set(s, other)
			s.never(a, box)
			s.never(a, other)
			return fmt.Sprintf("Two users of Microsoft 365 are called %s, and one of them %s. Either may be the AD user's.", w, st.name)
		}})
	}
	out = append(out,
		trap{kindEverybody, "two pending namesakes, and one mailbox", func(s *stage) string {
			w := s.who()
			a, b, box := s.user(w), s.user(w), s.mailbox(w)
			s.job(a, box)
			if s.p(.5) {
				s.at(box, plain(w.given)[:1]+plain(w.surname)+"2")
			}
			s.never(a, box)
			s.never(b, box)
			return fmt.Sprintf("Two people are called %s, and there is one mailbox: a department, a title or a number in a login does not settle whose.", w)
		}},
		trap{kindEverybody, "the mailbox is gone", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			s.employee(a, box)
			box.Gone = true
			s.never(a, box)
			return fmt.Sprintf("The mailbox of %s is not there any more.", w)
		}},
		trap{kindEverybody, "the mailbox is switched off", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			s.employee(a, box)
			box.Enabled = source.No
			s.never(a, box)
			return fmt.Sprintf("Somebody switched the mailbox of %s off: a person has to say whether it is to be used.", w)
		}},
	)
	for _, st := range states()[:5] {
		out = append(out, trap{kindEverybody, "the user himself " + st.name, func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			s.employee(a, box)
			if s.p(.5) {
				s.sync(box, a)
			}
			st.set(s, a)
			s.never(a, box)
			return fmt.Sprintf("%s %s: whatever proves that the mailbox is his, nobody asked for it.", w, st.name)
		}})
	}
	return out
}

// elsewhere is a SID of another domain with the same last number.
func (s *stage) elsewhere(sid string) string {
	if !strings.Contains(sid, "-") {
		sid = s.sid()
	}
	return fmt.Sprintf("S-1-5-21-%d-%d-%d%s", s.Uint32(), s.Uint32(), s.Uint32(), sid[strings.LastIndex(sid, "-"):])
}

func origin() []trap {
	// tempt lets everything soft speak for the pair.
	tempt := func(s *stage) (w who, a, box *match.Person) {
		s.withSIDs, s.synced = true, true
		w = s.who()
		a, box = s.user(w), s.mailbox(w)
		s.job(a, box)
		return w, a, box
	}
	return []trap{
		{kindOrigin, "a SID of this domain that nobody has any more", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID, box.Synced = s.sid(), pick(s.maker, []source.Flag{source.Yes, source.No, source.Unknown})
			s.never(a, box)
			return fmt.Sprintf("The mailbox came from a user of this very domain who was deleted; today's %s has another SID.", w)
		}},
		{kindOrigin, "a SID of this domain that nobody has, its anchor too", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID, box.ImmutableID, box.Synced = s.sid(), immutable(s.id()), source.Yes
			s.never(a, box)
			return fmt.Sprintf("The mailbox was synchronised from a user of this very domain who was deleted; today's %s has another SID.", w)
		}},
		{kindOrigin, "a SID of this domain that nobody has, beside an address", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID = s.sid()
			s.mail(a, box)
			s.never(a, box)
			return fmt.Sprintf("Addresses are handed on, SIDs never: the mailbox is that of a deleted user, not of today's %s.", w)
		}},
		{kindOrigin, "a SID of this domain that nobody has, beside a telephone", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID = s.sid()
			s.mobile(a, box)
			s.never(a, box)
			return fmt.Sprintf("Telephones are handed on, SIDs never: the mailbox is that of a deleted user, not of today's %s.", w)
		}},
		{kindOrigin, "an anchor that nobody has while the tenant synchronises it", func(s *stage) string {
			w, a, box := tempt(s)
			box.ImmutableID, box.Synced = immutable(s.id()), source.Yes
			s.never(a, box)
			return fmt.Sprintf("The mailbox is synchronised, and from another user than today's %s, whom AD does not have.", w)
		}},
		{kindOrigin, "an anchor of another user who was not imported", func(s *stage) string {
			w, a, box := tempt(s)
			other := s.user(s.who())
			other.Bystander = true
			box.ImmutableID, box.Synced = immutable(other.ID), source.Yes
			s.never(a, box)
			s.never(other, box)
			return fmt.Sprintf("The mailbox called %s is synchronised from another AD user, who was not imported.", w)
		}},
		{kindOrigin, "an anchor and a SID of a user who is matched with another mailbox", func(s *stage) string {
			w, a, box := tempt(s)
			other := s.user(w.called(s.show(w) + " (Annex)"))
			s.sync(box, other)
			wed(other, s.mailbox(s.who()))
			s.never(a, box)
			s.never(other, box)
			return fmt.Sprintf("The mailbox was made of %s, whatever that one is paired with: it is not that of %s.", other.DisplayName, w)
		}},
		{kindOrigin, "a SID of another domain and a name alone", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID, box.Synced = s.elsewhere(s.sid()), source.Yes
			s.never(a, box)
			return fmt.Sprintf("The mailbox was synchronised from another domain. That %s is called so here too is no proof.", w)
		}},
		{kindOrigin, "a SID of another domain that ends alike", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID, box.ImmutableID, box.Synced = s.elsewhere(a.SID), immutable(s.id()), source.Yes
			s.never(a, box)
			return fmt.Sprintf("The mailbox of %s was synchronised from another domain; that the last number is the same is chance.", w)
		}},
		{kindOrigin, "the sAMAccountName beside another domain's SID", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID, box.OnPremUsername, box.Synced = s.elsewhere(s.sid()), a.Username, source.Yes
			s.never(a, box)
			return fmt.Sprintf("Logins are unique within a domain alone: %s of the other domain is somebody else's, or was migrated, and the name does not say which.", a.Username+" "+w.surname)
		}},
		{kindOrigin, "another sAMAccountName beside another domain's SID", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID, box.OnPremUsername, box.Synced = s.elsewhere(s.sid()), a.Username+"x", source.Yes
			s.never(a, box)
			return fmt.Sprintf("The mailbox of %s names another domain and another login as its origin.", w)
		}},
		{kindOrigin, "a sAMAccountName that the user does not have", func(s *stage) string {
			w, a, box := tempt(s)
			box.OnPremUsername, box.Synced = "x"+a.Username, source.Yes
			s.never(a, box)
			return fmt.Sprintf("The mailbox was synchronised from the login %s, and %s has another.", box.OnPremUsername, w)
		}},
		{kindOrigin, "an anchor stamped by hand, and another person", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(s.who())
			box.ImmutableID, box.Synced = immutable(a.ID), pick(s.maker, []source.Flag{source.No, source.Unknown})
			s.never(a, box)
			return fmt.Sprintf("The anchor was written by hand into the mailbox of %s: it does not make it that of %s.", box.DisplayName, w)
		}},
		{kindOrigin, "an anchor stamped by hand, and a given name that differs", func(s *stage) string {
			w, x := s.pair(oneLetter)
			a, box := s.user(w), s.mailbox(x)
			box.ImmutableID, box.Synced = immutable(a.ID), source.No
			s.never(a, box)
			return fmt.Sprintf("An anchor that was written by hand is one identifier among others, and %s and %s are two names.", w, x)
		}},
		{kindOrigin, "an anchor stamped by hand, and the user's own mailbox beside it", func(s *stage) string {
			w := s.who()
			a, box, own := s.user(w), s.mailbox(s.who()), s.mailbox(w)
			box.ImmutableID, box.Synced = immutable(a.ID), source.No
			s.mail(a, own)
			s.never(a, box)
			return fmt.Sprintf("Somebody stamped the wrong mailbox: %s has an own one, which fits by name and address.", w)
		}},
		{kindOrigin, "an anchor and a SID that name two users", func(s *stage) string {
			w, a, box := tempt(s)
			other := s.user(s.who())
			box.ImmutableID, box.SID, box.Synced = immutable(a.ID), other.SID, source.Yes
			s.never(a, box)
			s.never(other, box)
			return fmt.Sprintf("The anchor says %s, the SID says %s: somebody has to look.", w, other.DisplayName)
		}},
		{kindOrigin, "two mailboxes with one anchor", func(s *stage) string {
			w := s.who()
			a, box, other := s.user(w), s.mailbox(w), s.mailbox(s.who())
			for _, p := range []*match.Person{box, other} {
				p.ImmutableID, p.Synced = immutable(a.ID), source.No
			}
			s.never(a, other)
			return fmt.Sprintf("The anchor of %s was stamped twice, once on a mailbox of another name.", w)
		}},
		{kindOrigin, "right: a migrated forest, proven by address and employee id", func(s *stage) string {
			w, a, box := tempt(s)
			box.SID, box.Synced = s.elsewhere(s.sid()), source.Yes
			s.mail(a, box)
			s.employee(a, box)
			s.must(a, box)
			return fmt.Sprintf("The mailbox of %s came from the old forest, but name, address and employee id are those of today's user.", w)
		}},
		{kindOrigin, "right: a migrated forest that kept its anchors", func(s *stage) string {
			w, a, box := tempt(s)
			a.ConsistencyGUID = s.id()
			box.SID, box.ImmutableID, box.Synced = s.elsewhere(s.sid()), immutable(a.ConsistencyGUID), source.Yes
			s.mail(a, box)
			s.must(a, box)
			return fmt.Sprintf("The migration took the anchor of %s along; name and address agree, and the SID of the old forest tells nothing.", w)
		}},
		{kindOrigin, "right: an anchor stamped by hand beside name and address", func(s *stage) string {
			w, a, box := tempt(s)
			box.ImmutableID, box.Synced = immutable(a.ID), source.No
			s.mail(a, box)
			s.must(a, box)
			return fmt.Sprintf("Anchor, address and name all say %s.", w)
		}},
		{kindOrigin, "right: synchronised, and a new surname", func(s *stage) string {
			w, a, box := tempt(s)
			x := s.named(w.given)
			a.Surname, a.DisplayName = x.surname, s.show(x)
			s.sync(box, a)
			s.must(a, box)
			return fmt.Sprintf("%s was called %s; the sync engine says by anchor and SID that the mailbox is hers.", x, w)
		}},
	}
}

// pair draws two people of one surname from a list of given names.
func (s *stage) pair(list []string) (w, x who) {
	a, b, _ := strings.Cut(pick(s.maker, list), "/")
	if s.p(.5) {
		a, b = b, a
	}
	w = s.named(a)
	x = w
	x.given = b
	s.take(x)
	return w, x
}

// soft makes what is no proof agree: what a user can write himself, what comes
// with a post.
func (s *stage) soft(a, box *match.Person) string {
	said := []string{"department and title"}
	s.job(a, box)
	if s.p(.4) {
		s.mobile(a, box)
		said = append(said, "a mobile number that users write themselves")
	}
	if s.p(.2) {
		a.Company, box.Company = s.domain, s.domain
		said = append(said, "company")
	}
	return strings.Join(said, ", ")
}

func allNames() []trap {
	out := []trap{
		{kindNames, "an insider takes the director's display name", func(s *stage) string {
			w, x := s.who(), s.who()
			a, box := s.user(w), s.mailbox(x)
			a.DisplayName = box.DisplayName
			said := s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s wrote %s into the display name; given name and surname say who it is, and the rest proves nothing (%s).", w, x, said)
		}},
		{kindNames, "an insider without name attributes takes the director's display name", func(s *stage) string {
			w, x := s.who(), s.who()
			s.cnIsName = true
			a, box := s.user(w), s.mailbox(x)
			a.DisplayName, a.GivenName, a.Surname = box.DisplayName, "", ""
			said := s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("The CN is still %s, whatever the display name says now; the rest proves nothing (%s).", w, said)
		}},
		{kindNames, "an insider takes a name in Microsoft 365", func(s *stage) string {
			w, x := s.who(), s.who()
			a, box := s.user(w), s.mailbox(x)
			box.DisplayName = a.DisplayName
			said := s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("The mailbox of %s calls itself %s; given name and surname say whose it is (%s agree).", x, w, said)
		}},
		{kindNames, "an insider takes name and telephones", func(s *stage) string {
			w, x := s.who(), s.who()
			a, box := s.user(w), s.mailbox(x)
			a.DisplayName = box.DisplayName
			s.mobile(a, box)
			s.phone(a, box)
			s.never(a, box)
			return fmt.Sprintf("Display name and both telephones are what users can set themselves; %s is not %s.", w, x)
		}},
		{kindNames, "an insider takes the name of a director who is in AD", func(s *stage) string {
			w, x := s.who(), s.who()
			a, box := s.user(w), s.mailbox(x)
			director := s.user(x.called(x.surname + ", " + x.given))
			a.DisplayName = box.DisplayName
			s.mail(director, box)
			s.employee(director, box)
			s.mobile(a, box)
			s.never(a, box)
			s.must(director, box)
			return fmt.Sprintf("%s wrote the name of %s, and keeps nobody from the mailbox by that: address and employee id are the director's.", w, x)
		}},
		{kindNames, "one display name, two given names", func(s *stage) string {
			w, x := s.pair(soundsLike)
			w.display = w.given[:1] + ". " + w.surname
			x.display = w.display
			a, box := s.user(w), s.mailbox(x)
			s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("Both are shown as %s, but one is %s and the other %s.", w, w.given, x.given)
		}},
		{kindNames, "an initial on one side, another given name behind it", func(s *stage) string {
			w := s.who()
			x := s.named(pick(s.maker, []string{"Adam", "Alan", "Anton", "Astrid", "Arvid", "Agnes"}))
			w.given = pick(s.maker, []string{"Amelia", "Arne", "Alois", "Aurora", "Albin"})
			x.surname, x.display = w.surname, "A. "+w.surname
			a, box := s.user(w), s.mailbox(x)
			s.at(box, "a."+plain(w.surname))
			s.mail(a, box)
			s.never(a, box)
			return fmt.Sprintf("The mailbox is shown as %s, and its given name is %s, not %s; the address fits both.", x, x.given, w.given)
		}},
		{kindNames, "one display name, two surnames", func(s *stage) string {
			w := s.who()
			x := s.named(w.given).called(s.show(w))
			a, box := s.user(w), s.mailbox(x)
			s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("Both are shown as %s, but the surnames are %s and %s.", s.show(w), w.surname, x.surname)
		}},
		{kindNames, "middle initials that differ", func(s *stage) string {
			w := s.who()
			p := s.Perm(26)
			x := w
			w.display = fmt.Sprintf("%s %c. %s", w.given, 'A'+p[0], w.surname)
			x.display = fmt.Sprintf("%s %c. %s", w.given, 'A'+p[1], w.surname)
			a, box := s.user(w), s.mailbox(x)
			s.soft(a, box)
			s.mail(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s are told apart by their middle initials; the address may have been handed on.", w, x)
		}},
	}
	for _, d := range []struct {
		name string
		make func(s *stage) (string, string, string, string) // given names, the two displays and the surname
	}{
		{"middle names that differ", func(s *stage) (string, string, string, string) {
			p, middle := s.Perm(8), strings.Fields("Albert Frederick Quentin Marcus Theodore Ulrich Leonard Hubert")
			w := s.who()
			return w.given, w.given + " " + middle[p[0]] + " " + w.surname, w.given + " " + middle[p[1]] + " " + w.surname, w.surname
		}},
		{"second surnames that differ", func(s *stage) (string, string, string, string) {
			p, names := s.Perm(8), strings.Fields("Lozano Iglesias Cortés Medina Garrido Santana Ferrer Aguilar")
			w := s.who()
			return w.given, w.given + " " + w.surname + " " + names[p[0]], w.given + " " + w.surname + " " + names[p[1]], w.surname
		}},
		{"patronymics that differ", func(s *stage) (string, string, string, string) {
			p, names := s.Perm(6), strings.Fields("Петрович Сергеевич Николаевич Андреевич Борисович Михайлович")
			given, surname := pick(s.maker, strings.Fields("Иван Олег Павел Антон Роман Степан")), pick(s.maker, strings.Fields("Кузнецов Попов Васильев Павлов Семёнов Голубев"))
			return given, surname + " " + given + " " + names[p[0]], surname + " " + given + " " + names[p[1]], surname
		}},
		{"fathers' names that differ", func(s *stage) (string, string, string, string) {
			p, names := s.Perm(6), strings.Fields("Salim Rashed Khalid Majid Faisal Hamdan")
			given, surname := pick(s.maker, strings.Fields("Ahmed Saeed Hamad Mansoor Sultan Obaid")), "Al "+pick(s.maker, strings.Fields("Nuaimi Mazrouei Shamsi Ketbi Marri Suwaidi"))
			return given, given + " bin " + names[p[0]] + " " + surname, given + " bin " + names[p[1]] + " " + surname, surname
		}},
		{"forms of address that differ", func(s *stage) (string, string, string, string) {
			form := strings.Split(pick(s.maker, []string{"Mr/Mrs", "Mr./Ms.", "Herr/Frau", "M./Mme", "Sr./Sra.", "Sir/Lady"}), "/")
			w := s.named(pick(s.maker, strings.Fields("Kim Robin Sasha Jean Andrea Chris Alex Dominique Nicola")))
			return w.given, form[0] + " " + w.given + " " + w.surname, form[1] + " " + w.given + " " + w.surname, w.surname
		}},
	} {
		out = append(out, trap{kindNames, d.name, func(s *stage) string {
			given, one, two, surname := d.make(s)
			a, box := s.user(who{given, surname, one}), s.mailbox(who{given, surname, two})
			said := s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s are two people, told apart by what stands in their names; they have %s in common.", one, two, said)
		}})
	}
	for _, b := range []struct {
		name string
		mark func(s *stage) (string, string)
	}{
		{"numbers in brackets", func(s *stage) (string, string) {
			return fmt.Sprintf(" (%d)", 1+s.IntN(3)), fmt.Sprintf(" (%d)", 4+s.IntN(3))
		}},
		{"numbers behind the name", func(s *stage) (string, string) { return fmt.Sprint(" ", 1+s.IntN(2)), fmt.Sprint(" ", 3+s.IntN(3)) }},
		{"numbers close to the name", func(s *stage) (string, string) { return fmt.Sprint(1 + s.IntN(2)), fmt.Sprint(3 + s.IntN(3)) }},
		{"a number on one side", func(s *stage) (string, string) { return fmt.Sprint(" ", 2+s.IntN(4)), "" }},
		{"a number in brackets on one side", func(s *stage) (string, string) { return "", fmt.Sprintf(" (%d)", 2+s.IntN(4)) }},
		{"towns in brackets", func(*stage) (string, string) { return " (Bremen)", " (Graz)" }},
		{"teams in brackets", func(*stage) (string, string) { return " (Payroll)", " (Fleet)" }},
		{"towns in square brackets", func(*stage) (string, string) { return " [Lyon]", " [Nantes]" }},
		{"years of birth in brackets", func(s *stage) (string, string) {
			return fmt.Sprintf(" (%d)", 1950+s.IntN(20)), fmt.Sprintf(" (%d)", 1975+s.IntN(25))
		}},
		{"letters in brackets", func(*stage) (string, string) { return " (A)", " (B)" }},
		{"numbers with a sign", func(*stage) (string, string) { return " #1", " #2" }},
	} {
		out = append(out, trap{kindNames, b.name, func(s *stage) string {
			w := s.who()
			one, two := b.mark(s)
			if s.p(.5) {
				one, two = two, one
			}
			x := w.called(s.show(w) + two)
			w.display = s.show(w) + one
			a, box := s.user(w), s.mailbox(x)
			said := s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s are told apart by what follows the name, for there are two of them; %s do not prove the contrary.", w, x, said)
		}})
	}
	// marked writes a name with a mark of generation.
	marked := func(s *stage, w who, mark string) who {
		base := s.show(w)
		switch k := s.IntN(6); {
		case strings.HasSuffix(mark, " "):
			return w.called(mark + w.given + " " + w.surname)
		case k == 0:
			return w.called(base + " (" + mark + ")")
		case k == 1:
			return w.called(base + ", " + mark)
		case k == 2:
			return who{w.given, w.surname + " " + mark, base + " " + mark}
		}
		return w.called(base + " " + mark)
	}
	out = append(out,
		trap{kindNames, "marks of generation that differ", func(s *stage) string {
			w := s.who()
			marks := pick(s.maker, generations)
			elder, younger := marked(s, w, marks[0]), marked(s, w, marks[1])
			if s.p(.5) {
				elder, younger = younger, elder
			}
			a, box := s.user(elder), s.mailbox(younger)
			said := s.soft(a, box)
			if s.p(.3) {
				s.mail(a, box)
			}
			s.never(a, box)
			return fmt.Sprintf("%s and %s are father and son, or mother and daughter; they may share %s.", elder, younger, said)
		}},
		trap{kindNames, "a mark of generation on one side, and department and title", func(s *stage) string {
			w := s.who()
			m := marked(s, w, pick(s.maker, generations)[s.IntN(2)])
			one, two := w, m
			if s.p(.5) {
				one, two = two, one
			}
			a, box := s.user(one), s.mailbox(two)
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s has a relative of the same name, or no mark would be needed: %s may be the other one.", m, w)
		}},
		trap{kindNames, "a mark of generation on one side, and an address", func(s *stage) string {
			w := s.who()
			m := marked(s, w, pick(s.maker, generations)[s.IntN(2)])
			one, two := w, m
			if s.p(.5) {
				one, two = two, one
			}
			a, box := s.user(one), s.mailbox(two)
			s.mail(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s are two of one name, and an address goes from father to son.", m, w)
		}},
		trap{kindNames, "a mark of generation in the surname alone", func(s *stage) string {
			w := s.who()
			marks := pick(s.maker, generations[:24])
			one, two := w.called(s.show(w)), w.called(s.show(w))
			one.surname += " " + marks[0]
			two.surname += " " + marks[1]
			a, box := s.user(one), s.mailbox(two)
			s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("Both are shown as %s, but the surnames say %s and %s.", one, marks[0], marks[1])
		}},
		trap{kindNames, "right: one mark in two spellings", func(s *stage) string {
			w := s.who()
			marks := strings.Split(pick(s.maker, []string{"Jr/Jr.", "Junior/Jr.", "jun./junior", "Sr/Senior", "sen./Sen.", "Jr/jr", "III/3rd", "II/2nd", "d. J./d.J."}), "/")
			a, box := s.user(w.called(s.show(w)+" "+marks[0])), s.mailbox(w.called(s.show(w)+" "+marks[1]))
			s.mail(a, box)
			s.employee(a, box)
			s.must(a, box)
			return fmt.Sprintf("%s and %s is one name; address and employee id agree.", a.DisplayName, box.DisplayName)
		}},
	)
	return out
}

// confusables are letters that look like Latin ones.
var confusables = map[rune][]rune{
	'a': {'а', 'ɑ', 'α'}, 'c': {'с', 'ϲ'}, 'e': {'е'}, 'i': {'і', 'ι'}, 'j': {'ј'}, 'o': {'о', 'ο'}, 'p': {'р', 'ρ'}, 's': {'ѕ'}, 'x': {'х'}, 'y': {'у'}, 'h': {'һ'}, 'l': {'ӏ', 'I', '1'}, 'g': {'ɡ'}, 'v': {'ν'}, 'u': {'υ'},
	'A': {'А', 'Α'}, 'B': {'В', 'Β'}, 'C': {'С'}, 'E': {'Е', 'Ε'}, 'H': {'Н', 'Η'}, 'I': {'І', 'Ι', 'l'}, 'J': {'Ј'}, 'K': {'К', 'Κ'}, 'M': {'М', 'Μ'}, 'N': {'Ν'}, 'O': {'О', 'Ο', '0'}, 'P': {'Р', 'Ρ'}, 'S': {'Ѕ'}, 'T': {'Т', 'Τ'}, 'X': {'Х'}, 'Y': {'Ү', 'Υ'}, 'Z': {'Ζ'},
}

// disguise replaces letters by others that look like them, as many as it may.
func (s *stage) disguise(name string, most int) string {
	r := []rune(name)
	for _, k := range s.Perm(len(r)) {
		if like := confusables[r[k]]; like != nil && most > 0 {
			r[k] = pick(s.maker, like)
			most--
		}
	}
	return string(r)
}

// cyrillic are names all of whose letters Cyrillic has too, to look at.
var cyrillic = strings.NewReplacer("a", "а", "c", "с", "e", "е", "i", "і", "j", "ј", "o", "о", "p", "р", "s", "ѕ", "x", "х", "y", "у", "h", "һ", "l", "ӏ",
	"A", "А", "B", "В", "C", "С", "E", "Е", "H", "Н", "I", "І", "J", "Ј", "K", "К", "M", "М", "O", "О", "P", "Р", "S", "Ѕ", "T", "Т", "X", "Х")

func scripts() []trap {
	// native makes two people of one surname whose given names are two of a group.
	native := func(s *stage, surnames []string, groups [][]string) (w, x who) {
		group := pick(s.maker, groups)
		p := s.Perm(len(group))
		w = who{given: group[p[0]], surname: pick(s.maker, surnames)}
		x = w
		x.given = group[p[1]]
		return w, x
	}
	out := []trap{
		{kindScripts, "letters that only look alike, name attributes empty", func(s *stage) string {
			x := s.who()
			fake := s.disguise(x.given+" "+x.surname, 1+s.IntN(3))
			if fake == x.given+" "+x.surname {
				fake = x.given + " " + x.surname[:1] + "\u0435" + x.surname[1:]
			}
			a, box := s.user(who{given: "m", surname: "x", display: fake}), s.mailbox(x)
			a.GivenName, a.Surname = "", ""
			said := s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("%+q only looks like %s; %s prove nothing.", fake, x, said)
		}},
		{kindScripts, "letters that only look alike in every name", func(s *stage) string {
			x := s.who()
			fake := who{given: s.disguise(x.given, 2), surname: s.disguise(x.surname, 2)}
			if fake == x {
				fake.surname += "\u0435"
			}
			a, box := s.user(fake), s.mailbox(x)
			s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("%+q only looks like %s.", fake.String(), x)
		}},
		{kindScripts, "whole words in letters that only look alike", func(s *stage) string {
			x := who{given: pick(s.maker, strings.Fields("Jessie Alice Josie Elsie Chloe Phoebe Sophie Casey Joss Alex Hope Lacey Jay Jose Sasha Pia")),
				surname: pick(s.maker, strings.Fields("Pace Hale Cole Joyce Pope Hayes Solis Lopes Seth Chase Cassel Espejo Axel Salas Oshea Paley Echols Jessop"))}
			fake := who{given: cyrillic.Replace(x.given), surname: cyrillic.Replace(x.surname)}
			s.take(x)
			a, box := s.user(fake), s.mailbox(x)
			s.soft(a, box)
			s.never(a, box)
			return fmt.Sprintf("%+q is written in Cyrillic letters that look like %s and spell another name.", fake.String(), x)
		}},
		{kindScripts, "letters that only look alike, and a telephone", func(s *stage) string {
			x := s.who()
			fake := s.disguise(x.given, 1) + " " + s.disguise(x.surname, 2)
			a, box := s.user(who{given: "m", surname: "x", display: fake}), s.mailbox(x)
			a.GivenName, a.Surname = "", ""
			if fake == x.given+" "+x.surname {
				a.DisplayName += "\u0435"
			}
			s.mobile(a, box)
			s.phone(a, box)
			s.never(a, box)
			return fmt.Sprintf("%+q only looks like %s, and telephones are what users write themselves.", fake, x)
		}},
		{kindScripts, "a Vietnamese name without its tones", func(s *stage) string {
			w, _ := native(s, strings.Fields("Nguyễn Trần Phạm Hoàng Huỳnh Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương"), tones)
			w.display = w.surname + " " + pick(s.maker, strings.Fields("Văn Thị Hữu Đình Ngọc Minh")) + " " + w.given
			bare := who{given: ascii(w.given), surname: ascii(w.surname), display: ascii(w.display)}
			a, box := s.user(bare), s.mailbox(w)
			s.job(a, box)
			s.neverProven(a, box)
			return fmt.Sprintf("%s is how several names look without their marks, %s among them: a hint, with department and title too.", bare, w)
		}},
		{kindScripts, "a Chinese name and its Latin spelling", func(s *stage) string {
			w, _ := native(s, chineseSurnames, pinyin)
			w.display = w.surname + w.given
			bare := who{given: ascii(w.given), surname: ascii(w.surname)}
			a, box := s.user(bare), s.mailbox(w)
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s may be %s and a dozen other names: a hint, with department and title too.", bare, w)
		}},
		{kindScripts, "right: one name as written, with address and employee id", func(s *stage) string {
			var w who
			switch s.IntN(5) {
			case 0:
				w, _ = native(s, chineseSurnames, pinyin)
			case 1:
				w, _ = native(s, japaneseSurnames, kanji)
			case 2:
				w, _ = native(s, arabicSurnames, arabic)
			case 3:
				w, _ = native(s, hebrewSurnames, hebrew)
			default:
				w, _ = native(s, devanagariSurnames, devanagari)
			}
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			s.employee(a, box)
			s.must(a, box)
			return fmt.Sprintf("%s is written alike on both sides; address and employee id agree.", w)
		}},
		{kindScripts, "right: a Cyrillic or Greek name and its Latin spelling, with address and employee id", func(s *stage) string {
			names := strings.Split(pick(s.maker, strings.Fields("Olga/Ольга Svetlana/Светлана Irina/Ирина Sergei/Сергей Dmitri/Дмитрий Eleni/Ελένη Nikos/Νίκος Giorgos/Γιώργος")), "/")
			surname := strings.Split(pick(s.maker, strings.Fields("Sokolov/Соколов Morozov/Морозов Lebedev/Лебедев Orlov/Орлов Volkov/Волков")), "/")
			if strings.ContainsAny(names[1], "ελνικοςγρ") {
				surname = strings.Split(pick(s.maker, strings.Fields("Karras/Καρράς Vlachos/Βλάχος Pappas/Παππάς")), "/")
			}
			w, x := who{given: names[0], surname: surname[0]}, who{given: names[1], surname: surname[1]}
			s.take(w)
			a, box := s.user(w), s.mailbox(x)
			s.mail(a, box)
			s.employee(a, box)
			s.must(a, box)
			return fmt.Sprintf("%s is %s, letter by letter; address and employee id agree.", w, x)
		}},
	}
	for _, l := range []struct {
		name     string
		surnames []string
		groups   [][]string
		joined   bool
	}{
		{"Chinese names of one sound", chineseSurnames, pinyin, true}, {"Japanese names of one sound", japaneseSurnames, kanji, false},
		{"Devanagari names but for their vowel signs", devanagariSurnames, devanagari, false}, {"Arabic names but for their vowels", arabicSurnames, arabic, false},
		{"Hebrew names of one spelling in Latin letters", hebrewSurnames, hebrew, false}, {"Thai names but for their tones", thaiSurnames, thai, false},
	} {
		// soft has department and title, mail the address besides.
		for _, by := range []string{"department and title", "an address", "a telephone"} {
			out = append(out, trap{kindScripts, l.name + ", and " + by, func(s *stage) string {
				w, x := native(s, l.surnames, l.groups)
				if l.joined && s.p(.5) {
					w.display, x.display = w.surname+w.given, x.surname+x.given
				}
				a, box := s.user(w), s.mailbox(x)
				switch by {
				case "an address":
					s.mail(a, box)
				case "a telephone":
					s.mobile(a, box)
				default:
					s.job(a, box)
				}
				s.never(a, box)
				return fmt.Sprintf("%s and %s are two names, which look alike only in Latin letters; %s is not enough.", w, x, by)
			}})
		}
	}
	for _, by := range []string{"department and title", "an address"} {
		out = append(out, trap{kindScripts, "Vietnamese names but for their tones, and " + by, func(s *stage) string {
			w, x := native(s, strings.Fields("Nguyễn Trần Phạm Hoàng Huỳnh Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương"), tones)
			middle := " " + pick(s.maker, strings.Fields("Văn Thị Hữu Đình Ngọc Minh")) + " "
			w.display, x.display = w.surname+middle+w.given, x.surname+middle+x.given
			a, box := s.user(w), s.mailbox(x)
			if by == "an address" {
				s.at(box, plain(x.surname)+"."+plain(x.given))
				s.mail(a, box)
			} else {
				s.job(a, box)
			}
			s.never(a, box)
			return fmt.Sprintf("%s and %s are two names: their marks are part of them, and both sides write marks.", w, x)
		}})
	}
	return out
}
