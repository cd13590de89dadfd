package main

import (
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

const (
	resetUser     = "helpdesk@corp.contoso.example"
	resetPassword = "canary-RESET-pa55"
)

// startResets serves the sample company over LDAP and over Graph, for who reads it
// and for who sets passwords. Options say what goes wrong there:
//
//	ad:FAULT    policy, denied, expires, lost (the answer to a modify), gone (cut before
//	            it is done), mute
//	m365:FAULT  synced (all users), cloudsync (it knows all but riyer), denied, lost, cut, throttled, banned, late,
//	            or the id of a privileged user
//	tenant:ID   the tenant of the token is another one
//
// It sets what directory ad and directory m365 set, and RESET_USER, RESET_PASSWORD,
// RESET_SECRET.
func startResets(ts *testscript.TestScript, options []string) {
	var page struct{ Value []json.RawMessage }
	b, err := os.ReadFile(filepath.Join(ts.Getenv("CONTOSO"), "m365.json"))
	ts.Check(err)
	ts.Check(json.Unmarshal(b, &page))
	entries, err := ldapfake.ReadLDIF(filepath.Join(ts.Getenv("CONTOSO"), "ad.ldif"))
	ts.Check(err)
	rights := ldapfake.AllRights
	ad := ldapfake.Options{Entries: entries, Accounts: map[string]string{adUser: adPassword, resetUser: resetPassword}}
	graph := graphfake.Options{Users: page.Value, ClientSecret: "canary-M365-s3cret", AccessToken: "canary-M365-t0ken", Passwords: graphfake.Passwords{Reset: true}}
	f := fakesOf(ts)
	f.mended.Store(false)
	f.admins.Clear()
	graph.Content = func() graphfake.Content {
		c := graphfake.Content{RoleDefinitions: []json.RawMessage{json.RawMessage(`{"id":"r","displayName":"Global Administrator"}`)}}
		f.admins.Range(func(id, _ any) bool {
			c.RoleAssignments = append(c.RoleAssignments, json.RawMessage(`{"id":"a","roleDefinitionId":"r","principalId":"`+id.(string)+`","directoryScopeId":"/"}`))
			return true
		})
		return c
	}
	for _, option := range options {
		where, fault, _ := strings.Cut(option, ":")
		switch where {
		case "ad":
			breakAD(ts, &ad, &rights, fault)
		case "m365":
			breakGraph(ts, &graph, fault)
		case "tenant":
			graph.Tenant = fault
		default:
			ts.Fatalf("unknown option %q", option)
		}
	}
	ad.Resetters = map[string]ldapfake.Rights{resetUser: rights}
	s, err := ldapfake.Start(ad)
	ts.Check(err)
	ts.Defer(s.Close)
	fakesOf(ts).ad = s
	ts.Setenv("AD_URL", s.URL())
	ts.Setenv("AD_CA", s.CAFile())
	ts.Setenv("AD_USER", adUser)
	ts.Setenv("AD_PASSWORD", adPassword)
	ts.Setenv("RESET_USER", resetUser)
	ts.Setenv("RESET_PASSWORD", resetPassword)
	serveGraph(ts, graph)
	ts.Setenv("RESET_SECRET", graph.ClientSecret)
}

func breakAD(ts *testscript.TestScript, o *ldapfake.Options, rights *ldapfake.Rights, fault string) {
	modify := func(result *ldapfake.Result) func(*ldapfake.Request) *ldapfake.Result {
		return func(r *ldapfake.Request) *ldapfake.Result {
			if r.Op == "modify" {
				return result
			}
			return nil
		}
	}
	instead := func(err error) func(ldapfake.Answer) ([]byte, error) {
		return func(a ldapfake.Answer) ([]byte, error) {
			if a.Request.Op == "modify" {
				return nil, err
			}
			return a.Bytes, nil
		}
	}
	switch fault {
	case "policy":
		o.Result = modify(&ldapfake.Result{Code: 19, Text: "0000052D: Constraint violation - " + resetPassword})
	case "denied":
		rights.Reset = false
	case "expires":
		rights.Unexpire = false
	case "catalog":
		o.Result = modify(&ldapfake.Result{Code: 53, Text: "00002035: modify forbidden on global catalog port"})
	case "lost":
		o.Edit = instead(ldapfake.ErrCut)
	case "gone":
		o.Result, o.Edit = modify(&ldapfake.Result{Code: 52}), instead(ldapfake.ErrCut)
	default:
		ts.Fatalf("unknown fault %q", fault)
	}
}

func breakGraph(ts *testscript.TestScript, o *graphfake.Options, fault string) {
	fakes := fakesOf(ts)
	patch := func(f graphfake.Fault) {
		o.Fault = func(_ int, r *http.Request) graphfake.Fault {
			if r.Method == http.MethodPatch && !fakes.mended.Load() {
				return f
			}
			return nil
		}
	}
	switch fault {
	case "synced":
		for i, u := range o.Users {
			var all map[string]json.RawMessage
			ts.Check(json.Unmarshal(u, &all))
			all["onPremisesSyncEnabled"] = json.RawMessage("true")
			o.Users[i], _ = json.Marshal(all)
		}
		yes := true
		o.Synced = &yes
	case "cloudsync":
		entries, err := ldapfake.ReadLDIF(filepath.Join(ts.Getenv("CONTOSO"), "ad.ldif"))
		ts.Check(err)
		for _, e := range entries {
			if !slices.Contains(e.Attrs["sAMAccountName"], "riyer") {
				o.Passwords.CloudSync = append(o.Passwords.CloudSync, e.DN)
			}
		}
	case "denied":
		o.Passwords.Reset = false
	case "lost":
		patch(graphfake.LostAnswer())
	case "cut":
		patch(graphfake.CutBeforeHead())
	case "throttled":
		patch(graphfake.Throttle("86400"))
	case "banned":
		patch(graphfake.GraphError(400, "Request_BadRequest", "The specified password does not comply with password complexity requirements."))
	case "synced-unsaid":
		patch(graphfake.GraphError(400, "Request_BadRequest", "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."))
	default:
		o.Passwords.Privileged = append(o.Passwords.Privileged, fault)
	}
}

// cmdInStep checks that a file of passwords says what the directories hold: where it
// says set they have its password, and where it does not they have another or none.
func cmdInStep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: instep FILE SET")
	}
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	column := func(name string) int { return slices.Index(rows[0], name) }
	set := 0
	for _, row := range rows[1:] {
		password := row[column("password")]
		if len(password) < 16 {
			ts.Fatalf("a password of %d characters", len(password))
		}
		for kind, has := range map[string]string{"ad": adPasswordOf(ts, row[column("username")]), "m365": graphPasswordOf(ts, row[column("email")])} {
			switch says := row[column(kind)]; {
			case says == "set" && has == password:
				set++
			case says == "set" || has == password:
				ts.Fatalf("%s of %s: the file says %q, the directory has it: %v", kind, row[column("username")], says, has == password)
			}
		}
	}
	if want := args[1]; want != itoa(set) {
		ts.Fatalf("%d are set, want %s", set, want)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func adPasswordOf(ts *testscript.TestScript, username string) string {
	entries, err := ldapfake.ReadLDIF(filepath.Join(ts.Getenv("CONTOSO"), "ad.ldif"))
	ts.Check(err)
	for _, e := range entries {
		if slices.Contains(e.Attrs["sAMAccountName"], username) && slices.Contains(e.Attrs["sAMAccountType"], adattr.UserType) {
			return fakesOf(ts).ad.Password(e.DN)
		}
	}
	return ""
}

func graphPasswordOf(ts *testscript.TestScript, email string) string {
	if id := graphIDOf(ts, email); id != "" {
		return fakesOf(ts).graph.Password(id)
	}
	return ""
}

func graphIDOf(ts *testscript.TestScript, email string) string {
	var page struct {
		Value []struct{ ID, Mail string }
	}
	b, err := os.ReadFile(filepath.Join(ts.Getenv("CONTOSO"), "m365.json"))
	ts.Check(err)
	ts.Check(json.Unmarshal(b, &page))
	for _, u := range page.Value {
		if u.Mail != "" && strings.EqualFold(u.Mail, email) {
			return u.ID
		}
	}
	return ""
}

// cmdSomebody changes a user in AD, or by the address one in Microsoft 365, as somebody
// else does at any time.
func cmdSomebody(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: somebody resets|renames|calls-otherwise|runs-a-service-as|deletes|retitles|promotes USERNAME, resets|renames|promotes|synchronises ADDRESS, installs-aadc SERVER, or mends m365")
	}
	if args[0] == "mends" {
		fakesOf(ts).mended.Store(true)
		return
	}
	if strings.Contains(args[1], "@") {
		somebodyInGraph(ts, args[0], args[1])
		return
	}
	if args[0] == "installs-aadc" {
		fakesOf(ts).ad.Add(ldapfake.Entry{DN: "CN=MSOL_0123456789ab,CN=Users,DC=corp,DC=contoso,DC=example", Attrs: map[string][]string{
			"objectClass": {"top", "person", "organizationalPerson", "user"}, "objectGUID": {"msol-account-id1"}, "sAMAccountType": {adattr.UserType},
			"sAMAccountName": {"MSOL_0123456789ab"}, "userAccountControl": {"66048"},
			"description": {"Account created by Microsoft Azure Active Directory Connect with installation identifier '0123456789ab' running on computer '" + args[1] +
				"' configured to synchronize to tenant 'contoso.onmicrosoft.example'. This account must have directory replication permissions in the local Active Directory."},
		}})
		return
	}
	entries, err := ldapfake.ReadLDIF(filepath.Join(ts.Getenv("CONTOSO"), "ad.ldif"))
	ts.Check(err)
	i := slices.IndexFunc(entries, func(e ldapfake.Entry) bool { return slices.Contains(e.Attrs["sAMAccountName"], args[1]) })
	if i < 0 {
		ts.Fatalf("nobody is called %s", args[1])
	}
	ad, dn := fakesOf(ts).ad, entries[i].DN
	switch args[0] {
	case "resets":
		ad.Change(dn, map[string][]string{"unicodePwd": {"somebody's own"}})
	case "calls-otherwise":
		ad.Change(dn, map[string][]string{"sAMAccountName": {args[1] + ".old"}})
	case "runs-a-service-as":
		ad.Change(dn, map[string][]string{"servicePrincipalName": {"HTTP/intranet"}})
	case "retitles":
		ad.Change(dn, map[string][]string{"title": {"Somebody"}})
	case "renames":
		ad.Rename(dn, "CN=Renamed,"+dn[strings.Index(dn, ",")+1:])
	case "deletes":
		ad.Rename(dn, "")
	case "promotes":
		at := slices.IndexFunc(entries, func(e ldapfake.Entry) bool { return len(e.Attrs["wellKnownObjects"]) > 0 })
		sid := []byte(entries[at].Attrs["objectSid"][0])
		sid[1]++
		group := func(name, sid, member string) string {
			dn := "CN=" + name + ",CN=Users,DC=corp,DC=contoso,DC=example"
			ad.Add(ldapfake.Entry{DN: dn, Attrs: map[string][]string{
				"objectClass": {"top", "group"}, "objectCategory": {"CN=Group,CN=Schema,CN=Configuration,DC=corp,DC=contoso,DC=example"},
				"objectGUID": {(name + "0123456789abcdef")[:16]}, "objectSid": {sid}, "sAMAccountName": {name}, "cn": {name}, "name": {name},
				"groupType": {"-2147483646"}, "sAMAccountType": {"268435456"}, "member": {member},
			}})
			return dn
		}
		bosses := group("Bosses", string(append(sid, 0, 2, 0, 0)), dn)
		group("Administrators", "\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00", bosses)
	default:
		ts.Fatalf("unknown deed %q", args[0])
	}
}

