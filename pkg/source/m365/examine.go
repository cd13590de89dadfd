package m365

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// Examine implements [source.Examiner]: which application signs in, what it may do,
// and when its certificate or client secret ends. When a secret does only an
// application that may read itself can find out.
func (d *Directory) Examine(ctx context.Context) (source.Examination, error) {
	tokens := d.client.tokens
	token, err := tokens.get(ctx)
	if err != nil {
		return source.Examination{}, err
	}
	x := source.Examination{SignIn: source.SignIn{By: tokens.by, Over: "TLS"}}
	if who, ok := readClaims(token); ok {
		x.SignIn.As = who.name()
		x.Rights = who.rights(d.mailboxTypes)
		x.Notes = append(x.Notes, fmt.Sprintf("signed in as %q (%s)", x.SignIn.As, x.SignIn.By))
		if more := who.beyondReading(); len(more) > 0 {
			x.Warnings = append(x.Warnings, "the application may do more than reading needs: "+strings.Join(more, ", "))
		}
		if tokens.by == source.AuthToken && who.Ends > 0 {
			x.Ends = append(x.Ends, source.End{What: "the access token", At: time.Unix(who.Ends, 0).UTC()})
		}
	} else {
		x.Notes = append(x.Notes, "signed in ("+x.SignIn.By+"); the token does not say as whom and with which rights")
	}
	ends, hint := tokens.certificateAndHint()
	switch {
	case !ends.IsZero():
		x.Ends = append(x.Ends, source.End{What: "the certificate that the application signs in with", At: ends})
	case hint != "":
		end, unknown, err := d.secretEnd(ctx, hint)
		if err != nil {
			return x, err
		}
		if unknown != "" {
			x.Notes = append(x.Notes, "when the client secret ends is not known: "+unknown)
		} else {
			x.Ends = append(x.Ends, end)
		}
	}
	return x, nil
}

// certificateAndHint is when the certificate ends that tokens are asked for with, or
// how the client secret begins.
func (t *tokens) certificateAndHint() (time.Time, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ends, t.secretHint
}

// claims are what a token for Graph says. Graph's tokens are Graph's to read: what is
// found here is told to people, and nothing is decided by it, but that a token which
// says itself that it is for another tenant is of no use.
type claims struct {
	Tenant  string   `json:"tid"`
	AppID   string   `json:"appid"`
	AppName string   `json:"app_displayname"`
	UPN     string   `json:"upn"`   // of a person
	Roles   []string `json:"roles"` // of an application
	Scopes  *string  `json:"scp"`   // that a person lends one, nil for an application
	Ends    int64    `json:"exp"`
}

func readClaims(token string) (c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &c) != nil || c.AppID == "" {
		return c, false
	}
	return c, true
}

func (c claims) name() string {
	if c.Scopes != nil && c.UPN != "" {
		return c.UPN
	}
	return cmp.Or(c.AppName, c.AppID)
}

func (c claims) granted() []string {
	granted := append([]string{}, c.Roles...)
	if c.Scopes != nil {
		granted = strings.Fields(*c.Scopes)
	}
	slices.Sort(granted)
	return slices.Compact(granted)
}

// needs are the least rights by which something is read, and the greater ones that
// hold them.
var needs = []struct {
	right, use string
	greater    []string
}{
	{"User.Read.All", "to read users, without which nothing works", []string{"User.ReadWrite.All"}},
	{"Organization.Read.All", "to name the tenant, and its licences", []string{"Organization.ReadWrite.All"}},
	{"GroupMember.Read.All", "to choose people by group", []string{"GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All"}},
	{"RoleManagement.Read.Directory", "to know who holds roles", []string{"RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory"}},
	{mailboxSettings, "to tell mailboxes of people from shared ones and rooms", []string{"MailboxSettings.ReadWrite"}},
}

const mailboxSettings = "MailboxSettings.Read"

// directoryWide hold all of needs but the one about mailboxes.
var directoryWide = []string{"Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"}

// rights are those that a token has, and of those that reading makes use of the ones
// that it lacks.
func (c claims) rights(mailboxTypes string) *source.Rights {
	r := &source.Rights{Granted: c.granted(), Missing: []source.Right{}}
	for _, need := range needs {
		enough := append([]string{need.right}, need.greater...)
		if need.right == mailboxSettings {
			if mailboxTypes != "" {
				continue
			}
		} else {
			enough = append(enough, directoryWide...)
		}
		if !slices.ContainsFunc(r.Granted, func(g string) bool { return slices.Contains(enough, g) }) {
			r.Missing = append(r.Missing, source.Right{Name: need.right, For: need.use})
		}
	}
	return r
}

// beyondReading are an application's rights to change things. A person has those of
// the program that he signed in with.
func (c claims) beyondReading() []string {
	if c.Scopes != nil {
		return nil
	}
	return slices.DeleteFunc(c.granted(), func(right string) bool {
		return !strings.Contains(right, "ReadWrite") && !strings.Contains(right, "FullControl")
	})
}

// passwordCredential is a client secret as Graph tells of it: never the secret, but
// the characters that it begins with.
type passwordCredential struct {
	Hint string    `json:"hint"`
	Ends time.Time `json:"endDateTime"`
}

// secretEnd asks when the client secret ends that begins as hint says; unknown is why
// that cannot be said.
func (d *Directory) secretEnd(ctx context.Context, hint string) (end source.End, unknown string, err error) {
	var app struct {
		Secrets []passwordCredential `json:"passwordCredentials"`
	}
	link := d.client.url("applications(appId='"+d.client.tokens.clientID+"')", url.Values{"$select": {"passwordCredentials"}})
	err = d.client.get(ctx, link, func(body io.Reader) error { return json.NewDecoder(body).Decode(&app) })
	switch {
	case ctx.Err() != nil:
		return end, "", err
	case isAbsence(err):
		return end, "the application is registered in another tenant", nil
	case err != nil:
		return end, cmp.Or(permissionOr(err, "registrations of applications", "Application.Read.All"), "Graph did not say"), nil
	}
	end, unknown = endOf(app.Secrets, hint, d.client.retry.now())
	return end, unknown, nil
}

// endOf is when the secret ends that was just taken: one that has not ended and begins
// as hint says. Where several do, the first end counts.
func endOf(secrets []passwordCredential, hint string, now time.Time) (end source.End, unknown string) {
	found := slices.DeleteFunc(slices.Clone(secrets), func(s passwordCredential) bool { return s.Hint != hint || !s.Ends.After(now) })
	if len(found) == 0 {
		return end, "the application does not show it"
	}
	first := slices.MinFunc(found, func(a, b passwordCredential) int { return a.Ends.Compare(b.Ends) })
	end = source.End{What: "the client secret", At: first.Ends.UTC()}
	if len(found) > 1 {
		end.What = fmt.Sprintf("the client secret, or the first of the %d that begin alike,", len(found))
	}
	return end, ""
}
