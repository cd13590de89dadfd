package importer

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// The rules of the mission, as pure functions over the registry's rows.

// nameKey is a customer's name as it is compared.
func nameKey(name string) string { return match.Key(name) }

func parseTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, s)
	return t
}

// settle decides the state of every account of a customer from its mode and
// its addresses; within a customer an address belongs to one account alone.
// It changes the accounts in place.
func settle(mode Mode, accounts []*account) {
	holders := make(map[string]int, len(accounts))
	for _, a := range accounts {
		if (mode != ModeOn || a.m365ID != "") && validEmail(a.email) {
			holders[emailKey(a.email)]++
		}
	}
	for _, a := range accounts {
		a.emailIssue = ""
		switch {
		case mode == ModeOn && a.m365ID == "":
			a.state = string(StatePendingMatch)
			continue
		case a.email == "":
			a.emailIssue = EmailMissing
		case !validEmail(a.email):
			a.emailIssue = EmailInvalid
		case holders[emailKey(a.email)] > 1:
			a.emailIssue = EmailDuplicate
		}
		a.state = string(StateActive)
		if a.emailIssue != "" {
			a.state = string(StateNeedsEmail)
		}
	}
}

func emailKey(email string) string { return strings.ToLower(email) }

// validEmail accepts what mail systems deliver to: a local part and a domain of
// at least two labels (RFC 5321 without quoted local parts and address
// literals, which no mailbox here has).
func validEmail(email string) bool {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || len(local) > 64 || len(email) > 254 {
		return false
	}
	for i, r := range local {
		if !mailRune(r) && !strings.ContainsRune("!#$%&'*+/=?^_`{|}~.-", r) ||
			r == '.' && (i == 0 || i == len(local)-1 || local[i+1] == '.') {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !mailRune(r) && r != '-' {
				return false
			}
		}
	}
	return true
}

// mailRune is a letter or digit of an address, beyond ASCII too (RFC 6531).
func mailRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// picked is what a directory says about a user, in the form of an account.
func picked(u *source.User) *account {
	a := &account{displayName: u.DisplayName, givenName: u.GivenName, surname: u.Surname, username: u.Username, upn: u.UPN}
	if u.Kind == source.AD {
		a.adID, a.adDN, a.adStatus, a.ad = optional(u.ID), optional(u.DN), status(u), snapshot(u)
	} else {
		a.setMailbox(u)
	}
	a.setEmail(u.Email, string(u.Kind))
	return a
}

// begin makes an account of what was picked. On: the address comes with the
// mailbox.
func (a *account) begin(mode Mode) {
	if mode == ModeOn {
		a.setEmail("", "")
	}
}

// adopt takes over what a directory says about the account's user. Off:
// everything comes from the one directory. On: everything from AD but the
// address, which comes with the mailbox. An address set by hand stays.
func (a *account) adopt(mode Mode, p *account) {
	a.displayName, a.givenName, a.surname, a.username, a.upn = p.displayName, p.givenName, p.surname, p.username, p.upn
	if p.adID != "" {
		a.adID, a.adDN, a.adStatus, a.ad = p.adID, p.adDN, p.adStatus, p.ad
	} else {
		a.m365ID, a.m365UPN, a.m365Status, a.m365 = p.m365ID, p.m365UPN, p.m365Status, p.m365
	}
	if mode == ModeOff && a.emailSource != EmailFromManual {
		a.email, a.emailSource = p.email, p.emailSource
	}
}

func (a *account) setEmail(email, from string) {
	a.email, a.emailSource = email, optional(from)
	if email == "" {
		a.emailSource = ""
	}
}

func (a *account) setMailbox(u *source.User) {
	a.m365ID, a.m365UPN, a.m365Status, a.m365 = optional(u.ID), optional(u.UPN), status(u), snapshot(u)
}

// pair joins a pending account with its mailbox.
func (a *account) pair(u *source.User, note matchNote) {
	a.setMailbox(u)
	a.setEmail(u.Email, EmailFromM365)
	a.match = optional(mustJSON(note))
}

// unpair makes a matched account pending again.
func (a *account) unpair() {
	a.m365ID, a.m365UPN, a.m365Status, a.m365, a.match = "", "", "", "", ""
	a.setEmail("", "")
}

// matchNote is what the registry keeps of why two users belong together.
type matchNote struct {
	Reason     string           `json:"reason"`
	Confidence float64          `json:"confidence"`
	Evidence   []match.Evidence `json:"evidence,omitempty"`
}

// statusOK is the status of a user who may sign in.
const statusOK = "ok"

func status(u *source.User) optional {
	if u.Enabled == source.No {
		return "disabled"
	}
	return statusOK
}

func snapshot(u *source.User) optional { return optional(mustJSON(u)) }

// user is what was last read of the account's user in a directory.
func (a *account) user(kind source.Kind) (*source.User, error) {
	text := a.ad
	if kind == source.M365 {
		text = a.m365
	}
	if a.key(kind) == "" {
		return nil, nil
	}
	u := &source.User{}
	if err := jsonv2.UnmarshalRead(strings.NewReader(string(text)), u); err != nil {
		return nil, damagedRow(err, "%s user of account %s", kind, a.id)
	}
	return u, nil
}

// mustJSON marshals values that always can be.
func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