func somebodyInGraph(ts *testscript.TestScript, does, email string) {
	id := graphIDOf(ts, email)
	if id == "" {
		ts.Fatalf("nobody has the address %s", email)
	}
	switch does {
	case "resets":
		fakesOf(ts).graph.Patch(id, map[string]any{"lastPasswordChangeDateTime": time.Now().Add(time.Second).UTC().Format(time.RFC3339)})
	case "renames":
		fakesOf(ts).graph.Patch(id, map[string]any{"userPrincipalName": "renamed." + email})
	case "promotes":
		fakesOf(ts).admins.Store(id, true)
	case "synchronises": // as the AD user with the same address is
		fakesOf(ts).graph.Patch(id, map[string]any{"onPremisesSyncEnabled": true, "onPremisesSecurityIdentifier": sidOf(ts, email)})
	default:
		ts.Fatalf("unknown deed %q", does)
	}
}

// sidOf is the SID of the AD user with an address.
func sidOf(ts *testscript.TestScript, email string) string {
	entries, err := ldapfake.ReadLDIF(filepath.Join(ts.Getenv("CONTOSO"), "ad.ldif"))
	ts.Check(err)
	for _, e := range entries {
		if slices.ContainsFunc(e.Attrs["mail"], func(m string) bool { return strings.EqualFold(m, email) }) {
			sid, err := adattr.SID([]byte(e.Attrs["objectSid"][0]))
			ts.Check(err)
			return sid
		}
	}
	ts.Fatalf("nobody in AD has the address %s", email)
	return ""
}

// cmdNowhere checks that the passwords of a file stand in no other one, the state file
// and what the last command wrote included.
func cmdNowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nowhere FILE")
	}
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	at, looked := slices.Index(rows[0], "password"), 0
	look := func(where, text string) {
		looked++
		for _, row := range rows[1:] {
			if p := row[at]; strings.Contains(text, p) || strings.Contains(text, utf16Text(p)) {
				ts.Fatalf("%s holds a password of %s", where, args[0])
			}
		}
	}
	look("standard output", ts.ReadFile("stdout"))
	look("standard error", ts.ReadFile("stderr"))
	ts.Check(filepath.WalkDir(ts.MkAbs("."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path == ts.MkAbs(args[0]) {
			return err
		}
		b, err := os.ReadFile(path)
		look(path, string(b))
		return err
	}))
	if looked < 3 || len(rows) < 2 {
		ts.Fatalf("%d places and %d passwords were looked at", looked, len(rows)-1)
	}
}

// utf16Text is text as AD is sent it.
func utf16Text(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}
