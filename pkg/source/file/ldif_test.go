package file

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/qpimport/qpimport/pkg/source"
)

const user = "dn: CN=Ann,OU=Staff,DC=corp,DC=example\nobjectGUID:: " + guidA6 + "\nuserAccountControl: 512\nsAMAccountName: ann\n"

func TestLDIF(t *testing.T) {
	ann := source.User{Kind: source.AD, ID: guidA, DN: "CN=Ann,OU=Staff,DC=corp,DC=example", Username: "ann", Enabled: source.Yes}
	with := func(change func(*source.User)) source.User {
		u := ann
		change(&u)
		return u
	}
	tests := []struct {
		name, content string
		want          []source.User
	}{
		{"a version, a comment, several empty lines", "version: 1\n# it\n  is folded\n\n\n" + user + "\n\n", []source.User{ann}},
		{"CRLF", strings.ReplaceAll(user, "\n", "\r\n") + "\r\n", []source.User{ann}},
		{"a byte order mark", "\ufeff" + user + "\n", []source.User{ann}},
		{"names in other case", strings.NewReplacer("objectGUID", "OBJECTGUID", "dn:", "DN:", "sAM", "SAm").Replace(user) + "\n", []source.User{ann}},
		{"a folded value", user + "displayName: Ann\n  of\n  Green Gables\n\n", []source.User{with(func(u *source.User) { u.DisplayName = "Ann of Green Gables" })}},
		{"a last value that ends in a carriage return", user + "displayName:: QW5uDQ==\n\n", []source.User{with(func(u *source.User) { u.DisplayName = "Ann\r" })}},
		{"a comment inside", user + "# remark\ndisplayName: Ann\n\n", []source.User{with(func(u *source.User) { u.DisplayName = "Ann" })}},
		{"base64 with an escape sequence", user + "displayName:: QW5uG1sySg==\n\n", []source.User{with(func(u *source.User) { u.DisplayName = "Ann\x1b[2J" })}},
		{"bytes that are no UTF-8", user + "displayName:: /w==\n\n", []source.User{with(func(u *source.User) { u.DisplayName = "\xff" })}},
		{"an address list", user + "proxyAddresses: smtp:a@x.example\nproxyAddresses: SMTP:ann@x.example\n\n", []source.User{with(func(u *source.User) {
			u.Email, u.Addresses = "ann@x.example", []string{"smtp:a@x.example", "SMTP:ann@x.example"}
		})}},
		{"the whole range", user + "proxyAddresses;range=0-*: SMTP:ann@x.example\n\n", []source.User{with(func(u *source.User) {
			u.Email, u.Addresses = "ann@x.example", []string{"SMTP:ann@x.example"}
		})}},
		{"another language", user + "displayName;lang-fr: Anne\n\n", []source.User{ann}},
		{"GUID and SID as text", strings.Replace(user, ":: "+guidA6, ": "+guidA, 1) + "objectSid: S-1-5-21-1-2-3-1103\n\n", []source.User{with(func(u *source.User) { u.SID = "S-1-5-21-1-2-3-1103" })}},
		{"a value in a file that nobody needs", user + "jpegPhoto:< file:///etc/passwd\n\n", []source.User{ann}},
		{"the base64 of an attribute that nobody reads", user + "thumbnailPhoto:: not base64\n\n", []source.User{ann}},
		{"an anchor", user + "mS-DS-ConsistencyGuid:: " + guidB6 + "\n\n", []source.User{with(func(u *source.User) { u.ConsistencyGUID = guidB })}},
		{"a computer by its type", user + "sAMAccountType: 805306369\n\n", nil},
		{"a computer by its account control", strings.Replace(user, "512", "4096", 1) + "\n", nil},
		{"a computer by its class", strings.Replace(user, "userAccountControl: 512", "objectClass: user\nobjectClass: computer", 1) + "\n", nil},
		{"a group", strings.Replace(user, "userAccountControl: 512", "objectClass: group", 1) + "\n", nil},
		{"an object that may not be read", "dn: CN=secret,DC=x\n\n", nil},
		{"nobody", "version: 1\n", nil},
		{"a hand-written file without last empty line", user + "\n" + strings.Replace(user, guidA6, guidB6, 1), []source.User{ann, with(func(u *source.User) { u.ID = guidB })}},
		{"one hand-written record", user, []source.User{ann}},
		{"hand-written records that end differently", user + "\n" + strings.Replace(user, guidA6, guidB6, 1) + "description: x\n", []source.User{ann, with(func(u *source.User) { u.ID = guidB })}},
		{"a paged search", "version: 1\n\n# LDAPv3\n\n" + user + "\n# search result\n# pagedresults: estimate=2 cookie=MQA=\nversion: 1\n\n# LDAPv3\n\n" +
			strings.Replace(user, guidA6, guidB6, 1) + "\n# search reference\nref: ldap://corp.example/CN=Configuration\n\n# search result\n# pagedresults: cookie=\n\n# numResponses: 4\n# numEntries: 2\n",
			[]source.User{ann, with(func(u *source.User) { u.ID = guidB })}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustRead(t, source.AD, tt.content); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
	t.Run("UTF-16", func(t *testing.T) {
		content := "version: 1\n\n" + user + "displayName: Ånn 田\n\n"
		want := []source.User{with(func(u *source.User) { u.DisplayName = "Ånn 田" })}
		for _, little := range []bool{true, false} {
			for _, bom := range []string{"", "\ufeff"} {
				got := mustRead(t, source.AD, encodeUTF16(bom+content, little))
				if !reflect.DeepEqual(got, want) {
					t.Errorf("little-endian %v, mark %q: %+v", little, bom, got)
				}
			}
		}
	})
}

func encodeUTF16(s string, little bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if little {
			b = append(b, byte(u), byte(u>>8))
		} else {
			b = append(b, byte(u>>8), byte(u))
		}
	}
	return string(b)
}

func TestLDIFRefused(t *testing.T) {
	tests := []struct {
		name, content string
		code          source.Code
		line          string
		words         string
	}{
		{"a change", user + "\ndn: CN=Bob,DC=x\nchangetype: modify\nreplace: mail\nmail: b@x\n-\n\n", source.CodeUsage, ":7:", "changes"},
		{"a change without its type", user + "-\n\n", source.CodeUsage, ":5:", "changes"},
		{"another version", "version: 2\n\n" + user + "\n", source.CodeUsage, ":1:", "version"},
		{"no DN", user + "\nmail: x@y\n\n", source.CodeIncomplete, ":6:", "dn:"},
		{"two records run together", user + user + "\n", source.CodeIncomplete, ":5:", "second dn"},
		{"a line of nothing", user + "hello\n\n", source.CodeIncomplete, ":5:", "attribute name"},
		{"damaged base64", user + "displayName:: QW5\n\n", source.CodeIncomplete, ":5:", "base64"},
		{"no GUID", "version: 1\n" + strings.Replace(user, "objectGUID", "objectGuide", 1) + "\n", source.CodeIncomplete, ":2:", "objectGUID"},
		{"a short GUID", strings.Replace(user, guidA6, "2yux", 1) + "\n", source.CodeIncomplete, ":1:", "objectGUID"},
		{"no right to read the account control", strings.Replace(user, "userAccountControl: 512", "sAMAccountType: 805306368", 1) + "\n", source.CodeIncomplete, ":1:", "userAccountControl"},
		{"the same user twice", user + "\n" + user + "\n", source.CodeIncomplete, ":6:", "line 1 "},
		{"a part of the addresses", user + "proxyAddresses;range=0-1499: smtp:a@x\n\n", source.CodeIncomplete, ":5:", "part"},
		{"a value in a file", user + "displayName:< file:///etc/passwd\n\n", source.CodeUsage, ":5:", "another file"},
		{"a search that hit a limit", "# extended LDIF\n\n" + user + "\n# search result\nsearch: 2\nresult: 4 Size limit exceeded\n\n# numResponses: 2\n# numEntries: 1\n", source.CodeIncomplete, ":10:", "Size limit"},
		{"a search with fewer entries than it counts", "# extended LDIF\n\n" + user + "\n# search result\n\n# numResponses: 3\n# numEntries: 2\n", source.CodeIncomplete, ":11:", "counts 2"},
		{"a paged search that stopped", "# LDAPv3\n\n" + user + "\n# search result\n# pagedresults: cookie=MQA=\n\n# numResponses: 2\n# numEntries: 1\n", source.CodeIncomplete, ":", "last page"},
		{"one record of ldifde that nothing ends", strings.Replace(user, "\n", "\nchangetype: add\n", 1), source.CodeIncomplete, ":1:", "no empty line"},
		{"a name that nothing follows", "dn: CN=Ann,DC=x\n", source.CodeIncomplete, ":1:", "no empty line"},
		{"an endless name", "dn: CN=" + strings.Repeat("x", maxDN) + "\nmail: x\n\n", source.CodeIncomplete, ":1:", "distinguished name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(write(t, tt.content), source.AD)
			checkRefused(t, err, tt.code, "export.txt"+tt.line, tt.words)
		})
	}
}

