package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

var (
	_ source.Directory = (*Directory)(nil)
	_ source.OULister  = (*Directory)(nil)
)

// write puts an export into a file whose extension tells nothing.
func write(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export.txt")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, kind source.Kind, path string) *Directory {
	t.Helper()
	d, err := Open(context.Background(), source.ExportOf(kind, path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func collect(d *Directory, scope source.Scope) ([]source.User, error) {
	var users []source.User
	for u, err := range d.Users(context.Background(), scope) {
		if err != nil {
			return users, err
		}
		users = append(users, u)
	}
	return users, nil
}

// read opens an export and reads all of it; the error is of either step.
func read(path string, kind source.Kind) ([]source.User, error) {
	d, err := Open(context.Background(), source.ExportOf(kind, path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return collect(d, source.Scope{})
}

// mustRead reads an export of which nothing is wrong.
func mustRead(t testing.TB, kind source.Kind, content string) []source.User {
	t.Helper()
	users, err := read(write(t, content), kind)
	if err != nil {
		t.Fatalf("%v\n%s", err, content)
	}
	return users
}

// checkRefused expects an error of the code that says all of the words, and a
// hint.
func checkRefused(t *testing.T, err error, code source.Code, words ...string) {
	t.Helper()
	if source.CodeOf(err) != code {
		t.Fatalf("got error %v of code %q, want %q", err, source.CodeOf(err), code)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

const contoso = "../../../testdata/contoso/"

func TestContosoUsers(t *testing.T) {
	ad, err := read(contoso+"ad.ldif", source.AD)
	if err != nil {
		t.Fatal(err)
	}
	m365, err := read(contoso+"m365.json", source.M365)
	if err != nil {
		t.Fatal(err)
	}
	if len(ad) != 68 || len(m365) != 70 {
		t.Errorf("got %d and %d users, want 68 and 70", len(ad), len(m365))
	}
	byName := map[string]source.User{}
	for _, u := range append(ad, m365...) {
		if len(u.ID) != 36 || u.ID != strings.ToLower(u.ID) {
			t.Errorf("%s has the id %q", u.DisplayName, u.ID)
		}
		byName[string(u.Kind)+" "+u.DisplayName] = u
	}
	check := func(name string, ok func(source.User) bool) {
		t.Helper()
		if u, found := byName[name]; !found || !ok(u) {
			t.Errorf("%s: found %v: %+v", name, found, u)
		}
	}
	check("ad Ngozi Eze", func(u source.User) bool { return u.Email == "ngozi.eze@contoso.example" && len(u.Addresses) == 3 })
	check("ad Mallory \x1b[2JGrey", func(u source.User) bool { return u.Enabled == source.Yes && u.EmployeeID == "C1048" })
	check("ad Haruka  Mori", func(u source.User) bool { return u.OU() == "OU=Osaka,OU=Staff,DC=corp,DC=contoso,DC=example" })
	check("ad Natalia Ivanova", func(u source.User) bool { return u.Enabled == source.No })
	check("ad Isabella Romano", func(u source.User) bool { return u.Username == "iromano" })
	check("ad Viktor Lindgren", func(u source.User) bool { return u.AccountExpires.Year() == 2027 && !u.PasswordLastSet.IsZero() })
	check("ad 田中 有希", func(u source.User) bool {
		return u.SID == "S-1-5-21-2894753210-1837465029-3745619283-1124" && u.AccountExpires.IsZero()
	})
	check("m365 Trent \u202eOsman\u202c", func(u source.User) bool { return u.HasMailbox() })
	check("m365 Carla Ricci", func(u source.User) bool { return u.Guest && !u.HasMailbox() })
	check("m365 Gemma Frost", func(u source.User) bool { return u.Exchange == source.No && u.Licensed == source.Yes })
	check("m365 佐藤 健", func(u source.User) bool { return u.ImmutableID != "" && u.Synced == source.No })
	for _, name := range []string{"LON-WS-0142$", "Patricia Lowe", "All Staff"} {
		if u, found := byName["ad "+name]; found {
			t.Errorf("taken for a user: %+v", u)
		}
	}
}

func TestContosoOUs(t *testing.T) {
	d := open(t, source.AD, contoso+"ad.ldif")
	tree, err := d.Tree(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	users, err := collect(d, source.Scope{Brief: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range source.NewOUIndex(tree).CountUsers(slices.Values(users)) {
		if !o.Hidden {
			got = append(got, fmt.Sprintf("%s %d %d", o.Path, o.Users, o.UsersBelow))
		}
		if o.ID == "" {
			t.Errorf("%s has no id", o.DN)
		}
	}
	const domain = "corp.contoso.example/"
	want := []string{
		domain + "Contractors 4 0",
		domain + "Leavers 2 0",
		domain + "Resources 1 0",
		domain + "Service Accounts 2 0",
		domain + "Staff 0 50",
		domain + `Staff/Finance, Legal\/HR 10 0`,
		domain + "Staff/London 2 18",
		domain + "Staff/London/Engineering 9 0",
		domain + "Staff/London/Sales 7 2",
		domain + "Staff/London/Sales/Field 2 0",
		domain + "Staff/Osaka 4 0",
		domain + "Staff/Support 10 0",
		domain + "Staff/São Paulo 6 0",
		domain + "Users 4 0",
		domain + "Warehouse 5 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	info, err := d.Info(context.Background())
	want2 := source.Info{
		Kind: source.AD, ID: "S-1-5-21-2894753210-1837465029-3745619283",
		Name: "corp.contoso.example", Server: contoso + "ad.ldif", AsOf: info.AsOf,
	}
	if info.AsOf.IsZero() {
		t.Error("nobody knows how old the export is")
	}
	if err != nil || !reflect.DeepEqual(info, want2) {
		t.Errorf("got %+v, %v; want %+v", info, err, want2)
	}
}

func TestScope(t *testing.T) {
	d := open(t, source.AD, contoso+"ad.ldif")
	const domain = "DC=corp,DC=contoso,DC=example"
	tests := []struct {
		name  string
		scope source.Scope
		want  int
	}{
		{"all", source.Scope{}, 68},
		{"domain", source.Scope{Base: domain}, 68},
		{"an OU and what is below, in another spelling", source.Scope{Base: "ou=LONDON, ou=staff," + domain}, 20},
		{"a name that needs an escape", source.Scope{Base: `OU=Finance\2C Legal/HR,OU=Staff,` + domain}, 10},
		{"an OU without users", source.Scope{Base: "OU=Interns 2027," + domain}, 0},
		{"the first", source.Scope{Limit: 3}, 3},
		{"the first below", source.Scope{Base: "OU=Osaka,OU=Staff," + domain, Limit: 2}, 2},
	}
	for _, tt := range tests {
		users, err := collect(d, tt.scope)
		if err != nil || len(users) != tt.want {
			t.Errorf("%s: %d users, %v; want %d", tt.name, len(users), err, tt.want)
		}
	}
	_, err := collect(d, source.Scope{Base: "OU=Nowhere," + domain})
	checkRefused(t, err, source.CodeNotFound, "OU=Nowhere")

	brief, err := collect(d, source.Scope{Brief: true, Limit: 1})
	want := []source.User{{Kind: source.AD, ID: "e0dbb2f9-46c6-5086-8c3b-44a2613bdd06", DN: "CN=Administrator,CN=Users," + domain, Critical: true}}
	if err != nil || !reflect.DeepEqual(brief, want) {
		t.Errorf("brief: %+v, %v", brief, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	csv := write(t, "objectGUID,sAMAccountName,displayName,enabled\n")
	tests := []struct {
		name  string
		conn  source.Connection
		code  source.Code
		words []string
	}{
		{"no file", source.Connection{Kind: source.AD}, source.CodeUsage, nil},
		{"standard input", source.ExportOf(source.AD, "-"), source.CodeUsage, nil},
		{"no kind", source.ExportOf("", csv), source.CodeUsage, nil},
		{"missing file", source.ExportOf(source.AD, csv+".gone"), source.CodeUnreachable, []string{"export.txt.gone"}},
		{"a folder", source.ExportOf(source.AD, t.TempDir()), source.CodeUsage, []string{"regular file"}},
		{"empty", source.ExportOf(source.AD, write(t, "")), source.CodeIncomplete, []string{"empty"}},
		{"a web page", source.ExportOf(source.M365, write(t, "<!DOCTYPE html>\n<p>dn: x</p>")), source.CodeUsage, []string{"export.txt"}},
		{"LDIF of m365", source.ExportOf(source.M365, contoso+"ad.ldif"), source.CodeUsage, []string{"an export of Active Directory, not of Microsoft 365"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(context.Background(), tt.conn)
			checkRefused(t, err, tt.code, tt.words...)
		})
	}
	_, err := Open(context.Background(), source.ExportOf(source.AD, write(t, "hunter2\n")))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error tells what a file that is no export holds: %v", err)
	}
}

func TestEndsWithTheContext(t *testing.T) {
	d := open(t, source.M365, contoso+"m365.json")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range d.Users(ctx, source.Scope{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := d.Info(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Info: %v", err)
	}
}

func TestFileThatChangesWhileRead(t *testing.T) {
	content := string(mustFile(t, contoso+"ad.ldif"))
	path := write(t, content)
	d := open(t, source.AD, path)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("dn: CN=x\n\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = collect(d, source.Scope{})
	checkRefused(t, err, source.CodeIncomplete, "changed")
	if source.IsPermanent(err) {
		t.Error("who writes it now will be done")
	}
}

func mustFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRecordLongerThanTheBound(t *testing.T) {
	huge := strings.Repeat("x", 4*bufferSize)
	for name, content := range map[string]string{
		"ldif": "dn: CN=a,DC=x\ndescription: " + huge + "\n\n",
		"json": `[{"id":"` + huge + `"}]`,
		"csv":  "objectGUID,sAMAccountName,displayName,enabled\n\"" + huge + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, source.AD, write(t, content))
			d.in.limit = bufferSize
			_, err := collect(d, source.Scope{})
			checkRefused(t, err, source.CodeIncomplete, "longer than")
		})
	}
}

// one AD user and one mailbox, as parts of small exports.
const (
	guidA  = "2db12bdb-8012-4757-a79a-75407062ad38"
	guidA6 = "2yuxLRKAV0enmnVAcGKtOA=="
	guidAX = "X'db2bb12d12805747a79a75407062ad38'"
	guidB  = "3db12bdb-8012-4757-a79a-75407062ad38"
	guidB6 = "2yuxPRKAV0enmnVAcGKtOA=="
	guidC  = "4db12bdb-8012-4757-a79a-75407062ad38"
)

// cutting holds a small export of every format, and where a cut of it cannot be
// seen: right behind a record.
var cutting = []struct {
	name     string
	kind     source.Kind
	content  string
	boundary func(before, after string) bool
}{
	{"ldifde", source.AD, strings.ReplaceAll(twoUsers, "\ndisplay", "\nchangetype: add\ndisplay"), ldifBoundary},
	{"ldapsearch", source.AD, "# extended LDIF\n#\n# LDAPv3\n#\n\n# a, x\n" + twoUsers + "# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: 3\n# numEntries: 2\n",
		func(before, _ string) bool {
			return strings.Contains(before, "# numResponses: 3\n") || !strings.Contains(before, "LDAPv3\n")
		}},
	{"ldbsearch", source.AD, "# record 1\n" + twoUsers + "# returned 2 records\n# 2 entries\n# 0 referrals\n",
		func(before, _ string) bool { return strings.Contains(before, "# returned 2 records\n") }},
	{"csv", source.AD, "objectGUID,sAMAccountName,displayName,mail,enabled\n" +
		guidA + ",a,\"Ann, A\",a@x.example,True\n" + guidB + ",b,Bob,b@x.example,False\n", lineBoundary},
	{"csv, last column free text", source.AD, "objectGUID,sAMAccountName,displayName,enabled,mail\r\n" +
		guidA + ",a,Ann,True,a@x.example\r\n" + guidB + ",b,Bob,False,b@x.example\r\n", lineBoundary},
	{"Export-Csv", source.AD, "#TYPE Microsoft.ActiveDirectory.Management.ADUser\r\n\"ObjectGUID\",\"SamAccountName\",\"displayName\",\"Enabled\"\r\n\"" +
		guidA + "\",\"a\",\"Ann\"\"A\",\"True\"\r\n\"" + guidB + "\",\"b\",\"Bob\nB\",\"False\"\r\n", lineBoundary},
	{"AD JSON", source.AD, `[{"objectGUID":"` + guidA + `","enabled":true,"displayName":"A\"{["},` + "\n" + `{"objectGUID":"` + guidB + `","enabled":false}]` + "\n", never},
	{"AD JSON lines", source.AD, `{"objectGUID":"` + guidA + `","enabled":true}` + "\n" + `{"objectGUID":"` + guidB + `","enabled":false}` + "\n", objectBoundary},
	{"page", source.M365, `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[{"id":"` + guidA + `","mail":"a@x"},{"id":"` + guidB + `"}]}` + "\n", never},
	{"pages", source.M365, `{"@odata.nextLink":"https://graph.microsoft.com/next","value":[{"id":"` + guidA + `","mail":"a@x"}]}` + "\n" + `{"value":[{"id":"` + guidB + `"}]}`, never},
	{"array of pages", source.M365, `[{"@odata.nextLink":"https://graph.microsoft.com/next","value":[{"id":"` + guidA + `","mail":"a@x"}]},` + "\n" + `{"value":[{"id":"` + guidB + `"}]}]`, never},
	{"array of users", source.M365, `[{"id":"` + guidA + `","mail":"a@x","businessPhones":["1"]},{"id":"` + guidB + `"}]`, never},
	{"JSON lines", source.M365, `{"id":"` + guidA + `","mail":"a@x","displayName":"\\"}` + "\n" + `{"id":"` + guidB + `"}` + "\n", objectBoundary},
	{"Get-MgUser", source.M365, "\"Id\",\"DisplayName\",\"Mail\",\"UserPrincipalName\"\r\n\"" + guidA + "\",\"Ann\",\"a@x\",\"a@x\"\r\n\"" + guidB + "\",\"Bob\",\"\",\"b@x\"\r\n", lineBoundary},
}

const twoUsers = "dn: CN=a,DC=x\ndisplayName: Ann with a long name that is\n  folded\nobjectGUID:: " + guidA6 + "\nuserAccountControl: 512\nmail: a@x.example\n\n" +
	"dn:: Q049YixEQz14\ndisplayName: Bob\nobjectGUID:: " + guidB6 + "\nuserAccountControl: 514\nmail: b@x.example\n\n"

func ldifBoundary(before, after string) bool {
	return strings.HasSuffix(before, "\n\n") || strings.HasSuffix(before, "\n") && strings.HasPrefix(after, "\n") || !strings.Contains(before, "dn")
}
func lineBoundary(before, _ string) bool { return strings.HasSuffix(before, "\n") }
func objectBoundary(before, _ string) bool {
	return strings.HasSuffix(strings.TrimSpace(before), "}")
}
func never(string, string) bool { return false }

// Without closing lines and changetype, as ldapsearch -LLL writes, a cut between
// two lines shows once there are enough records to compare the last one with.
func TestCutLDIFWithoutClosingLines(t *testing.T) {
	var whole strings.Builder
	var starts []int
	for i := range 12 {
		starts = append(starts, whole.Len())
		fmt.Fprintf(&whole, "dn: CN=u%d,DC=x\nobjectGUID: %08d-8012-4757-a79a-75407062ad38\nuserAccountControl: 512\nmail: u%d@x.example\n\n", i, i, i)
	}
	path := filepath.Join(t.TempDir(), "cut")
	for n := starts[10] + 1; n < starts[11]-2; n++ {
		if err := os.WriteFile(path, []byte(whole.String()[:n]), 0o600); err != nil {
			t.Fatal(err)
		}
		if users, err := read(path, source.AD); source.CodeOf(err) != source.CodeIncomplete {
			t.Errorf("cut at byte %d: %d users, %v", n, len(users), err)
		}
	}
}

// A cut file is an error wherever it is cut, but right behind a record; and
// even there no user is read otherwise than it was.
func TestCutAtEveryByte(t *testing.T) {
	for _, tt := range cutting {
		t.Run(tt.name, func(t *testing.T) {
			whole := mustRead(t, tt.kind, tt.content)
			if len(whole) != 2 {
				t.Fatalf("%d users in the whole file", len(whole))
			}
			path := filepath.Join(t.TempDir(), "cut")
			for n := range len(tt.content) {
				if err := os.WriteFile(path, []byte(tt.content[:n]), 0o600); err != nil {
					t.Fatal(err)
				}
				users, err := read(path, tt.kind)
				switch before, after := tt.content[:n], tt.content[n:]; {
				case err != nil && source.CodeOf(err) == "":
					t.Errorf("cut at byte %d: an error without code: %v", n, err)
				case err == nil && len(users) < len(whole) && !tt.boundary(before, after):
					t.Errorf("cut at byte %d: %d users and no error: …%q", n, len(users), before[max(0, n-40):])
				}
				for i, u := range users {
					if err == nil && !reflect.DeepEqual(u, whole[i]) {
						t.Errorf("cut at byte %d: read %+v, want %+v", n, u, whole[i])
					}
				}
			}
		})
	}
}
