package file

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

func TestADJSON(t *testing.T) {
	ann := source.User{Kind: source.AD, ID: guidA, DN: "CN=Ann,DC=x", Username: "ann", DisplayName: "Ann", Enabled: source.Yes, SID: "S-1-5-21-1-2-3-1103"}
	withMail := ann
	withMail.Email, withMail.Addresses = "ann@x.example", []string{"smtp:a@x.example", "SMTP:ann@x.example"}
	tests := []struct {
		name, content string
		want          []source.User
	}{
		{"Get-ADUser of one user is no list",
			`{"DistinguishedName":"CN=Ann,DC=x","DisplayName":"Ann","Enabled":true,"ObjectClass":"user","ObjectGUID":"` + guidA + `","SamAccountName":"ann",
			"SID":{"BinaryLength":28,"AccountDomainSid":{"Value":"S-1-5-21-1-2-3"},"Value":"S-1-5-21-1-2-3-1103"},"Modified":"\/Date(1)\/"}`, []source.User{ann}},
		{"attributes, bytes as numbers, collections",
			`[{"dn":"CN=Ann,DC=x","displayName":["Ann"],"userAccountControl":512,"sAMAccountType":805306368,"objectClass":["top","user"],"sAMAccountName":"ann","pwdLastSet":0,
			"objectGUID":[219,43,177,45,18,128,87,71,167,154,117,64,112,98,173,56],"objectSid":"S-1-5-21-1-2-3-1103","mail":null,
			"proxyAddresses":{"value":["smtp:a@x.example","SMTP:ann@x.example"],"Count":2}}]`, []source.User{withMail}},
		{"addresses as text", `{"dn":"CN=Ann,DC=x","displayName":"Ann","enabled":"True","sAMAccountName":"ann","objectGUID":{"Guid":"` + guidA + `"},"objectSid":"S-1-5-21-1-2-3-1103","proxyAddresses":"smtp:a@x.example SMTP:ann@x.example"}`, []source.User{withMail}},
		{"PowerShell's wrapped list", `{"value":[{"dn":"CN=Ann,DC=x","displayName":"Ann","enabled":true,"sAMAccountName":"ann","objectGUID":"` + guidA + `","sid":"S-1-5-21-1-2-3-1103"}],"Count":1}`, []source.User{ann}},
		{"a computer", `[{"objectGUID":"` + guidA + `","objectClass":"computer","enabled":true}]`, nil},
		{"UTF-16 with a mark", encodeUTF16("\ufeff"+`[{"objectGUID":"`+guidA+`","displayName":"田","enabled":false}]`, true), []source.User{{Kind: source.AD, ID: guidA, DisplayName: "田", Enabled: source.No}}},
		{"nobody", "[]", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustRead(t, source.AD, tt.content); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestGraphJSON(t *testing.T) {
	const a, b = `{"id":"2DB12BDB-8012-4757-A79A-75407062AD38","mail":"a@x","userPrincipalName":"a@x"}`, `{"id":"` + guidB + `","displayName":"\"}],{[\\"}`
	want := []source.User{
		{Kind: source.M365, ID: guidA, Email: "a@x", UPN: "a@x", Username: "a@x"},
		{Kind: source.M365, ID: guidB, DisplayName: `"}],{[\`},
	}
	for name, content := range map[string]string{
		"a page":                 `{"@odata.context":"c","@odata.count":2,"value":[` + a + " ,\n" + b + `]}`,
		"a page, the link first": `{"@odata.nextLink":null,"value":[` + a + "," + b + `],"x":{"y":["]"]}}`,
		"pages one after another": `{"@odata.nextLink":"https://graph.microsoft.com/2","value":[` + a + `]}` + "\n" +
			`{"value":[],"@odata.nextLink":"https://graph.microsoft.com/3"}{"value":[` + b + `]}`,
		"an array of pages":               `[{"value":[` + a + `],"@odata.nextLink":"https://graph.microsoft.com/2"},{"value":[` + b + `]}]`,
		"an array of users":               `[` + a + `,` + b + `]`,
		"lines":                           a + "\r\n\r\n" + b + "\n",
		"lists in a list":                 `[[` + a + `],[` + b + `]]`,
		"Exchange's own shell":            `[{"ExternalDirectoryObjectId":"` + guidA + `","PrimarySmtpAddress":{"Local":"a","Domain":"x","Address":"a@x"},"UserPrincipalName":"a@x"},` + b + `]`,
		"n8n":                             `[{"json":` + a + `,"pairedItem":{"item":0}},{"json":` + b + `}]`,
		"a list of another name":          `{"Metadata":{},"Results":[` + a + `,` + b + `],"Count":2}`,
		"a batch":                         `{"responses":[{"id":"1","status":200,"headers":{},"body":{"@odata.context":"c","value":[` + a + `]}},{"id":"2","status":200,"body":{"value":[` + b + `]}}]}`,
		"a page with an id":               `{"id":"x","value":[` + a + `,` + b + `]}`,
		"answers one after another":       `{"statusCode":200,"body":{"@odata.nextLink":"x","value":[` + a + `]}}{"statusCode":200,"body":{"value":[` + b + `]}}`,
		"Power Automate":                  `{"statusCode":200,"body":{"value":[` + a + `,` + b + `]}}`,
		"files joined":                    "[" + a + "]\ufeff[" + b + "]",
		"a byte order mark":               "\ufeff" + a + b,
		"names as PowerShell spells them": `[{"Id":"` + guidA + `","Mail":"a@x","UserPrincipalName":"a@x","AdditionalProperties":{"@odata.nextLink":"x"}},` + b + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustRead(t, source.M365, content); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
	for _, empty := range []string{`{"value":[]}`, `[]`, `[{"value":[]}]`} {
		if got := mustRead(t, source.M365, empty); got != nil {
			t.Errorf("%s: got %+v", empty, got)
		}
	}
	d := open(t, source.M365, write(t, `{"@odata.context":"https://graph.example/2DB12BDB-8012-4757-a79a-75407062ad38/$metadata#users","value":[]}`))
	info, err := d.Info(context.Background())
	if err != nil || info.ID != guidA {
		t.Errorf("the tenant is %q, %v", info.ID, err)
	}
	if _, err := d.Tree(context.Background()); source.CodeOf(err) != source.CodeUsage {
		t.Errorf("Tree of Microsoft 365: %v", err)
	}
}

func TestJSONRefused(t *testing.T) {
	const one = `{"id":"` + guidA + `","mail":"a@x"}`
	tests := []struct {
		name    string
		kind    source.Kind
		content string
		words   []string
	}{
		{"a next page that is not there", source.M365, "{\"value\":[" + one + "],\n\"@odata.nextLink\":\"https://graph.microsoft.com/2\"}", []string{":2:", "next one"}},
		{"fewer users than are counted", source.M365, `{"@odata.count":2,"value":[` + one + `]}`, []string{"2 users, of whom 1"}},
		{"changes", source.M365, `{"value":[` + one + `],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/users/delta?$deltatoken=x"}`, []string{"list of changes"}},
		{"somebody removed", source.M365, `{"value":[` + one + `,{"id":"` + guidB + `","@removed":{"reason":"deleted"}}]}`, []string{"list of changes"}},
		{"an empty object", source.M365, `{}`, []string{":1:", "value"}},
		{"a page without users", source.M365, `{"@odata.context":"c"}`, []string{":1:", "value"}},
		{"null for the users", source.M365, `{"value":null}`, []string{"no list"}},
		{"two lists of users", source.M365, `{"value":[` + one + `],"value":[]}`, []string{"two lists"}},
		{"an error", source.M365, `{"error":{"code":"InvalidAuthenticationToken"}}`, []string{"error message"}},
		{"null", source.M365, `{"value":[null]}`, []string{":1:"}},
		{"lists without end", source.M365, `[[[[[` + one + `]]]]]`, []string{":1:"}},
		{"a user without id", source.M365, "[" + one + ",\n\n{\"displayName\":\"B\"}]", []string{":3:", `"B"`}},
		{"an object for a name", source.M365, "[" + one + ",\n{\"mail\":\"b@x\",\"displayName\":{\"a\":7}}]", []string{":2:", `"b@x"`, "displayName"}},
		{"the same user twice", source.M365, one + "\n" + strings.ToUpper(one[:20]) + one[20:] + "\n", []string{":2:", "line 1 "}},
		{"no comma", source.M365, `[` + one + ` ` + one + `]`, []string{"comma"}},
		{"no comma in an object", source.M365, `{"id":"a" "mail":"b"}`, []string{"comma"}},
		{"text behind", source.M365, `{"value":[]} hello`, []string{":1:"}},
		{"bytes that are no UTF-8", source.M365, "[{\"id\":\"" + guidA + "\",\"mail\":\"a@x\",\"displayName\":\"\xc8\xe2\xe0\xed\xee\xe2\"}]", []string{"UTF-8"}},
		{"a control character", source.M365, "[{\"id\":\"a\",\"displayName\":\"M\x1b\"}]", []string{":1:"}},
		{"users of the other kind", source.AD, `{"value":[{"id":"a","displayName":"A"}]}`, []string{"Microsoft 365"}},
		{"users of AD", source.M365, `[{"ObjectGUID":"` + guidA + `","DisplayName":"A"}]`, []string{"Active Directory"}},
		{"an id of Exchange", source.M365, `[{"Id":"Ann Lee","DisplayName":"Ann Lee"}]`, []string{":1:", "no GUID", `"Ann Lee"`}},
		{"a part of a batch that failed", source.M365, `{"responses":[{"id":"1","status":200,"body":{"value":[` + one + `]}},{"id":"2","status":429,"body":{}}]}`, []string{"status 429"}},
		{"a batch that is not the whole", source.M365, `{"responses":[{"id":"1","status":200,"body":{"@odata.nextLink":"x","value":[` + one + `]}}]}`, []string{"next one"}},
		{"a batch whose first part is not the whole", source.M365, `{"responses":[{"id":"1","status":200,"body":{"@odata.nextLink":"x","value":[` + one + `]}},{"id":"2","status":200,"body":{"value":[]}}]}`, []string{"next one"}},
		{"nobody with an address", source.M365, `[{"id":"` + guidA + `","displayName":"A"}]`, []string{"e-mail address"}},
		{"a number that Excel shortened", source.AD, `[{"objectGUID":"` + guidA + `","enabled":true,"pwdLastSet":"1,33E+17"}]`, []string{"Excel"}},
		{"no GUID", source.AD, `[{"enabled":true,"sAMAccountName":"ann"}]`, []string{":1:", `"ann"`, "objectGUID"}},
		{"nobody says who may sign in", source.AD, `[{"objectGUID":"` + guidA + `"}]`, []string{":1:", "userAccountControl"}},
		{"a type that is no number", source.AD, `[{"objectGUID":"` + guidA + `","sAMAccountName":"ann","userAccountControl":512,"sAMAccountType":"person"}]`,
			[]string{":1:", `"ann"`, "sAMAccountType"}},
		{"a name that is an object", source.AD, `[{"objectGUID":"` + guidA + `","displayName":{}}]`, []string{":1:", "displayName"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(write(t, tt.content), tt.kind)
			code := source.CodeIncomplete
			if strings.Contains(tt.name, "other kind") || strings.Contains(tt.name, "UTF-8") || tt.name == "users of AD" {
				code = source.CodeUsage
			}
			checkRefused(t, err, code, tt.words...)
		})
	}
}

func FuzzJSON(f *testing.F) {
	for _, tt := range cutting {
		if tt.content[0] == '{' || tt.content[0] == '[' {
			f.Add(tt.content, tt.kind == source.AD)
		}
	}
	list := people("Ann Lee", "Bob Öz")
	for _, tool := range tools() {
		if !tool.csv && tool.name != "ldifde" {
			f.Add(tool.write(list, ""), tool.kind == source.AD)
		}
	}
	path := write(f, "")
	f.Fuzz(func(t *testing.T, content string, ad bool) {
		kind := source.M365
		if ad {
			kind = source.AD
		}
		checkAnything(t, path, kind, "json", content)
	})
}

func TestLicencesAndPasswordTimeOfExports(t *testing.T) {
	const sku, other = "6fd2c87f-b296-42f0-b197-1e91e994b900", "18181a46-0d4e-45cd-891e-60aabd171b4e"
	at := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, properties string
		licensed         source.Flag
		licences         []string
		at               time.Time
	}{
		{"Graph", `"assignedLicenses":[{"disabledPlans":[],"skuId":"` + sku + `"},{"skuId":"` + other + `"}],"lastPasswordChangeDateTime":"2026-03-01T09:30:00Z"`, source.Yes, []string{sku, other}, at},
		{"PowerShell", `"AssignedLicenses":{"value":[{"DisabledPlans":[],"SkuId":"` + strings.ToUpper(sku) + `"}],"Count":1},"LastPasswordChangeDateTime":"\/Date(1772357400000)\/"`, source.Yes, []string{sku}, at},
		{"PowerShell, a time with its form", `"AssignedLicenses":[],"LastPasswordChangeDateTime":{"value":"\/Date(1772357400000)\/","DisplayHint":2,"DateTime":"Sonntag"}`, source.No, nil, at},
		{"one licence is no list", `"AssignedLicenses":{"SkuId":"` + sku + `"}`, source.Yes, []string{sku}, time.Time{}},
		{"a depth that is too small", `"AssignedLicenses":["Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedLicense"]`, source.Yes, nil, time.Time{}},
		{"names", `"licenses":"Microsoft 365 E3+Teams"`, source.Yes, []string{"Microsoft 365 E3", "Teams"}, time.Time{}},
		{"a time of one country", `"lastPasswordChangeDateTime":"3/1/2026 9:30:00 AM"`, source.Unknown, nil, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			content := `[{"id":"` + guidA + `","mail":"a@x","accountEnabled":true,` + tt.properties + `}]`
			got := mustRead(t, source.M365, content)[0]
			if got.Licensed != tt.licensed || !reflect.DeepEqual(got.Licences, tt.licences) || !got.PasswordLastSet.Equal(tt.at) {
				t.Errorf("licensed %d, %q, password of %s", got.Licensed, got.Licences, got.PasswordLastSet)
			}
			notes := notesOf(t, source.M365, content)
			if said := strings.Contains(notes, "as one country writes it"); said != (tt.name == "a time of one country") {
				t.Errorf("notes %q", notes)
			}
		})
	}
}
