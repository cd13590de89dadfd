package file

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"github.com/qpimport/qpimport/pkg/source"
)

func notesOf(t *testing.T, kind source.Kind, content string) string {
	t.Helper()
	info, err := open(t, kind, write(t, content)).Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(info.Notes, "\n")
}

// What was guessed, lost or left out is said.
func TestNotes(t *testing.T) {
	const ad, m365 = "dn,objectGUID,sAMAccountName,displayName,mail,enabled,title\n", "Id,DisplayName,UserPrincipalName,Mail,AccountEnabled\n"
	adRow := func(id, name, rest string) string {
		return `"CN=x,DC=x",` + id + ",x," + name + ",a@x.example,True," + rest + "\n"
	}
	many := func(n int) string {
		var b strings.Builder
		b.WriteString(m365)
		for i := range n {
			fmt.Fprintf(&b, "5a5a0000-0000-4000-8000-%012x,Ann,a@x,a@x,True\n", i)
		}
		return b.String()
	}
	for _, tt := range []struct {
		name    string
		kind    source.Kind
		content string
		want    string // "" where nothing is to be said
	}{
		{"nothing", source.AD, ad + adRow(guidA, "Ann", "Clerk"), ""},
		{"question marks", source.AD, ad + adRow(guidA, "J?rg M?ller", "") + adRow(guidB, "???", ""), "2 names hold a question mark where a letter should be"},
		{"a replacement character", source.AD, ad + adRow(guidA, "J\ufffdrg", ""), "1 name holds a question mark"},
		{"a question that is no letter", source.AD, ad + adRow(guidA, "Ann (?)", ""), ""},
		{"a wrong encoding", source.AD, ad + adRow(guidA, "JÃ¶rg", ""), "1 name holds signs where a letter should be, such as \"JÃ¶rg\""},
		{"a real name with that letter", source.AD, ad + adRow(guidA, "JoÃO", ""), ""},
		{"rows that Excel shortened", source.AD, ad + strings.Replace(adRow(guidA, "Ann", ""), "True,\n", "True\n", 1), "1 row is without the last cells"},
		{"files joined", source.AD, ad + adRow(guidA, "Ann", "") + ad + adRow(guidB, "Bob", ""), "the header stands again in line 3"},
		{"a lost column", source.AD, ad + adRow(guidA, "Ann", "System.DirectoryServices.ResultPropertyValueCollection"), `column "title" is unknown`},
		{"a company of that name", source.AD, ad + adRow(guidA, "Ann", "System.Net GmbH"), ""},
		{"a login of that name", source.AD, ad + adRow(guidA, "System.Backup", "Microsoft.Admin"), ""},
		{"nobody with an address", source.AD, strings.ReplaceAll(ad+adRow(guidA, "Ann", ""), "a@x.example", ""), "nobody in the export has an e-mail address"},
		{"99 users", source.M365, many(99), "the export does not say who has a mailbox"},
		{"100 users", source.M365, many(100), "exactly 100 users"},
		{"1,000 users", source.M365, many(1000), "exactly 1000 users"},
		{"5,000 users", source.M365, many(5000), "exactly 5000 users"},
		{"some of whom it is not said", source.M365, m365 + guidA + ",A,a@x,a@x,True\n" + guidB + ",B,b@x,b@x,\n", "who may sign in, for 1 of 2 users"},
		{"nobody licensed", source.M365, `[{"id":"` + guidA + `","mail":"a@x","assignedPlans":[]},{"id":"` + guidB + `","assignedLicenses":[],"accountEnabled":true}]`, "nobody in the export has a licence"},
		{"plans that were cut", source.M365, `[{"id":"` + guidA + `","mail":"a@x","assignedPlans":["Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedPlan"],"accountEnabled":true}]`, `column "assignedPlans" is unknown`},
		{"members of a group", source.M365, `[{"@odata.type":"#microsoft.graph.user","id":"` + guidA + `","mail":"a@x","accountEnabled":true},{"@odata.type":"#microsoft.graph.group","id":"` + guidB + `","mail":"g@x"}]`, "1 objects that are no users are left out (group: 1)"},
		{"recipients of Exchange", source.M365, "ExternalDirectoryObjectId,DisplayName,UserPrincipalName,PrimarySmtpAddress,RecipientTypeDetails\n" + guidA + ",A,a@x,a@x,UserMailbox\n" + guidB + ",L,,l@x,MailUniversalDistributionGroup\n", "(MailUniversalDistributionGroup: 1)"},
		{"a mailbox without a user", source.M365, "ExternalDirectoryObjectId,Id,DisplayName,UserPrincipalName,PrimarySmtpAddress\n" + guidA + ",A,A,a@x,a@x\n,S,S,s@x,s@x\n", "(mailbox without a user in Entra ID: 1)"},
		{"a mailbox without a user in JSON", source.M365, `[{"ExternalDirectoryObjectId":"` + guidA + `","Id":"A","PrimarySmtpAddress":"a@x"},{"ExternalDirectoryObjectId":"","Id":"S","PrimarySmtpAddress":"s@x"}]`, "(mailbox without a user in Entra ID: 1)"},
		{"a list that was cut", source.M365, "Id,DisplayName,UserPrincipalName,Mail,ProxyAddresses\n" + guidA + `,A,a@x,a@x,"{SMTP:a@x, smtp:b@x...}"` + "\n", `column "ProxyAddresses" is unknown`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			notes := notesOf(t, tt.kind, tt.content)
			if !strings.Contains(notes, tt.want) || tt.want == "" && notes != "" {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

// People of another domain than the export's own are left out and counted.
func TestSeveralDomains(t *testing.T) {
	record := func(n int, dn, more string) string {
		return fmt.Sprintf("dn: %s\nobjectGUID: %08d-8012-4757-a79a-75407062ad38\nuserAccountControl: 512\nmail: u%d@x.example\n%s\n", dn, n, n, more)
	}
	ann := record(1, "CN=Ann,OU=Staff,DC=corp,DC=example", "")
	bert := record(2, "CN=Bert,OU=Staff,DC=emea,DC=corp,DC=example", "")
	cora := record(3, "CN=Cora,OU=Staff,DC=other,DC=test", "")
	dora := record(4, "CN=Dora,OU=Staff,DC=other,DC=test", "")
	domain := func(dn string) string {
		return "dn: " + dn + "\nobjectClass: domainDNS\nwellKnownObjects: B:32:A9D1CA15768811D1ADED00C04FD8D5CD:CN=Users," + dn + "\n\n"
	}
	for _, tt := range []struct{ name, content, root, users, note string }{
		{"one", ann, "DC=corp,DC=example", "CN=Ann", ""},
		{"of equals the one above", bert + ann + cora, "DC=corp,DC=example", "CN=Ann", "2 users of other domains are left out (emea.corp.example: 1, other.test: 1)"},
		{"of most users", ann + cora + dora, "DC=other,DC=test", "CN=Cora CN=Dora", "1 users of other domains are left out (corp.example: 1)"},
		{"that is in the export itself", domain("DC=corp,DC=example") + ann + cora + dora, "DC=corp,DC=example", "CN=Ann", "left out (other.test: 2)"},
		{"that has users", domain("DC=top,DC=example") + cora + dora, "DC=other,DC=test", "CN=Cora CN=Dora", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := open(t, source.AD, write(t, tt.content))
			users, err := collect(d, source.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, u := range users {
				name, _, _ := strings.Cut(u.DN, ",")
				names = append(names, name)
			}
			tree, err := d.Tree(context.Background())
			if err != nil || tree.Root != tt.root || strings.Join(names, " ") != tt.users {
				t.Errorf("users %v of %q, %v", names, tree.Root, err)
			}
			for _, c := range tree.Containers {
				if !strings.HasSuffix(c.DN, tt.root) {
					t.Errorf("the tree holds %q", c.DN)
				}
			}
			info, err := d.Info(context.Background())
			if notes := strings.Join(info.Notes, " "); err != nil || !strings.Contains(notes, tt.note) || tt.note == "" && notes != "" {
				t.Errorf("notes %q, %v", notes, err)
			}
		})
	}
}

// The encoding that a person names counts; where the text does not tell which it
// is, the file is refused with the two that it may be.
func TestNamedEncoding(t *testing.T) {
	text, err := charmap.Windows1250.NewEncoder().String("objectGUID,sAMAccountName,displayName,enabled\n" + guidA + ",a,Čech,True\n")
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, text)
	_, err = Open(context.Background(), source.ExportOf(source.AD, path))
	checkRefused(t, err, source.CodeUsage, `"Èech" if it is windows-1252 would be "Čech" if it is windows-1250`)
	if hint := hintOf(err); !strings.Contains(hint, "windows-1252 windows-1250") {
		t.Errorf("hint %q", hint)
	}
	for encoding, want := range map[string]string{"cp1252": "Èech", "1250": "Čech"} {
		conn := source.ExportOf(source.AD, path)
		conn.Encoding = encoding
		d, err := Open(context.Background(), conn)
		if err != nil {
			t.Fatal(err)
		}
		users, err := collect(d, source.Scope{})
		info, infoErr := d.Info(context.Background())
		if err != nil || infoErr != nil || len(users) != 1 || users[0].DisplayName != want || strings.Contains(strings.Join(info.Notes, " "), "UTF-8") {
			t.Errorf("%s: %+v, %v, notes %q, %v", encoding, users, err, info.Notes, infoErr)
		}
		_ = d.Close()
	}
	conn := source.ExportOf(source.AD, write(t, strings.Replace(text, "\xc8ech", "\x81", 1)))
	conn.Encoding = "windows-1252"
	_, err = Open(context.Background(), conn)
	checkRefused(t, err, source.CodeUsage, ":2:", "0x81", "windows-1252")
}

// What is no export is named by what it is.
func TestForeignFiles(t *testing.T) {
	for content, want := range map[string]string{
		"PK\x03\x04 [Content_Types].xml":                       "an Excel workbook (xlsx)",
		"PK\x03\x04 users.csv":                                 "a zip archive",
		"\xd0\xcf\x11\xe0\xa1":                                 "an old Excel workbook (xls)",
		"\x1f\x8b\x08":                                         "compressed (gzip)",
		"%PDF-1.7":                                             "a PDF",
		"SQLite format 3\x00":                                  "an SQLite database",
		"<Objs Version=\"1.1.0.1\">":                           "XML",
		"<!DOCTYPE html><p>":                                   "a web page",
		"\nName  Mail\n----  ----\nAnn   a@x\n":                "table for the screen (Format-Table)",
		"\nName : Ann\nMail : a@x\n":                           "list for the screen (Format-List)",
		"Get-ADUser : no\n  + CategoryInfo : x\n":              "an error message of PowerShell",
		"VERBOSE: x\n{\"id\":\"a\"}\n":                         "a warning stands before the data, which begin in line 2",
		"Käyttäjä;Nimi;Tunnus;Posti\na;b;c;d\n":                "it may be in another language",
		"All users\n\nId,DisplayName,UserPrincipalName,Mail\n": "a title or other text stands before the data, which begin in line 3",
	} {
		_, err := Open(context.Background(), source.ExportOf(source.M365, write(t, content)))
		checkRefused(t, err, source.CodeUsage, want)
		if err != nil && hintOf(err) == "" {
			t.Errorf("no hint: %v", err)
		}
	}
}

func TestTypeNames(t *testing.T) {
	for _, name := range []string{
		"System.String[]", "System.Byte[]", "System.Object[]", "System.Collections.ArrayList", "System.Collections.Hashtable",
		"System.Collections.Generic.List`1[System.String]", "System.Collections.Generic.Dictionary`2[System.String,System.Object]",
		"System.DirectoryServices.ResultPropertyValueCollection", "System.DirectoryServices.PropertyValueCollection",
		"Microsoft.ActiveDirectory.Management.ADPropertyValueCollection", "Microsoft.Exchange.Data.ProxyAddressCollection",
		"Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedPlan Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedPlan",
		"Microsoft.Open.AzureAD.Model.AssignedPlan[]", "@{service=exchange; capabilityStatus=Enabled}",
	} {
		if !isTypeName(name) {
			t.Errorf("%q is taken for a value", name)
		}
	}
	for _, value := range []string{"", "System", "System.Backup", "Microsoft.Admin", "Microsoft", "System.Net GmbH", "Systems.Of.Things", "System. Of. Things", "SMTP:System.Of.Things@x"} {
		if isTypeName(value) {
			t.Errorf("%q is taken for a type", value)
		}
	}
}

func TestLossyName(t *testing.T) {
	for name, want := range map[string]bool{
		"": false, "Ann Lee": false, "Jörg": false, "Ann (?)": false, "Ann ? Lee": false,
		"J?rg": true, "M?ller": true, "Jos?": true, "?lo": true, "???": true, "?? ???": true, "J\ufffdrg": true, "田?": false,
	} {
		if got := isLossy(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
