package ad

import (
	"context"
	"crypto/rand"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

// resetsAs opens the live domain as one who may set passwords.
func resetsAs(t *testing.T, name string) *Resetter {
	t.Helper()
	cfg := live(t)
	cfg.Connection.Role, cfg.Connection.BindDN = source.RoleReset, name+"@corp.contoso.example"
	return openResetter(t, cfg)
}

// liveID is the GUID of a user of the live domain.
func liveID(t *testing.T, name string) string {
	t.Helper()
	live(t)
	ids := guids(t, ldapsearch(t, "(sAMAccountName="+name+")", "objectGUID"))
	if len(ids) != 1 {
		t.Fatalf("%d users %s: setup.sh load", len(ids), name)
	}
	return ids[0]
}

// logsIn says whether another client logs in with a password.
func logsIn(t *testing.T, name, password string) bool {
	t.Helper()
	cmd := exec.Command("ldapsearch", "-LLL", "-s", "base", "-b", "", "-o", "nettimeout=5", "-x", "-H", liveEnv(t, "URL"),
		"-D", name+"@corp.contoso.example", "-y", "/dev/stdin", "dnsHostName")
	cmd.Env = append(cmd.Environ(), "LDAPTLS_CACERT="+liveEnv(t, "CA"), "LDAPCONF=/dev/null")
	cmd.Stdin = strings.NewReader(password)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true
	case errors.As(err, &exit) && exit.ExitCode() == 49:
		return false
	}
	t.Fatalf("%v: %s", err, out)
	return false
}

func fresh() string { return "aA1!" + rand.Text() }

// After a reset the new password logs in and the old one does not, be the one who
// resets an administrator's equal or somebody to whom the least was delegated.
func TestLiveSetPassword(t *testing.T) {
	id := liveID(t, "reset-ann")
	old := ""
	for _, who := range []string{"live-helpdesk", "live-resetonly"} {
		r := resetsAs(t, who)
		before := state(t, r, id)
		password := fresh()
		if err := r.SetPassword(t.Context(), id, newPassword(password)); err != nil {
			t.Fatal(err)
		}
		after := state(t, r, id)
		if before.Mark.Version == 0 || after.Mark.Version != before.Mark.Version+1 || after.Mark.At.IsZero() || after.MustChange != source.No {
			t.Errorf("%s: before %+v, after %+v", who, before, after)
		}
		if !logsIn(t, "reset-ann", password) || old != "" && logsIn(t, "reset-ann", old) {
			t.Errorf("%s: the new one or the old one is not as it should be", who)
		}
		old = password
	}
	// With umlauts, blanks and a quote.
	for _, odd := range []string{`aA1! blank "quote" äöü`, "aA1!😀𝔘Привет"} {
		if err := resetsAs(t, "live-helpdesk").SetPassword(t.Context(), id, newPassword(odd)); err != nil || !logsIn(t, "reset-ann", odd) {
			t.Errorf("%q: %v", odd, err)
		}
	}
}

func TestLiveMustChangeAndUnlock(t *testing.T) {
	r := resetsAs(t, "live-helpdesk")
	id := liveID(t, "reset-bob")
	password := fresh()
	set := func(p source.NewPassword) *source.PasswordState {
		t.Helper()
		p.Password = source.NewSecret(password)
		if err := r.SetPassword(t.Context(), id, p); err != nil {
			t.Fatal(err)
		}
		return state(t, r, id)
	}
	if s := set(source.NewPassword{MustChange: true, Unlock: true}); s.MustChange != source.Yes || logsIn(t, "reset-bob", password) {
		t.Errorf("must change: %+v", s)
	}
	if s := set(source.NewPassword{}); s.MustChange != source.No || !logsIn(t, "reset-bob", password) {
		t.Errorf("after that: %+v", s)
	}
	for range 2 {
		if logsIn(t, "reset-bob", "wrong") {
			t.Fatal("a wrong password logs in")
		}
	}
	if s := state(t, r, id); s.Locked != source.Yes || logsIn(t, "reset-bob", password) {
		t.Fatalf("not locked: %+v", s)
	}
	if s := set(source.NewPassword{}); s.Locked != source.Yes {
		t.Errorf("a reset alone unlocks: %+v", s)
	}
	if s := set(source.NewPassword{Unlock: true}); s.Locked != source.No || !logsIn(t, "reset-bob", password) {
		t.Errorf("unlocked: %+v", s)
	}
	only := resetsAs(t, "live-resetonly")
	expect(t, only.SetPassword(t.Context(), id, source.NewPassword{Password: source.NewSecret(fresh()), Unlock: true}), source.CodePermission, "may not set")
	expect(t, only.SetPassword(t.Context(), id, source.NewPassword{Password: source.NewSecret(fresh()), MustChange: true}), source.CodePermission, "may not set")
	if !logsIn(t, "reset-bob", password) {
		t.Error("what was refused was done in part")
	}
}

