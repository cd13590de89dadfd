package source

import (
	"testing"
	"time"
)

func TestSkipReason(t *testing.T) {
	const guid = "bb558c35-97f1-4cb9-8ff7-d53741dc928c"
	tests := []struct {
		name string
		user User
		want string
	}{
		{"a person", User{Kind: AD, DN: "CN=Ann,OU=Staff,DC=x", Enabled: Yes}, ""},
		{"AD's own", User{Kind: AD, Critical: true, Enabled: No}, SkipSystem},
		{"a tombstone", User{Kind: AD, DN: `CN=Ann\0ADEL:` + guid + `,CN=Deleted Objects,DC=x`}, SkipDeleted},
		{"a tombstone, spelled otherwise", User{Kind: AD, DN: `CN=Ann\0adel:` + guid + `,OU=Staff,DC=x`}, SkipDeleted},
		{"in the recycle bin", User{Kind: AD, DN: "CN=Ann,CN=Deleted Objects,DC=x"}, SkipDeleted},
		{"an OU of that name", User{Kind: AD, DN: "CN=Ann,OU=Deleted Objects,DC=x"}, ""},
		{"a conflict", User{Kind: AD, DN: `CN=Ann\0ACNF:` + guid + `,OU=Staff,DC=x`}, SkipConflict},
		{"deleted from Entra ID", User{Kind: M365, NotPerson: SkipDeleted, Email: "a@x"}, SkipDeleted},
		{"a monitoring mailbox by its type", User{Kind: AD, DN: "CN=x,DC=x", RecipientType: 549755813888}, SkipExchange},
		{"an arbitration mailbox by its type", User{Kind: AD, DN: "CN=x,DC=x", RecipientType: 8388608, Enabled: No}, SkipExchange},
		{"a user mailbox by its type, whatever its name is", User{Kind: AD, DN: "CN=SystemMailbox{" + guid + "},DC=x", RecipientType: 1}, ""},
		{"a shared mailbox", User{Kind: AD, RecipientType: 4, Enabled: No}, SkipShared},
		{"a shared mailbox in the cloud", User{Kind: AD, RecipientType: 34359738368}, SkipShared},
		{"a room", User{Kind: M365, RecipientType: 16, Email: "r@x"}, SkipRoom},
		{"equipment", User{Kind: M365, RecipientType: 32, Email: "e@x"}, SkipEquipment},
		{"a linked mailbox", User{Kind: AD, RecipientType: 2, Enabled: Yes}, ""},
		{"a mailbox in the cloud", User{Kind: AD, RecipientType: 2147483648, Enabled: Yes}, ""},
		{"a system mailbox by its name", User{Kind: AD, DN: "CN=SystemMailbox{" + guid + "},CN=Users,DC=x"}, SkipExchange},
		{"a health mailbox by its name", User{Kind: AD, DN: "CN=HealthMailbox0a1b2c3d4e5f40718293a4b5c6d7e8f9,CN=Users,DC=x"}, SkipExchange},
		{"the discovery mailbox by its login", User{Kind: M365, UPN: "DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}@x.example", Email: "d@x"}, SkipExchange},
		{"the federated mailbox by its display name", User{Kind: M365, DisplayName: "FederatedEmail.4c1f4d8b-8179-4148-93bf-00a95fa1e042"}, SkipExchange},
		{"the migration mailbox", User{Kind: M365, UPN: "Migration.8f3e7716-2011-43e4-96b1-aba62d229136@x"}, SkipExchange},
		{"a person with such a name", User{Kind: AD, DN: "CN=Healthmailbox Smith,DC=x", DisplayName: "Migration. Department of the whole of Northern Europe"}, ""},
		{"a room by what was found out", User{Kind: M365, Email: "r@x", RecipientType: 1, Mailbox: &Mailbox{Class: MailboxRoom}}, SkipRoom},
		{"an admin", User{Kind: AD, Enabled: No, Privileges: [][]string{{"Domain Admins"}}}, SkipPrivileged},
		{"who was an admin", User{Kind: AD, AdminCount: true}, ""},
		{"a service by its principal name", User{Kind: AD, Enabled: Yes, SPN: "MSSQLSvc/sql1"}, SkipServiceUser},
		{"a service by its name", User{Kind: AD, PasswordNeverExpires: true, Username: "SVC-backup"}, SkipServiceUser},
		{"a person of such a name", User{Kind: AD, PasswordNeverExpires: true, Username: "sa.jones"}, ""},
		{"a person whose name begins so", User{Kind: AD, PasswordNeverExpires: true, Username: "svcarlsson", GivenName: "Sven", Surname: "Carlsson"}, ""},
		{"a service in one word", User{Kind: AD, PasswordNeverExpires: true, Username: "svcbackup"}, SkipServiceUser},
		{"a service's name alone", User{Kind: AD, Username: "svc-backup"}, ""},
		{"a guest", User{Kind: M365, Guest: true}, SkipGuest},
		{"a disabled user", User{Kind: AD, Enabled: No}, SkipDisabled},
		{"no mailbox", User{Kind: M365}, SkipNoMailbox},
	}
	never := map[string]bool{SkipSystem: true, SkipDeleted: true, SkipConflict: true, SkipExchange: true, SkipService: true, SkipTrust: true}
	for _, tt := range tests {
		got := tt.user.SkipReason()
		if got != tt.want || NeverImported(got) != never[got] {
			t.Errorf("%s: %q, never %v; want %q", tt.name, got, NeverImported(got), tt.want)
		}
	}
}

func TestLiftedReasons(t *testing.T) {
	u := User{Kind: AD, Enabled: No, Privileges: [][]string{{"Domain Admins"}}}
	for want, lifted := range map[string][]string{
		SkipPrivileged: {SkipDisabled},
		SkipDisabled:   {SkipPrivileged},
		"":             {SkipDisabled, SkipPrivileged},
	} {
		if got := u.SkipReason(lifted...); got != want {
			t.Errorf("without %v: %q, want %q", lifted, got, want)
		}
	}
}

func TestStaleNote(t *testing.T) {
	now := time.Date(2026, 3, 20, 8, 0, 0, 0, time.UTC)
	info := func(kind Kind, days int) Info {
		i := Info{Kind: kind}
		if days >= 0 {
			i.AsOf = now.AddDate(0, 0, -days)
		}
		return i
	}
	const live = -1
	for _, c := range []struct {
		ad, m365 int
		want     string
	}{
		{live, live, ""},
		{7, 0, ""},
		{8, 0, "The export of Active Directory is 8 days older than what it is compared with: who came, left or changed since then is not in it."},
		{3, 40, "The export of Microsoft 365 is 37 days older than what it is compared with: who came, left or changed since then is not in it."},
		{live, 10, "The export of Microsoft 365 is 10 days older than what it is compared with: who came, left or changed since then is not in it."},
	} {
		if got := StaleNote(info(AD, c.ad), info(M365, c.m365), now); got != c.want {
			t.Errorf("%d and %d days: %q, want %q", c.ad, c.m365, got, c.want)
		}
	}
}
