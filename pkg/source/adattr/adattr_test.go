package adattr

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// sid is S-1-5-21-4019603412-3665403988-900524206-1103 as a domain controller sends it.
func sid() []byte {
	b := []byte{1, 5, 0, 0, 0, 0, 0, 5}
	for _, part := range []uint32{21, 4019603412, 3665403988, 900524206, 1103} {
		b = binary.LittleEndian.AppendUint32(b, part)
	}
	return b
}

func attributes() map[string][][]byte {
	text := func(v ...string) (out [][]byte) {
		for _, s := range v {
			out = append(out, []byte(s))
		}
		return out
	}
	return map[string][][]byte{
		"objectGUID":                 {unhex("db2bb12d12805747a79a75407062ad38")},
		"objectSid":                  {sid()},
		"ms-DS-ConsistencyGuid":      {unhex("00112233445566778899aabbccddeeff")},
		"sAMAccountName":             text("jdoe"),
		"userPrincipalName":          text("jdoe@corp.contoso.example"),
		"displayName":                text("Jo\xffhn\x00 Doe"),
		"givenName":                  text("John"),
		"sn":                         text("Doe"),
		"initials":                   text("Q"),
		"proxyAddresses":             text("smtp:jd@contoso.example", "SMTP:john.doe@contoso.example", "X500:/o=Contoso"),
		"mailNickname":               text("john.doe"),
		"employeeID":                 text("4711"),
		"department":                 text("Sales"),
		"title":                      text("Clerk"),
		"company":                    text("Contoso"),
		"telephoneNumber":            text("+1 555 0100"),
		"mobile":                     text("+1 555 0101"),
		"userAccountControl":         text("514"),
		"isCriticalSystemObject":     text("TRUE"),
		"pwdLastSet":                 text("133500000000000001"),
		"accountExpires":             text("9223372036854775807"),
		"msExchRecipientTypeDetails": text("34359738368"),
		"primaryGroupID":             text("512"),
		"adminCount":                 text("1"),
		"servicePrincipalName":       text("HTTP/intranet", "CIFS/files", "HTTP/intranet.contoso.example"),
	}
}

func TestFromAttributes(t *testing.T) {
	const dn = "CN=John Doe,OU=Staff,DC=corp,DC=contoso,DC=example"
	attrs := attributes()
	got, err := FromAttributes(dn, func(name string) [][]byte { return attrs[name] })
	if err != nil {
		t.Fatal(err)
	}
	want := source.User{
		Kind: source.AD, ID: "2db12bdb-8012-4757-a79a-75407062ad38", DN: dn,
		Username: "jdoe", UPN: "jdoe@corp.contoso.example", DisplayName: "Jo\xffhn\x00 Doe",
		GivenName: "John", Surname: "Doe", Initials: "Q", Email: "john.doe@contoso.example",
		Addresses: []string{"smtp:jd@contoso.example", "SMTP:john.doe@contoso.example", "X500:/o=Contoso"},
		Alias:     "john.doe", EmployeeID: "4711", Department: "Sales", Title: "Clerk", Company: "Contoso",
		Phone: "+1 555 0100", Mobile: "+1 555 0101", Enabled: source.No,
		SID:             "S-1-5-21-4019603412-3665403988-900524206-1103",
		ConsistencyGUID: "33221100-5544-7766-8899-aabbccddeeff", Critical: true, RecipientType: 34359738368,
		PrimaryGroup: 512, AdminCount: true, SPN: "CIFS/files",
		PasswordLastSet: time.Date(2024, 1, 17, 21, 20, 0, 100, time.UTC),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Every attribute is asked for that is read, but for those that only exports
// have: one that the list lacks would never arrive over LDAP.
func TestAttributeLists(t *testing.T) {
	asked := map[string]bool{}
	for _, a := range UserAttributes() {
		asked[a] = true
	}
	read := map[string]bool{}
	attrs := attributes()
	if _, err := FromAttributes("CN=x", func(name string) [][]byte { read[name] = true; return attrs[name] }); err != nil {
		t.Fatal(err)
	}
	for _, a := range ExportAttributes() {
		if !read[a] {
			t.Errorf("%s is listed and not read", a)
		}
		delete(read, a)
	}
	if !reflect.DeepEqual(asked, read) {
		t.Errorf("asked for %v\nbut read  %v", asked, read)
	}
	for _, a := range BriefAttributes() {
		if !asked[a] {
			t.Errorf("%s is in the brief list only", a)
		}
	}
}

func TestEmail(t *testing.T) {
	for name, c := range map[string]struct {
		mail    string
		proxies []string
		want    string
	}{
		"mail wins":             {"a@x.example", []string{"SMTP:b@x.example"}, "a@x.example"},
		"primary":               {"", []string{"smtp:c@x.example", "SMTP:b@x.example"}, "b@x.example"},
		"aliases alone":         {"", []string{"smtp:c@x.example", "Smtp:d@x.example"}, ""},
		"two primary addresses": {"", []string{"SMTP:b@x.example", "SMTP:c@x.example"}, ""},
		"nothing":               {"", nil, ""},
	} {
		attrs := map[string][][]byte{"objectGUID": {make([]byte, 16)}}
		if c.mail != "" {
			attrs["mail"] = [][]byte{[]byte(c.mail)}
		}
		for _, p := range c.proxies {
			attrs["proxyAddresses"] = append(attrs["proxyAddresses"], []byte(p))
		}
		u, err := FromAttributes("CN=x", func(name string) [][]byte { return attrs[name] })
		if err != nil || u.Email != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, u.Email, err, c.want)
		}
	}
}