// Whatever the text, a user that is read has an id, no id comes twice, an error
// has a code, and reading twice gives the same.
func FuzzLDIF(f *testing.F) {
	for _, s := range []string{user + "\n", twoUsers, "version: 1\r\n\r\ndn:: Q049YQ==\r\nobjectClass: domainDNS\r\nwellKnownObjects: B:32:A9D1CA15768811D1ADED00C04FD8D5CD:CN=U,DC=x\r\n\r\n",
		"# extended LDIF\n\n" + user + "\n# search result\nresult: 0 Success\n\n# numResponses: 2\n# numEntries: 1\n", "dn: \n -\n\n", "\xff\xfed\x00n\x00:\x00"} {
		f.Add(s)
	}
	path := write(f, "")
	f.Fuzz(func(t *testing.T, content string) { checkAnything(t, path, source.AD, "ldif", content) })
}

func checkAnything(t *testing.T, path string, kind source.Kind, format, content string) {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := openAs(context.Background(), kind, source.Export{File: path}, format)
	if err != nil {
		if source.CodeOf(err) == "" {
			t.Fatalf("an error without code: %v", err)
		}
		return
	}
	defer func() { _ = d.Close() }()
	users, err := collect(d, source.Scope{})
	if err != nil && source.CodeOf(err) == "" {
		t.Fatalf("an error without code: %v", err)
	}
	ids := map[string]bool{}
	for _, u := range users {
		if u.ID == "" || u.Kind != kind || ids[u.ID] {
			t.Fatalf("read %+v", u)
		}
		ids[u.ID] = true
	}
	again, errAgain := collect(d, source.Scope{})
	if !reflect.DeepEqual(users, again) || (err == nil) != (errAgain == nil) {
		t.Fatalf("read %d users, %v; then %d, %v", len(users), err, len(again), errAgain)
	}
	if kind == source.AD {
		tree, err := d.Tree(context.Background())
		if err == nil {
			source.NewOUIndex(tree).CountUsers(slices.Values(users))
		}
	}
	if _, err := d.Info(context.Background()); err != nil && source.CodeOf(err) == "" {
		t.Fatalf("Info: an error without code: %v", err)
	}
}