func TestLivePolicyAndRights(t *testing.T) {
	r := resetsAs(t, "live-helpdesk")
	ann, strict := liveID(t, "reset-ann"), liveID(t, "reset-strict")
	if p := state(t, r, ann).Policy; p.MinLength != 7 || !p.Complex || p.Unread != "" {
		t.Errorf("%+v", p)
	}
	if p := state(t, r, strict).Policy; !p.Complex || !strings.Contains(p.Unread, "CN=Strict,") {
		t.Errorf("a policy that may not be read: %+v", p)
	}
	expect(t, r.SetPassword(t.Context(), ann, newPassword("aA1!")), source.CodePasswordRefused, "0000052D")
	expect(t, r.SetPassword(t.Context(), ann, newPassword("nothing but letters")), source.CodePasswordRefused, "0000052D")
	expect(t, r.SetPassword(t.Context(), strict, newPassword("aA1!aA1!aA1!aA1!")), source.CodePasswordRefused, "0000052D")
	if err := r.SetPassword(t.Context(), strict, newPassword(fresh())); err != nil {
		t.Error(err)
	}
	expect(t, r.SetPassword(t.Context(), liveID(t, "reset-protected"), newPassword(fresh())), source.CodePermission, "may not set")
	expect(t, r.SetPassword(t.Context(), liveID(t, "Administrator"), newPassword(fresh())), source.CodePermission, "may not set")
	expect(t, resetsAs(t, "svc-qpimport").SetPassword(t.Context(), ann, newPassword(fresh())), source.CodePermission, "may not set")
	expect(t, r.SetPassword(t.Context(), "11111111-2222-4333-8444-555555555555", newPassword(fresh())), source.CodeNotFound, "no longer")

	cfg := live(t)
	cfg.Connection.Role, cfg.Connection.BindDN = source.RoleReset, "live-helpdesk@corp.contoso.example"
	cfg.Connection.Transport, cfg.Connection.URL = source.TransportStartTLS, liveEnv(t, "STARTTLS_URL")
	if err := openResetter(t, cfg).SetPassword(t.Context(), ann, newPassword(fresh())); err != nil {
		t.Errorf("over StartTLS: %v", err)
	}
	sealed := withPassword(liveKerberos(t), "live-helpdesk@CORP.CONTOSO.EXAMPLE", livePassword(t))
	sealed.Connection.Role = source.RoleReset
	password := fresh()
	if err := openResetter(t, sealed).SetPassword(t.Context(), ann, newPassword(password)); err != nil || !logsIn(t, "reset-ann", password) {
		t.Errorf("sealed on port 389: %v", err)
	}
	expect(t, openResetter(t, sealed).SetPassword(t.Context(), ann, newPassword("aA1!")), source.CodePasswordRefused, "0000052D")
	cfg.Connection.Transport = "ldap"
	if _, err := OpenResetter(context.Background(), cfg); source.CodeOf(err) != source.CodeUsage {
		t.Errorf("in clear: %v", err)
	}
}

func TestLivePasswordChanges(t *testing.T) {
	reader := open(t, live(t))
	_, first, err := reader.PasswordChanges(t.Context(), source.PasswordCursor{})
	if err != nil {
		t.Fatal(err)
	}
	ann := liveID(t, "reset-ann")
	if err := resetsAs(t, "live-helpdesk").SetPassword(t.Context(), ann, source.NewPassword{Password: source.NewSecret(fresh()), MustChange: true}); err != nil {
		t.Fatal(err)
	}
	changes, second, err := reader.PasswordChanges(t.Context(), first)
	if err != nil || len(changes) != 1 || changes[0].ID != ann || !changes[0].Certain || changes[0].Mark.Version == 0 {
		t.Errorf("%+v, %v", changes, err)
	}
	if changes, _, err := reader.PasswordChanges(t.Context(), second); err != nil || len(changes) != 0 {
		t.Errorf("the second time: %+v, %v", changes, err)
	}
}
