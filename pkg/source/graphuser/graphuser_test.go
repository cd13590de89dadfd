package graphuser_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
)

const full = `{
  "id": "87D349ED-44D7-43E1-9A83-5F2406DEE5BD",
  "displayName": "Adele Vance", "givenName": "Adele", "surname": "Vance",
  "userPrincipalName": "AdeleV@contoso.example", "mail": "Adele.Vance@contoso.example", "mailNickname": "AdeleV",
  "proxyAddresses": ["SMTP: Adele.Vance@contoso.example", "smtp:av@contoso.example", "X500:/o=x/cn=a", ""],
  "employeeId": "0042", "department": "Sales", "jobTitle": "Manager", "companyName": "Contoso",
  "businessPhones": ["", "+1 425 555 0109"], "mobilePhone": "+1 425 555 0110",
  "accountEnabled": true, "userType": "Member",
  "assignedPlans": [
    {"service": "SharePoint", "capabilityStatus": "Enabled"},
    {"service": "exchange", "capabilityStatus": "Warning", "assignedDateTime": "2017-07-29T02:16:28Z"}],
  "assignedLicenses": [{"disabledPlans": [], "skuId": "18181A46-0d4e-45cd-891e-60aabd171b4e"}, {}],
  "onPremisesImmutableId": "2yuxLRKAV0enmnVAcGKtOA==", "onPremisesSamAccountName": "avance",
  "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1103", "onPremisesSyncEnabled": true,
  "lastPasswordChangeDateTime": "2026-03-01T09:30:00Z",
  "somethingNew": {"deep": [1, 2]}
}`

// read reads the user that an answer of Graph begins with.
func read(raw []byte) (source.User, error) {
	return graphuser.Read(jsontext.NewDecoder(bytes.NewBuffer(slices.Clone(raw)), jsontext.AllowInvalidUTF8(true)))
}