func decimal(b []byte) string { return strings.Trim(fmt.Sprint(b), "[]") }

// The test's own pairs of GUIDs in text and base64 agree.
func TestGUIDSpellings(t *testing.T) {
	for text, b64 := range map[string]string{guidA: guidA6, guidB: guidB6} {
		want, _ := base64.StdEncoding.DecodeString(b64)
		for _, spelled := range []string{text, strings.ToUpper(text), "{" + text + "}", " " + text, b64, decimal(want), strings.ToUpper(fmt.Sprintf("% x", want)[:2]) + strings.ReplaceAll(fmt.Sprintf("% x", want)[2:], " ", "-")} {
			got, err := guidBytes(spelled)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%q: % x, %v; want % x", spelled, got, err, want)
			}
		}
	}
	for _, bad := range []string{"", "2db12bdb", "2db12bdb80124757a79a75407062ad38", "2db12bdb-8012-4757-a79a-75407062ad3", "2db12bd-b8012-4757-a79a-75407062ad38", "zdb12bdb-8012-4757-a79a-75407062ad38"} {
		if got, err := guidBytes(bad); err == nil {
			t.Errorf("%q was read: % x", bad, got)
		}
	}
	for _, bad := range []string{"", "S-1", "S-2-5-21", "S-1-5-x", "S-1-5-4294967296", "S-1-5" + strings.Repeat("-1", 16), "AQ=="} {
		if got, err := sidBytes(bad); err == nil {
			t.Errorf("%q was read: % x", bad, got)
		}
	}
}