func TestEnabled(t *testing.T) {
	for uac, want := range map[string]source.Flag{"": source.Unknown, "512": source.Yes, "66050": source.No, "-2147483646": source.No} {
		attrs := map[string][][]byte{"objectGUID": {make([]byte, 16)}}
		if uac != "" {
			attrs["userAccountControl"] = [][]byte{[]byte(uac)}
		}
		if u, err := FromAttributes("CN=x", func(name string) [][]byte { return attrs[name] }); err != nil || u.Enabled != want {
			t.Errorf("userAccountControl %q: got %v, %v, want %v", uac, u.Enabled, err, want)
		}
	}
}

// What the bits of userAccountControl, primaryGroupID and adminCount say of power and
// services.
func TestGroupAttributes(t *testing.T) {
	for name, c := range map[string]struct {
		attrs map[string]string
		want  source.User
	}{
		"nothing":                {nil, source.User{}},
		"an ordinary user":       {map[string]string{"primaryGroupID": "513", "adminCount": "0"}, source.User{PrimaryGroup: 513}},
		"a password that stays":  {map[string]string{"userAccountControl": "66048"}, source.User{Enabled: source.Yes, PasswordNeverExpires: true}},
		"another bit":            {map[string]string{"userAccountControl": "131584"}, source.User{Enabled: source.Yes}},
		"was or is an admin":     {map[string]string{"adminCount": "1"}, source.User{AdminCount: true}},
		"the largest of groups":  {map[string]string{"primaryGroupID": "4294967295"}, source.User{PrimaryGroup: 4294967295}},
		"a service, in any case": {map[string]string{"servicePrincipalName": "http/x"}, source.User{SPN: "http/x"}},
	} {
		c.want.Kind, c.want.DN, c.want.ID = source.AD, "CN=x", "00000000-0000-0000-0000-000000000000"
		got, err := FromAttributes("CN=x", func(name string) [][]byte {
			if name == "objectGUID" {
				return [][]byte{make([]byte, 16)}
			}
			if v, ok := c.attrs[name]; ok {
				return [][]byte{[]byte(v)}
			}
			return nil
		})
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// The order in which a server gives the values does not matter.
func TestServicePrincipalName(t *testing.T) {
	names := []string{"MSSQLSvc/db:1433", "HOST/a", "http/b"}
	for range names {
		names = append(names[1:], names[0])
		attrs := attributes()
		attrs["servicePrincipalName"] = nil
		for _, n := range names {
			attrs["servicePrincipalName"] = append(attrs["servicePrincipalName"], []byte(n))
		}
		if u, err := FromAttributes("CN=x", func(name string) [][]byte { return attrs[name] }); err != nil || u.SPN != "HOST/a" {
			t.Errorf("of %q: %q, %v", names, u.SPN, err)
		}
	}
}

// What is written as text comes back as it was, and nothing else does.
func TestBytes(t *testing.T) {
	for _, text := range []string{"S-1-5-32-544", "S-1-5-21-4019603412-3665403988-900524206-1103", "S-1-1-0"} {
		if b, err := SIDBytes(text); err != nil {
			t.Error(err)
		} else if again, err := SID(b); err != nil || again != text {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "S", "S-1", "S-2-5-32", "S-1-x", "S-1-5--1", "S-1-5-4294967296", "S-1-5-" + strings.Repeat("-1", 16)[1:], "544"} {
		if b, err := SIDBytes(text); err == nil {
			t.Errorf("%q is no SID, and became %x", text, b)
		}
	}
	const guid = "2db12bdb-8012-4757-a79a-75407062ad38"
	if b, err := GUIDBytes(guid); err != nil {
		t.Error(err)
	} else if again, err := GUID(b); err != nil || again != guid {
		t.Errorf("%s became %s, %v", guid, again, err)
	}
	for _, text := range []string{"", strings.ReplaceAll(guid, "-", ""), "{" + guid + "}", guid[1:], guid[:35] + "g", "2db12bdb8-012-4757-a79a-75407062ad38"} {
		if b, err := GUIDBytes(text); err == nil {
			t.Errorf("%q is no GUID, and became %x", text, b)
		}
	}
}

// A value that cannot be right is an error that names the object and the
// attribute, never a guess.
func TestDamagedValues(t *testing.T) {
	for attribute, values := range map[string][]string{
		"objectGUID":                 {"", "fifteen bytes!!", "seventeen bytes!!"},
		"objectSid":                  {"\x01", "\x01\xff" + strings.Repeat("\x00", 6), "\x02\x00\x00\x00\x00\x00\x00\x05"},
		"userAccountControl":         {"x", "0x200"},
		"msExchRecipientTypeDetails": {"1e3", "99999999999999999999"},
		"primaryGroupID":             {"x", "-1", "4294967296", "0x200"},
		"adminCount":                 {"x", "TRUE", "1.0"},
		"pwdLastSet":                 {"-1", "yesterday"},
		"accountExpires":             {"9223372036854775808"},
	} {
		for _, v := range values {
			attrs := attributes()
			attrs[attribute] = [][]byte{[]byte(v)}
			_, err := FromAttributes("CN=Jane", func(name string) [][]byte { return attrs[name] })
			var e *source.Error
			if !errors.As(err, &e) || e.Code != source.CodeIncomplete ||
				!strings.Contains(e.Error(), attribute) || !strings.Contains(e.Error(), "CN=Jane") || e.Hint == "" {
				t.Errorf("%s %q: %v", attribute, v, err)
			}
		}
	}
	attrs := attributes()
	delete(attrs, "objectGUID")
	if _, err := FromAttributes("CN=Jane", func(name string) [][]byte { return attrs[name] }); source.CodeOf(err) != source.CodeIncomplete {
		t.Errorf("no objectGUID: %v", err)
	}
	attrs = attributes()
	attrs["ms-DS-ConsistencyGuid"] = [][]byte{[]byte("4711")}
	if u, err := FromAttributes("CN=Jane", func(name string) [][]byte { return attrs[name] }); err != nil || u.ConsistencyGUID != "" {
		t.Errorf("an anchor of 4 bytes: %q, %v", u.ConsistencyGUID, err)
	}
}

func TestFileTime(t *testing.T) {
	for in, want := range map[string]time.Time{
		"":                    {},
		"0":                   {},
		"9223372036854775807": {},
		"9223372036854775800": {},
		"116444736000000000":  time.Unix(0, 0).UTC(),
		"2650467743999999999": time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC),
		"2650467744000000000": {},
	} {
		if got, err := FileTime(in); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
}

func TestParseWellKnown(t *testing.T) {
	guid, dn, err := ParseWellKnown("B:32:a9d1ca15768811d1aded00c04fd8d5cd:CN=Users,DC=x")
	if guid != "A9D1CA15768811D1ADED00C04FD8D5CD" || dn != "CN=Users,DC=x" || err != nil {
		t.Errorf("got %q %q %v", guid, dn, err)
	}
	for _, bad := range []string{"", "B:32:", "CN=Users,DC=x", "B:32:a9d1:CN=x", "B:32:zzd1ca15768811d1aded00c04fd8d5cd:CN=x", "B:32:a9d1ca15768811d1aded00c04fd8d5cd:"} {
		if _, _, err := ParseWellKnown(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestLeafClass(t *testing.T) {
	for _, c := range []struct {
		classes []string
		want    string
	}{
		{[]string{"top", "organizationalUnit"}, "organizationalUnit"},
		{[]string{"top", "container", "ORGANIZATIONALUNIT"}, "organizationalUnit"},
		{[]string{"domainDNS", "domain", "top"}, "domainDNS"},
		{[]string{"top", "builtinDomain"}, "builtinDomain"},
		{[]string{"top", "container", "msExchSystemObjectsContainer"}, "container"},
		{[]string{"top", "lostAndFound"}, "lostAndFound"},
		{nil, ""},
	} {
		if got := LeafClass(c.classes); got != c.want {
			t.Errorf("%v: got %q, want %q", c.classes, got, c.want)
		}
	}
}

func FuzzFromAttributes(f *testing.F) {
	f.Add(unhex("db2bb12d12805747a79a75407062ad38"), sid(), "512", "133500000000000000", "B:32:A9D1CA15768811D1ADED00C04FD8D5CD:CN=Users,DC=x")
	f.Add([]byte("short"), []byte{1, 255, 0, 0, 0, 0, 0, 5}, "-1", "9223372036854775807", "B:32:")
	dashed := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	f.Fuzz(func(t *testing.T, guid, sid []byte, uac, ft, wellKnown string) {
		attrs := map[string][][]byte{"objectGUID": {guid}, "objectSid": {sid}, "userAccountControl": {[]byte(uac)}, "pwdLastSet": {[]byte(ft)}}
		u, err := FromAttributes("CN=x", func(name string) [][]byte { return attrs[name] })
		switch {
		case err != nil && source.CodeOf(err) != source.CodeIncomplete:
			t.Errorf("an error without a code: %v", err)
		case err == nil && !dashed.MatchString(u.ID):
			t.Errorf("objectGUID %x gave %q", guid, u.ID)
		case err == nil && !u.PasswordLastSet.IsZero():
			if _, err := u.PasswordLastSet.MarshalJSON(); err != nil {
				t.Errorf("pwdLastSet %q cannot be stored: %v", ft, err)
			}
		}
		if g, dn, err := ParseWellKnown(wellKnown); err == nil && (len(g) != 32 || dn == "") {
			t.Errorf("%q gave %q %q", wellKnown, g, dn)
		}
	})
}

// The base64 of the raw bytes is what Microsoft 365 shows as onPremisesImmutableId.
func TestGUIDKeepsAllBytes(t *testing.T) {
	raw, err := base64.StdEncoding.DecodeString("2yuxLRKAV0enmnVAcGKtOA==")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := GUID(raw); got != "2db12bdb-8012-4757-a79a-75407062ad38" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNotAPerson(t *testing.T) {
	for _, c := range []struct {
		name, value, want string
	}{
		{"isDeleted", "TRUE", source.SkipDeleted},
		{"isDeleted", "FALSE", ""},
		{"isRecycled", "true", source.SkipDeleted},
		{"objectClass", "msDS-GroupManagedServiceAccount", source.SkipService},
		{"objectClass", "msDS-ManagedServiceAccount", source.SkipService},
		{"objectClass", "msDS-DelegatedManagedServiceAccount", source.SkipService},
		{"objectClass", "user", ""},
		{"sAMAccountType", "805306370", source.SkipTrust},
		{"sAMAccountType", "805306368", ""},
		{"userAccountControl", "2080", source.SkipTrust},
		{"userAccountControl", "512", ""},
	} {
		attrs := attributes()
		attrs[c.name] = [][]byte{[]byte("top"), []byte(c.value)}
		if c.name != "objectClass" {
			attrs[c.name] = attrs[c.name][1:]
		}
		u, err := FromAttributes("CN=x", func(name string) [][]byte { return attrs[name] })
		if err != nil || u.NotPerson != c.want {
			t.Errorf("%s %s: %q, %v; want %q", c.name, c.value, u.NotPerson, err, c.want)
		}
	}
}

func TestPrimaryAddress(t *testing.T) {
	for _, c := range []struct {
		addresses []string
		want      string
	}{
		{nil, ""},
		{[]string{"smtp:a@x", "SMTP:b@x"}, "b@x"},
		{[]string{"SMTP: b@x "}, "b@x"},
		{[]string{"SMTP:a@x", "SMTP:b@x"}, ""},
		{[]string{"Smtp:a@x", "X500:/o=x"}, "a@x"}, // a tool changed the case: there is no other
		{[]string{"smtp:a@x", "smtp:b@x"}, ""},
		{[]string{"X500:/o=x", "sip:a@x"}, ""},
	} {
		if got := PrimaryAddress(c.addresses); got != c.want {
			t.Errorf("%q: got %q, want %q", c.addresses, got, c.want)
		}
	}
	for in, want := range map[string]string{" a@x\t": "a@x", "SmTp: a@x": "a@x", "smtp:": "", "sip:a@x": "sip:a@x", "smt": "smt"} {
		if got := Address(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
