package ad

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// live is the configuration for the domain controller that
// testdata/samba/setup.sh runs. Without it the test is skipped.
func live(t *testing.T) Config {
	t.Helper()
	return Config{
		Connection: source.Connection{
			Kind: source.AD, Transport: source.TransportLDAPS,
			LDAP: source.LDAP{
				URL: liveEnv(t, "URL"), BindDN: liveEnv(t, "BIND_DN"), BindPasswordFrom: "env:PASSWORD",
				CAFile: liveEnv(t, "CA"), TLSServerName: liveEnv(t, "TLS_NAME"),
			},
		},
		Password: func(context.Context) (source.Secret, error) { return source.NewSecret(livePassword(t)), nil },
		Log:      t.Logf,
	}
}

func liveEnv(t *testing.T, name string) string {
	t.Helper()
	if os.Getenv("QPIMPORT_TEST_AD") != "required" {
		t.Skip("no live Active Directory: make test starts one (testdata/samba/setup.sh), and sets QPIMPORT_TEST_AD=required")
	}
	v := os.Getenv("QPIMPORT_TEST_AD_" + name)
	if v == "" {
		t.Fatalf("QPIMPORT_TEST_AD_%s is not set: take what testdata/samba/setup.sh env prints", name)
	}
	return v
}

func livePassword(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(liveEnv(t, "PASSWORD_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// ldapsearch asks another client: the values of one attribute, raw, sorted.
func ldapsearch(t *testing.T, filter, attribute string) []string {
	t.Helper()
	cmd := exec.Command("ldapsearch", "-LLL", "-x", "-o", "ldif_wrap=no", "-E", "!pr=500/noprompt",
		"-H", liveEnv(t, "URL"), "-D", liveEnv(t, "BIND_DN"), "-w", livePassword(t),
		"-b", liveEnv(t, "BASE_DN"), filter, attribute)
	cmd.Env = append(os.Environ(), "LDAPTLS_CACERT="+liveEnv(t, "CA"), "LDAPCONF=/dev/null")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ldapsearch: %v: %s", err, &stderr)
	}
	var values []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if name != attribute {
			continue
		}
		if encoded, ok := strings.CutPrefix(value, ": "); ok {
			raw, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				t.Fatal(err)
			}
			value = string(raw)
		} else {
			value = strings.TrimPrefix(value, " ")
		}
		values = append(values, value)
	}
	slices.Sort(values)
	return values
}

