package file

import (
	"context"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"

	"github.com/qpimport/qpimport/pkg/source"
)

func TestADCSV(t *testing.T) {
	tests := []struct {
		name, content string
		want          []source.User
	}{
		{"csvde: all objects, bytes in hex, lists with semicolons",
			"DN,objectClass,objectGUID,objectSid,displayName,userAccountControl,sAMAccountName,proxyAddresses,sAMAccountType,pwdLastSet\r\n" +
				`"OU=Staff,DC=x",organizationalUnit,` + strings.Replace(guidAX, "38'", "39'", 1) + ",,,,,,,\r\n" +
				`"CN=Ann,OU=Staff,DC=x",user,` + guidAX + `,X'010500000000000515000000010000000200000003000000 4f040000',X'C3856e6e',514,ann,smtp:a@x.example;SMTP:ann@x.example;X500:/o=x/cn=a,805306368,0` + "\r\n",
			[]source.User{{Kind: source.AD, ID: guidA, DN: "CN=Ann,OU=Staff,DC=x", Username: "ann", DisplayName: "Ånn", Enabled: source.No,
				SID: "S-1-5-21-1-2-3-1103", Email: "ann@x.example", Addresses: []string{"smtp:a@x.example", "SMTP:ann@x.example", "X500:/o=x/cn=a"}}}},
		{"Get-ADUser: names of its own",
			"#TYPE Microsoft.ActiveDirectory.Management.ADUser\r\n" +
				`"DistinguishedName","DisplayName","EmailAddress","Enabled","GivenName","Name","ObjectClass","ObjectGUID","SamAccountName","SID","Surname","UserPrincipalName","OfficePhone","proxyAddresses"` + "\r\n" +
				`"CN=Ann Lee,DC=x","Ann ""A"" Lee","ann@x.example","True","Ann","Ann Lee","user","` + guidA + `","ann","S-1-5-21-1-2-3-1103","Lee","ann@x.example","+1","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection"` + "\r\n",
			[]source.User{{Kind: source.AD, ID: guidA, DN: "CN=Ann Lee,DC=x", Username: "ann", UPN: "ann@x.example", DisplayName: `Ann "A" Lee`, GivenName: "Ann",
				Surname: "Lee", Email: "ann@x.example", Phone: "+1", Enabled: source.Yes, SID: "S-1-5-21-1-2-3-1103"}}},
		{"a list without DNs",
			"objectGUID,mS-DS-ConsistencyGuid,objectSid,sAMAccountName,userPrincipalName,displayName,givenName,sn,initials,mail,proxyAddresses,employeeID,department,title,company,telephoneNumber,mobile,enabled\n" +
				guidA + "," + guidB + `,S-1-5-21-1-2-3-1103,ann,ann@x.local,"Lee, Ann",Ann,Lee,B,,SMTP:ann@x.example;smtp:a+b@x.example,007,Sales,Clerk,X,1,2,False` + "\n",
			[]source.User{{Kind: source.AD, ID: guidA, ConsistencyGUID: guidB, SID: "S-1-5-21-1-2-3-1103", Username: "ann", UPN: "ann@x.local", DisplayName: "Lee, Ann",
				GivenName: "Ann", Surname: "Lee", Initials: "B", Email: "ann@x.example", Addresses: []string{"SMTP:ann@x.example", "smtp:a+b@x.example"}, EmployeeID: "007",
				Department: "Sales", Title: "Clerk", Company: "X", Phone: "1", Mobile: "2", Enabled: source.No}}},
		{"semicolons, sep=, spaces in names, empty rows", "sep=;\r\nObject GUID; SAM Account Name;Display_Name;ENABLED;x\r\n" + guidA + ";ann;Ann;TRUE;\r\n;;;;\r\n",
			[]source.User{{Kind: source.AD, ID: guidA, Username: "ann", DisplayName: "Ann", Enabled: source.Yes}}},
		{"line ends of old Macs", "objectGUID,sAMAccountName,displayName,userAccountControl\r" + guidA + ",ann,Ann,512\r",
			[]source.User{{Kind: source.AD, ID: guidA, Username: "ann", DisplayName: "Ann", Enabled: source.Yes}}},
		{"tabs", "objectGUID\tsAMAccountName\tdisplayName\tuserAccountControl\n" + guidA + "\tann\tLee, Ann\t512\n",
			[]source.User{{Kind: source.AD, ID: guidA, Username: "ann", DisplayName: "Lee, Ann", Enabled: source.Yes}}},
		{"nobody", "objectGUID,sAMAccountName,displayName,enabled\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			content := strings.ReplaceAll(tt.content, "000000 4f", "0000004f")
			if got := mustRead(t, source.AD, content); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestCSVEncodings(t *testing.T) {
	const content = "objectGUID;sAMAccountName;displayName;enabled\r\n" + guidA + ";ann;Zoë Müller – €;True\r\n"
	windows, err := charmap.Windows1252.NewEncoder().String(content)
	if err != nil {
		t.Fatal(err)
	}
	for name, encoded := range map[string]string{
		"UTF-8": content, "UTF-8 with a mark": "\ufeff" + content, "Windows-1252": windows,
		"UTF-16LE": encodeUTF16("\ufeff"+content, true), "UTF-16BE": encodeUTF16("\ufeff"+content, false), "UTF-16 without a mark": encodeUTF16(content, true),
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, encoded)
			users, err := read(path, source.AD)
			if err != nil || len(users) != 1 || users[0].DisplayName != "Zoë Müller – €" {
				t.Errorf("got %+v, %v", users, err)
			}
			info, err := open(t, source.AD, path).Info(context.Background())
			if noted := strings.Contains(strings.Join(info.Notes, " "), "read as windows-1252"); err != nil || noted != (name == "Windows-1252") {
				t.Errorf("notes %q, %v", info.Notes, err)
			}
		})
	}
	_, err = read(write(t, encodeUTF16("\ufeff"+content, true)+"x"), source.AD)
	checkRefused(t, err, source.CodeIncomplete, "UTF-16")
}

