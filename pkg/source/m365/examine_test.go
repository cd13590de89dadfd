package m365

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// application is one with client secrets, each HINT DAYS, as Graph tells of them.
func application(t *testing.T, secrets ...passwordCredential) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]any{"id": "1", "passwordCredentials": secrets})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// When a client secret ends is found out where the application may read itself, and
// whatever else is the answer is no error.
func TestSecretEnds(t *testing.T) {
	soon := time.Now().Add(10 * 24 * time.Hour).UTC().Truncate(time.Second)
	hint := graphfake.DefaultClientSecret[:3]
	mine := passwordCredential{hint, soon}
	for name, c := range map[string]struct {
		content graphfake.Content
		ends    []source.End
		note    string
	}{
		"one":           {graphfake.Content{Application: application(t, passwordCredential{"zzz", soon.Add(-time.Hour)}, mine)}, []source.End{{What: "the client secret", At: soon}}, ""},
		"beside an old": {graphfake.Content{Application: application(t, passwordCredential{hint, soon.Add(-20 * 24 * time.Hour)}, mine)}, []source.End{{What: "the client secret", At: soon}}, ""},
		"two alike":     {graphfake.Content{Application: application(t, passwordCredential{hint, soon.Add(time.Hour)}, mine)}, []source.End{{What: "the client secret, or the first of the 2 that begin alike,", At: soon}}, ""},
		"not shown":     {graphfake.Content{Application: application(t)}, nil, "is not known: the application does not show it"},
		"elsewhere":     {graphfake.Content{}, nil, "is not known: the application is registered in another tenant"},
		"no right":      {graphfake.Content{Denied: []string{"applications"}}, nil, "is not known: the application may not read registrations of applications (Application.Read.All would let it)"},
		"not served":    {graphfake.Content{Unserved: []string{"applications"}}, nil, "is not known: this Graph does not serve registrations of applications"},
		"nonsense":      {graphfake.Content{Application: json.RawMessage(`{"passwordCredentials":[{"endDateTime":"tomorrow"}]}`)}, nil, "is not known: Graph did not say"},
	} {
		t.Run(name, func(t *testing.T) {
			o := people(1)
			o.Content = func() graphfake.Content { return c.content }
			_, config, _ := start(t, o)
			x, err := open(t, config).Examine(t.Context())
			if err != nil || !slices.Equal(x.Ends, c.ends) || x.SignIn.By != source.AuthSecret || x.Rights != nil {
				t.Errorf("%+v, %v", x, err)
			}
			notes := strings.Join(x.Notes, "; ")
			if (c.note != "") != strings.Contains(notes, "client secret ends") || !strings.Contains(notes, c.note) || strings.Contains(notes, hint) {
				t.Errorf("%q", x.Notes)
			}
		})
	}
}

func TestCertificateEnds(t *testing.T) {
	server, config, _ := start(t, people(1))
	config.ClientSecret, config.Certificate = nil, secret(certificate(t)) // good for an hour
	x, err := open(t, config).Examine(t.Context())
	if err != nil || len(x.Ends) != 1 || x.Ends[0].What != "the certificate that the application signs in with" || time.Until(x.Ends[0].At).Round(time.Hour) != time.Hour {
		t.Errorf("%+v, %v", x, err)
	}
	if n := len(server.GraphRequests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// Which rights are there, which are missing and for what, and which are more than
// reading needs.
func TestRights(t *testing.T) {
	all := []string{"User.Read.All", "Organization.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory", "MailboxSettings.Read"}
	for name, c := range map[string]struct {
		roles    []string
		types    string
		missing  []string
		warnings []string
	}{
		"the least":      {all, "", nil, nil},
		"none":           {[]string{}, "", all, nil},
		"directory":      {[]string{"Directory.Read.All"}, "", all[4:], nil},
		"greater":        {[]string{"User.ReadWrite.All", "Organization.Read.All", "Group.Read.All", "RoleManagement.Read.All", "MailboxSettings.Read"}, "", nil, []string{"more than reading needs: User.ReadWrite.All"}},
		"no purposes":    {all[:4], source.MailboxTypesNone, nil, nil},
		"users alone":    {all[:1], "", all[1:], nil},
		"something else": {[]string{"Mail.Send"}, "", all, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := people(1)
			o.Content = func() graphfake.Content { return graphfake.Content{Roles: c.roles} }
			_, config, _ := start(t, o)
			config.Connection.MailboxTypes = c.types
			x, err := open(t, config).Examine(t.Context())
			if err != nil || x.Rights == nil || x.SignIn.As != "qpimport" {
				t.Fatalf("%+v, %v", x, err)
			}
			var missing []string
			for _, r := range x.Rights.Missing {
				missing = append(missing, r.Name)
				if r.For == "" {
					t.Errorf("%s: for what?", r.Name)
				}
			}
			if !slices.Equal(missing, c.missing) || len(x.Rights.Granted) != len(c.roles) || !slices.EqualFunc(x.Warnings, c.warnings, strings.Contains) {
				t.Errorf("%+v, warnings %q", x.Rights, x.Warnings)
			}
		})
	}
}

// A person's token lends the application what he may do; what is no token says
// nothing.
func TestClaims(t *testing.T) {
	made := func(text string) string { return "e30." + base64.RawURLEncoding.EncodeToString([]byte(text)) + ".x" }
	c, ok := readClaims(made(`{"appid":"1","app_displayname":"Azure CLI","upn":"ann@x.example","scp":"User.ReadWrite.All Directory.AccessAsUser.All","exp":1}`))
	if !ok || c.name() != "ann@x.example" || len(c.beyondReading()) != 0 || len(c.rights("").Missing) != 1 {
		t.Errorf("%+v", c)
	}
	for _, token := range []string{"", "opaque", "a.b", "e30.e30.x", "e30.!.x", made(`{"appid":5}`), made(`[]`), made(`{"roles":["User.Read.All"]}`)} {
		if c, ok := readClaims(token); ok {
			t.Errorf("%q: %+v", token, c)
		}
	}
}

// A ready token says itself when it ends.
func TestReadyTokenEnds(t *testing.T) {
	o := people(1)
	at := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	claims, err := json.Marshal(map[string]any{"appid": "1", "roles": []string{"User.Read.All"}, "exp": at.Unix()})
	if err != nil {
		t.Fatal(err)
	}
	o.AccessToken = "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".x"
	_, config, _ := start(t, o)
	config.ClientSecret, config.AccessToken = nil, secret(o.AccessToken)
	config.Connection.Graph = source.Graph{AccessTokenFrom: "env:TOKEN", GraphURL: config.Connection.GraphURL}
	x, err := open(t, config).Examine(t.Context())
	if want := []source.End{{What: "the access token", At: at}}; err != nil || !slices.Equal(x.Ends, want) || x.SignIn.By != source.AuthToken {
		t.Errorf("%+v, %v", x, err)
	}
}