func TestReadsEveryProperty(t *testing.T) {
	got, err := read([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	want := source.User{
		Kind: source.M365, ID: "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
		Username: "AdeleV@contoso.example", UPN: "AdeleV@contoso.example",
		DisplayName: "Adele Vance", GivenName: "Adele", Surname: "Vance",
		Email:     "Adele.Vance@contoso.example",
		Addresses: []string{"SMTP:Adele.Vance@contoso.example", "smtp:av@contoso.example", "X500:/o=x/cn=a"},
		Alias:     "AdeleV", EmployeeID: "0042", Department: "Sales", Title: "Manager", Company: "Contoso",
		Phone: "+1 425 555 0109", Mobile: "+1 425 555 0110",
		Enabled: source.Yes, SID: "S-1-5-21-1-2-3-1103", ImmutableID: "2yuxLRKAV0enmnVAcGKtOA==",
		OnPremUsername: "avance", Synced: source.Yes, Exchange: source.Yes, Licensed: source.Yes,
		Licences:        []string{"18181a46-0d4e-45cd-891e-60aabd171b4e"},
		PasswordLastSet: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if !got.HasMailbox() {
		t.Error("a licensed user with an address has no mailbox")
	}
}

func TestSelectNamesWhatIsRead(t *testing.T) {
	var names []string
	for i, typ := 0, reflect.TypeFor[graphuser.JSON](); i < typ.NumField(); i++ {
		names = append(names, typ.Field(i).Tag.Get("json"))
	}
	if got := strings.Join(names, ","); got != graphuser.Select {
		t.Errorf("read     %s\nselected %s", got, graphuser.Select)
	}
}

func TestAbsentNullAndValue(t *testing.T) {
	type answers struct{ Enabled, Synced, Exchange, Licensed source.Flag }
	tests := []struct {
		name, properties string
		want             answers
	}{
		{"absent", ``, answers{}},
		{"null", `,"accountEnabled":null,"onPremisesSyncEnabled":null,"assignedPlans":null,"assignedLicenses":null`, answers{}},
		{"no", `,"accountEnabled":false,"onPremisesSyncEnabled":false,"assignedPlans":[],"assignedLicenses":[]`,
			answers{source.No, source.No, source.No, source.No}},
		{"yes", `,"accountEnabled":true,"onPremisesSyncEnabled":true,"assignedPlans":[{"service":"Exchange","capabilityStatus":"Enabled"}],"assignedLicenses":[{}]`,
			answers{source.Yes, source.Yes, source.Yes, source.Yes}},
		{"other plans", `,"assignedPlans":[{"service":"exchange","capabilityStatus":"Deleted"},{"service":"exchange","capabilityStatus":"Suspended"},{"service":"MicrosoftOffice","capabilityStatus":"Enabled"},{"service":null,"capabilityStatus":null},null]`,
			answers{Exchange: source.No}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, err := read([]byte(`{"id":"a"` + test.properties + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := (answers{u.Enabled, u.Synced, u.Exchange, u.Licensed}); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// A time is a nicety: one that cannot be read costs nobody the user.
func TestPasswordSetAtNoTime(t *testing.T) {
	for _, value := range []string{`null`, `""`, `"yesterday"`, `"2026-03-01T09:30:00"`, `"0001-01-01T00:00:00Z"`} {
		u, err := read([]byte(`{"id":"a","lastPasswordChangeDateTime":` + value + `}`))
		if err != nil || !u.PasswordLastSet.IsZero() {
			t.Errorf("%s: %s, %v", value, u.PasswordLastSet, err)
		}
	}
}

func TestGuest(t *testing.T) {
	tests := []struct {
		properties string
		want       bool
	}{
		{`"userType":"Guest"`, true},
		{`"userType":"guest"`, true},
		{`"userType":"Member"`, false},
		{`"userType":null,"userPrincipalName":"x_fabrikam.example#ext#@contoso.example"`, true},
		{`"userType":"Member","userPrincipalName":"x_fabrikam.example#EXT#@contoso.example"`, true},
		{`"userPrincipalName":"guest@contoso.example"`, false},
	}
	for _, test := range tests {
		u, err := read([]byte(`{"id":"a",` + test.properties + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if u.Guest != test.want {
			t.Errorf("%s: guest is %t, want %t", test.properties, u.Guest, test.want)
		}
	}
}

func TestWhatIsNoUserIsIncomplete(t *testing.T) {
	tests := []struct{ name, raw, inMessage string }{
		{"null", `null`, "no id"},
		{"text", `"adele"`, "no object but a JSON string"},
		{"list", `[]`, "no object but a JSON array"},
		{"no id", `{"userPrincipalName":"a@contoso.example"}`, `"a@contoso.example"`},
		{"null id", `{"id":null}`, "no id"},
		{"blank id", `{"id":"  "}`, "no id"},
		{"number as id", `{"id":12,"displayName":"Adele"}`, `id is of the wrong type, a JSON number`},
		{"number as text", `{"id":"7","userPrincipalName":"a@contoso.example","displayName":12}`, `user "7" ("a@contoso.example") cannot be read: displayName is of the wrong type, a JSON number`},
		{"text as bool", `{"id":"7","accountEnabled":"true"}`, "accountEnabled"},
		{"text as list", `{"id":"7","proxyAddresses":"SMTP:a@contoso.example"}`, "proxyAddresses"},
		{"number in list", `{"id":"7","proxyAddresses":[1]}`, "proxyAddresses"},
		{"text as plan", `{"id":"7","assignedPlans":["exchange"]}`, "assignedPlans"},
		{"cut", `{"id":"7"`, "unexpected EOF"},
		{"empty", ``, "EOF"},
		{"hostile name", `{"id":"\u001b[2J\u202e","mail":1}`, `"\x1b[2J\u202e"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := read([]byte(test.raw))
			if source.CodeOf(err) != source.CodeIncomplete {
				t.Fatalf("got %v, want an incomplete read", err)
			}
			if !strings.Contains(err.Error(), test.inMessage) {
				t.Errorf("message %q does not hold %q", err, test.inMessage)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(`{"id":"a","proxyAddresses":["SMTP: x",":",""],"assignedPlans":[null]}`))
	f.Add([]byte(`{"id":1}`))
	f.Add([]byte("{\"id\":\"\xff\",\"displayName\":\"\\ud800\"}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		u, err := read(raw)
		if err != nil {
			if source.CodeOf(err) != source.CodeIncomplete {
				t.Fatalf("error without its code: %v", err)
			}
			return
		}
		if u.ID == "" || u.ID != strings.ToLower(u.ID) || u.Kind != source.M365 {
			t.Fatalf("%q became %+v", raw, u)
		}
		// A decoder that is not ours reads the same name.
		var plain struct{ ID, DisplayName string }
		if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&plain); err == nil && utf8.Valid(raw) && !otherCase(raw) && plain.DisplayName != u.DisplayName {
			t.Fatalf("%q became %+v, not %+v", raw, u, plain)
		}
	})
}

// otherCase says whether an object has the name of a property in another case, which
// encoding/json takes for that property and [graphuser.Read] does not.
func otherCase(raw []byte) bool {
	var properties map[string]json.RawMessage
	_ = json.NewDecoder(bytes.NewReader(raw)).Decode(&properties)
	for name := range properties {
		if name != "displayName" && strings.EqualFold(name, "displayName") || name != "id" && strings.EqualFold(name, "id") {
			return true
		}
	}
	return false
}