// A character of several bytes may lie across two reads of the check.
func TestLongUTF8IsNotTakenForWindows1252(t *testing.T) {
	var b strings.Builder
	b.WriteString("objectGUID,sAMAccountName,enabled,displayName\n" + guidA + ",ann,True,x")
	b.WriteString(strings.Repeat("田", bufferSize))
	b.WriteString("\n")
	users := mustRead(t, source.AD, b.String())
	if len(users) != 1 || users[0].DisplayName != "x"+strings.Repeat("田", bufferSize) {
		t.Error("the name was damaged")
	}
}

func TestM365CSV(t *testing.T) {
	tests := []struct {
		name, content string
		want          []source.User
	}{
		{"Get-MgUser: lists are lost",
			`"AccountEnabled","AssignedLicenses","AssignedPlans","DisplayName","GivenName","Id","Mail","OnPremisesImmutableId","OnPremisesSyncEnabled","ProxyAddresses","Surname","UserPrincipalName","UserType","BusinessPhones"` + "\r\n" +
				`"True","Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedLicense[]","Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedPlan[]","Ann Lee","Ann","` + strings.ToUpper(guidA) + `","ann@x.example","` + guidA6 + `","","System.String[]","Lee","ann@x.example","Member","System.String[]"` + "\r\n",
			[]source.User{{Kind: source.M365, ID: guidA, Username: "ann@x.example", UPN: "ann@x.example", DisplayName: "Ann Lee", GivenName: "Ann", Surname: "Lee",
				Email: "ann@x.example", ImmutableID: guidA6, Enabled: source.Yes}}},
		{"the admin centre: other names, no mail column",
			"Block credential,Department,DirSyncEnabled,Display name,First name,Last name,Licenses,Object Id,Phone number,Proxy addresses,Soft deletion time stamp,Title,User principal name,Last password change time stamp\n" +
				"False,Sales,True,Ann Lee,Ann,Lee,Exchange Online (Plan 1)+Teams," + guidA + ",+1,smtp:a@x.example+SMTP:ann+lee@x.example,,Clerk,ann@x.example,2026-03-01 09:30:00Z\n" +
				"True,,,Info,,,Unlicensed," + guidB + ",,SMTP:info@x.example,,,info@x.example,\n" +
				"True,,,Gone,,,Unlicensed," + guidC + ",,SMTP:gone@x.example,2026-10-01 10:00:00Z,,gone@x.example,\n",
			[]source.User{
				{Kind: source.M365, ID: guidA, Username: "ann@x.example", UPN: "ann@x.example", DisplayName: "Ann Lee", GivenName: "Ann", Surname: "Lee", Department: "Sales", Title: "Clerk",
					Phone: "+1", Email: "ann+lee@x.example", Addresses: []string{"smtp:a@x.example", "SMTP:ann+lee@x.example"}, Enabled: source.Yes, Synced: source.Yes, Licensed: source.Yes,
					Licences: []string{"Exchange Online (Plan 1)", "Teams"}, PasswordLastSet: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)},
				{Kind: source.M365, ID: guidB, Username: "info@x.example", UPN: "info@x.example", DisplayName: "Info", Email: "info@x.example", Addresses: []string{"SMTP:info@x.example"},
					Enabled: source.No, Licensed: source.No},
				{Kind: source.M365, ID: guidC, Username: "gone@x.example", UPN: "gone@x.example", DisplayName: "Gone", Email: "gone@x.example", Addresses: []string{"SMTP:gone@x.example"},
					Enabled: source.No, Licensed: source.No, NotPerson: source.SkipDeleted},
			}},
		{"two primary addresses are none", "Object Id,Display name,User principal name,Proxy addresses\n" + guidA + ",A,a@x,SMTP:a@x+SMTP:b@x\n" + guidB + ",B,b@x,smtp:b@x\n",
			[]source.User{{Kind: source.M365, ID: guidA, Username: "a@x", UPN: "a@x", DisplayName: "A", Addresses: []string{"SMTP:a@x", "SMTP:b@x"}},
				{Kind: source.M365, ID: guidB, Username: "b@x", UPN: "b@x", DisplayName: "B", Email: "b@x", Addresses: []string{"smtp:b@x"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustRead(t, source.M365, tt.content); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
	info, err := open(t, source.M365, write(t, tests[0].content)).Info(context.Background())
	if err != nil || len(info.Notes) != 5 || !strings.Contains(strings.Join(info.Notes, " "), `"ProxyAddresses"`) {
		t.Errorf("notes %q, %v", info.Notes, err)
	}
}

func TestCSVRefused(t *testing.T) {
	const ad = "objectGUID,sAMAccountName,displayName,enabled\n"
	const m365 = "Id,UserPrincipalName,DisplayName,Mail,AccountEnabled\n"
	tests := []struct {
		name    string
		kind    source.Kind
		content string
		words   []string
	}{
		{"missing columns of AD", source.AD, "#TYPE x\nName,SamAccountName\nx,y\n", []string{":2:", "objectGUID, displayName, userAccountControl or Enabled"}},
		{"missing columns of m365", source.M365, "Display name,x\nx,y\n", []string{":1:", "Object Id or Id, User principal name, Mail or Proxy addresses"}},
		{"a distinguished name cut for the screen", source.AD, "DistinguishedName," + ad + "\"CN=Ann Lee,OU=Sta...\"," + guidA + ",a,A,True\n", []string{":2:", "is cut"}},
		{"too few fields", source.AD, ad + guidA + ",a,A,True\n" + guidB + ",b\n", []string{":3:", "2 fields"}},
		{"too many fields", source.AD, ad + guidA + ",a,Lee, Ann,True\n", []string{":2:", "5 fields"}},
		{"a stray quote", source.AD, ad + guidA + `,a,A "x",True` + "\n", []string{":2:", "damaged"}},
		{"no id", source.AD, ad + "\n,a,A,True\n", []string{":3:", "objectGUID"}},
		{"the header of another file", source.AD, ad + guidA + ",a,A,True\nId,UserPrincipalName,DisplayName,Mail\n", []string{":3:", "header of another file"}},
		{"the header of another file of m365", source.M365, m365 + guidA + ",a@x,A,a@x,True\nUser principal name,Display name,Object Id,Licenses,Proxy addresses\n", []string{":3:", "header of another file"}},
		{"an id that is none", source.AD, ad + "4711,a,A,True\n", []string{":2:", "objectGUID", "4711"}},
		{"an id that is lost", source.AD, ad + "System.Byte[],a,A,True\n", []string{":2:", "objectGUID"}},
		{"a translated truth value", source.AD, ad + guidA + ",a,A,ja\n", []string{":2:", "ja"}},
		{"no truth value", source.AD, ad + guidA + ",a,A,\n", []string{":2:", `"a"`, "userAccountControl"}},
		{"the same user twice", source.AD, ad + guidA + ",a,A,True\n" + guidA6 + ",b,B,True\n", []string{":3:", "line 2 "}},
		{"a column twice", source.AD, "objectGUID,sAMAccountName,displayName,enabled,displayname\n", []string{":1:", "twice"}},
		{"no id in m365", source.M365, m365 + ",a@x,A,a@x,True\n", []string{":2:", "no id"}},
		{"a translated truth value in m365", source.M365, m365 + guidA + ",a@x,A,a@x,oui\n", []string{":2:", "AccountEnabled", "oui"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(write(t, tt.content), tt.kind)
			checkRefused(t, err, source.CodeIncomplete, tt.words...)
		})
	}
}

func TestSplitAddresses(t *testing.T) {
	tests := map[string][]string{
		"SMTP:a@x;smtp:b@x":                    {"SMTP:a@x", "smtp:b@x"},
		"SMTP:a+b@x+smtp:c@x":                  {"SMTP:a+b@x", "smtp:c@x"},
		"SMTP:a@x, smtp:b@x, ":                 {"SMTP:a@x", "smtp:b@x"},
		"smtp:a@x SMTP:b@x":                    {"smtp:a@x", "SMTP:b@x"},
		"X400:C=US;A= ;P=x;O=y;S=Lee;SMTP:a@x": {"X400:C=US;A= ;P=x;O=y;S=Lee", "SMTP:a@x"},
		"X500:/o=A, B/cn=x|EUM:1;phone-ctx=2":  {"X500:/o=A, B/cn=x", "EUM:1;phone-ctx=2"},
		" ; ":                                  nil,
	}
	for cell, want := range tests {
		if got := splitAddresses(cell); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", cell, got, want)
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, tt := range cutting {
		if strings.Contains(tt.name, "sv") || tt.name == "Get-MgUser" {
			f.Add(tt.content, tt.kind == source.AD)
		}
	}
	f.Add("sep=;\nDN;objectGUID;displayName;sAMAccountName;userAccountControl\n\"CN=a,DC=x\";"+guidAX+";\"a\";b;512\n", true)
	f.Add("Object Id,Display name,User principal name,Proxy addresses,Licenses\n"+guidA+",A,a@x,SMTP:a@x+smtp:b@x,Unlicensed\n", false)
	list := people("Ann Lee", "Bob Öz")
	for _, tool := range tools() {
		if tool.csv {
			f.Add(tool.write(list, ";"), tool.kind == source.AD)
		}
	}
	path := write(f, "")
	f.Fuzz(func(t *testing.T, content string, ad bool) {
		kind := source.M365
		if ad {
			kind = source.AD
		}
		checkAnything(t, path, kind, "csv", content)
	})
}

// Marks are found however the text comes in.
func TestMarkRemover(t *testing.T) {
	const mark = "\ufeff"
	for in, want := range map[string]string{
		"": "", "a\n" + mark + "b\n" + mark: "a\nb\n", "a" + mark + "\n": "a" + mark + "\n", "\n\n" + mark + mark + "x": "\n\n" + mark + "x",
		"\n\xef\xbb": "\n\xef\xbb", strings.Repeat("x", 5000) + "\n" + mark + "y": strings.Repeat("x", 5000) + "\ny",
	} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in)), iotest.HalfReader(strings.NewReader(in))} {
			if got, err := io.ReadAll(transform.NewReader(r, markRemover{})); err != nil || string(got) != want {
				t.Errorf("%.40q: %.40q, %v", in, got, err)
			}
		}
	}
}

// What Get-ADUser says of passwords, groups and services, in CSV and in JSON.
func TestGetADUserGroups(t *testing.T) {
	const id = "2db12bdb-8012-4757-a79a-75407062ad38"
	want := source.User{
		Kind: source.AD, ID: id, DN: "CN=svc,OU=Staff,DC=corp,DC=example", Username: "svc", DisplayName: "Svc", Enabled: source.Yes,
		PasswordNeverExpires: true, PrimaryGroup: 513, AdminCount: true, SPN: "HTTP/a",
	}
	for name, content := range map[string]string{
		"CSV": `"DistinguishedName","ObjectGUID","SamAccountName","DisplayName","Enabled","PasswordNeverExpires","primaryGroupID","adminCount","ServicePrincipalNames"
"CN=svc,OU=Staff,DC=corp,DC=example","` + id + `","svc","Svc","True","True","513","1","HTTP/b;HTTP/a"
`,
		"JSON": `[{"DistinguishedName":"CN=svc,OU=Staff,DC=corp,DC=example","ObjectGUID":"` + id + `","SamAccountName":"svc","DisplayName":"Svc","Enabled":true,
"PasswordNeverExpires":true,"primaryGroupID":513,"adminCount":1,"ServicePrincipalNames":["HTTP/b","HTTP/a"]}]`,
		"JSON of collections": `[{"DistinguishedName":"CN=svc,OU=Staff,DC=corp,DC=example","ObjectGUID":"` + id + `","SamAccountName":"svc","DisplayName":"Svc","Enabled":true,
"PasswordNeverExpires":true,"primaryGroupID":513,"adminCount":1,"ServicePrincipalNames":{"Value":["HTTP/b","HTTP/a"]}}]`,
	} {
		if got := mustRead(t, source.AD, content); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