func guids(t *testing.T, raw []string) []string {
	t.Helper()
	var ids []string
	for _, r := range raw {
		id, err := adattr.GUID([]byte(r))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// The live domain holds what another client finds in it, over either transport.
func TestLiveUsersAndOUs(t *testing.T) {
	cfg := live(t)
	wantUsers := guids(t, ldapsearch(t, "(sAMAccountType=805306368)", "objectGUID"))
	wantOUs := guids(t, ldapsearch(t, "(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=builtinDomain)(objectClass=domainDNS))", "objectGUID"))
	if len(wantUsers) < 60 || len(wantOUs) < 30 {
		t.Fatalf("the domain holds %d users and %d containers: setup.sh load", len(wantUsers), len(wantOUs))
	}
	for _, transport := range []string{source.TransportLDAPS, source.TransportStartTLS} {
		cfg.Connection.Transport = transport
		if transport == source.TransportStartTLS {
			cfg.Connection.URL = liveEnv(t, "STARTTLS_URL")
		}
		d := open(t, cfg)
		users, err := read(t.Context(), d, source.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		slices.Sort(ids)
		if !slices.Equal(ids, wantUsers) {
			t.Errorf("%s: %d users, ldapsearch finds %d", transport, len(ids), len(wantUsers))
		}
		brief, err := read(t.Context(), d, source.Scope{Brief: true})
		if err != nil || len(brief) != len(users) {
			t.Errorf("%s: %d users in brief, %v", transport, len(brief), err)
		}

		tree, err := d.Tree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ids = nil
		wellKnown := 0
		for _, c := range tree.Containers {
			ids = append(ids, c.ID)
			if c.WellKnown != "" {
				wellKnown++
			}
		}
		slices.Sort(ids)
		if !slices.Equal(ids, wantOUs) || wellKnown < 5 {
			t.Errorf("%s: %d containers of which %d are well-known, ldapsearch finds %d", transport, len(ids), wellKnown, len(wantOUs))
		}
	}
}

// What the sample company says of its users arrives from the live domain.
func TestLiveValues(t *testing.T) {
	d := open(t, live(t))
	entries, err := ldapfake.ReadLDIF("../../../testdata/contoso/ad.ldif")
	if err != nil {
		t.Fatal(err)
	}
	users, err := read(t.Context(), d, source.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	byDN := map[string]source.User{}
	for _, u := range users {
		byDN[source.DNKey(u.DN)] = u
	}
	compared := 0
	for _, e := range entries {
		if !slices.Contains(e.Attrs["sAMAccountType"], adattr.UserType) || e.Attrs["isCriticalSystemObject"] != nil {
			continue
		}
		want, err := adattr.FromAttributes(e.DN, func(name string) (values [][]byte) {
			for _, v := range e.Attrs[name] {
				values = append(values, []byte(v))
			}
			return values
		})
		if err != nil {
			t.Fatal(err)
		}
		got, ok := byDN[source.DNKey(e.DN)]
		if !ok {
			t.Errorf("%q is not in the live domain", e.DN)
			continue
		}
		compared++
		if got.DisplayName != want.DisplayName || got.Username != want.Username || got.UPN != want.UPN || got.Email != want.Email ||
			got.Enabled != want.Enabled || got.EmployeeID != want.EmployeeID || !got.PasswordLastSet.Equal(want.PasswordLastSet) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	if compared < 60 {
		t.Errorf("only %d users were compared", compared)
	}
	info, err := d.Info(t.Context())
	if err != nil || info.Name != "corp.contoso.example" || info.Server != liveEnv(t, "TLS_NAME") || len(info.Notes) != 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestLiveScopes(t *testing.T) {
	d := open(t, live(t))
	base := liveEnv(t, "BASE_DN")
	sales, err := read(t.Context(), d, source.Scope{Base: "OU=Sales,OU=London,OU=Staff," + base})
	if err != nil || len(sales) == 0 {
		t.Errorf("%d users in Sales, %v", len(sales), err)
	}
	for _, u := range sales {
		if !strings.HasSuffix(source.DNKey(u.DN), source.DNKey("OU=Sales,OU=London,OU=Staff,"+base)) {
			t.Errorf("%q is not in Sales", u.DN)
		}
	}
	if some, err := read(t.Context(), d, source.Scope{Limit: 3}); err != nil || len(some) != 3 {
		t.Errorf("%d users, %v, want 3", len(some), err)
	}
	_, err = read(t.Context(), d, source.Scope{Base: "OU=None," + base})
	expect(t, err, source.CodeNotFound, "OU=None")
	if users, err := read(t.Context(), d, source.Scope{}); err != nil || len(users) < 60 {
		t.Errorf("then %d users, %v", len(users), err)
	}
}

// A real domain controller finds each user by his GUID, outside the base DN too,
// and says of what is no user, or not there, that it is not.
func TestLiveFind(t *testing.T) {
	cfg := live(t)
	wanted, err := read(t.Context(), open(t, cfg), source.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	others := guids(t, ldapsearch(t, "(&(objectClass=*)(!(sAMAccountType=805306368))(!(objectClass=contact)))", "objectGUID"))
	cfg.Connection.BaseDN = "OU=Sales,OU=London,OU=Staff," + liveEnv(t, "BASE_DN")
	d := open(t, cfg)
	for _, want := range wanted {
		if got, err := find(t, d, want.ID); err != nil || got == nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%q: %+v, %v", want.DN, got, err)
		}
	}
	if len(others) < 30 {
		t.Fatalf("only %d other objects", len(others))
	}
	for _, id := range append(others, "2db12bdb-8012-4757-a79a-75407062ad38") {
		if got, err := find(t, d, id); got != nil || err != nil {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	t.Logf("%d users found, %d other objects are none", len(wanted), len(others))
}

// The domain controller refuses what it must, and we say why.
func TestLiveRefusals(t *testing.T) {
	good := live(t)
	for name, words := range map[string]string{
		"live-disabled": "disabled (533)", "live-expired": "account has expired (701)", "live-must-change": "must be changed first (773)",
	} {
		cfg := good
		cfg.Connection.BindDN = name + "@corp.contoso.example"
		_, err := Open(t.Context(), cfg)
		expect(t, err, source.CodeCredentials, words)
	}
	cfg := good
	tries := 0
	cfg.Password = func(context.Context) (source.Secret, error) {
		tries++
		return source.NewSecret("not the password"), nil
	}
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeCredentials, "wrong (52e)")
	if tries != 1 {
		t.Errorf("the password was asked for %d times", tries)
	}

	cfg = good
	cfg.Connection.CAFile = ""
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "authority that is not trusted")
	cfg = good
	cfg.Connection.TLSServerName = "dc9.example"
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "dc9.example", liveEnv(t, "TLS_NAME"))
	cfg = good
	cfg.Connection.URL = liveEnv(t, "STARTTLS_URL")
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUsage, "in clear", "add starttls")
}
