package file

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"github.com/qpimport/qpimport/pkg/source"
)

// someone is a user of the matrix, as it has to be read.
type someone struct{ id, name, first, last, login string }

func (s someone) mail() string { return s.login + "@corp.example" }
func (s someone) dn() string   { return "CN=" + s.name + ",OU=Staff,DC=corp,DC=example" }

func people(names ...string) []someone {
	var out []someone
	for i, name := range names {
		first, last, _ := strings.Cut(name, " ")
		out = append(out, someone{fmt.Sprintf("5a5a0000-0000-4000-8000-%012x", i+1), name, first, last, fmt.Sprintf("user%d", i)})
	}
	return out
}

// tool writes an export: of one list, or in parts that are joined.
type tool struct {
	name  string
	kind  source.Kind
	csv   bool
	write func(list []someone, separator string) string
}

// row makes a line of CSV, quoted as Export-Csv does.
func row(separator string, cells ...string) string {
	for i, c := range cells {
		cells[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
	}
	return strings.Join(cells, separator) + "\r\n"
}

// bare makes a line of CSV without quotes where none are needed.
func bare(separator string, cells ...string) string {
	for i, c := range cells {
		if strings.ContainsAny(c, separator+`"`) {
			cells[i] = `"` + c + `"`
		}
	}
	return strings.Join(cells, separator) + "\r\n"
}

func object(pairs ...any) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		value, err := json.Marshal(pairs[i+1])
		if err != nil {
			panic(err)
		}
		parts = append(parts, fmt.Sprintf("%q: %s", pairs[i], value))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func objects(list []someone, of func(someone) string) []string {
	var out []string
	for _, s := range list {
		out = append(out, of(s))
	}
	return out
}

func tools() []tool {
	adObject := func(s someone) string {
		return object("DistinguishedName", s.dn(), "ObjectGUID", s.id, "SamAccountName", s.login, "DisplayName", s.name, "GivenName", s.first,
			"Surname", s.last, "UserPrincipalName", s.mail(), "mail", s.mail(), "Enabled", true, "proxyAddresses", []string{"SMTP:" + s.mail(), "smtp:x" + s.mail()})
	}
	graph := func(s someone) string {
		return object("id", s.id, "displayName", s.name, "givenName", s.first, "surname", s.last, "userPrincipalName", s.mail(), "mail", s.mail(),
			"accountEnabled", true, "assignedPlans", []map[string]string{{"service": "exchange", "capabilityStatus": "Enabled"}}, "proxyAddresses", []string{"SMTP:" + s.mail()})
	}
	wrapped := func(before string, of func(someone) string, after string) func([]someone, string) string {
		return func(list []someone, _ string) string {
			return before + strings.Join(objects(list, of), ",\n") + after + "\n"
		}
	}
	table := func(line func(string, ...string) string, header []string, of func(someone) []string) func([]someone, string) string {
		return func(list []someone, separator string) string {
			text := line(separator, slices.Clone(header)...)
			for _, s := range list {
				text += line(separator, of(s)...)
			}
			return text
		}
	}
	lines := func(of func(someone) string) func([]someone, string) string {
		return func(list []someone, _ string) string { return strings.Join(objects(list, of), "\n") + "\n" }
	}
	out := []tool{
		{"ldifde", source.AD, false, func(list []someone, _ string) string {
			text := ""
			for _, s := range list {
				guid, _ := guidBytes(s.id)
				text += "dn:: " + base64.StdEncoding.EncodeToString([]byte(s.dn())) + "\nchangetype: add\nobjectClass: user\nobjectGUID:: " + base64.StdEncoding.EncodeToString(guid) +
					"\nsAMAccountName: " + s.login + "\ndisplayName:: " + base64.StdEncoding.EncodeToString([]byte(s.name)) + "\nuserPrincipalName: " + s.mail() + "\nmail: " + s.mail() + "\nuserAccountControl: 512\nsAMAccountType: 805306368\n\n"
			}
			return text
		}},
		{"csvde", source.AD, true, table(bare, []string{"DN", "objectClass", "objectGUID", "sAMAccountName", "displayName", "userPrincipalName", "mail", "userAccountControl"}, func(s someone) []string {
			guid, _ := guidBytes(s.id)
			return []string{s.dn(), "user", fmt.Sprintf("X'%x'", guid), s.login, s.name, s.mail(), s.mail(), "512"}
		})},
		{"Get-ADUser CSV", source.AD, true, table(row, []string{"DistinguishedName", "Enabled", "ObjectGUID", "SamAccountName", "DisplayName", "UserPrincipalName", "EmailAddress", "Title"}, func(s someone) []string {
			return []string{s.dn(), "True", s.id, s.login, s.name, s.mail(), s.mail(), ""}
		})},
		{"Get-ADUser JSON", source.AD, false, wrapped("[", adObject, "]")},
		{"Get-ADUser JSON with a count", source.AD, false, wrapped(`{"value":[`, adObject, `],"Count":6}`)},
		{"AD JSON lines", source.AD, false, lines(adObject)},
		{"ldap3", source.AD, false, wrapped(`{"entries":[`, func(s someone) string {
			return object("attributes", map[string]any{"displayName": []string{s.name}, "objectGUID": []string{"{" + s.id + "}"}, "sAMAccountName": []string{s.login},
				"userPrincipalName": []string{s.mail()}, "mail": []string{s.mail()}, "userAccountControl": []int{512}, "pwdLastSet": []string{"2026-01-02 03:04:05.123456+00:00"}}, "dn", s.dn())
		}, "]}")},
		{"ADSI", source.AD, false, wrapped("[", func(s someone) string {
			guid, _ := guidBytes(s.id)
			numbers := make([]int, len(guid))
			for i, b := range guid {
				numbers[i] = int(b)
			}
			return object("Path", "LDAP://DC1/"+s.dn(), "Properties", map[string]any{"displayname": []string{s.name}, "objectguid": [][]int{numbers}, "samaccountname": []string{s.login},
				"userprincipalname": []string{s.mail()}, "mail": []string{s.mail()}, "useraccountcontrol": []int{512}})
		}, "]")},
		{"Graph", source.M365, false, wrapped(`{"@odata.context":"x","value":[`, graph, "]}")},
		{"Get-MgUser JSON", source.M365, false, wrapped("[", graph, "]")},
		{"Graph lines", source.M365, false, lines(graph)},
		{"n8n", source.M365, false, wrapped("[", func(s someone) string { return `{"json":` + graph(s) + `}` }, "]")},
		{"batch", source.M365, false, wrapped(`{"responses":[{"id":"1","status":200,"body":{"value":[`, graph, "]}}]}")},
		{"Get-Mailbox JSON", source.M365, false, wrapped("[", func(s someone) string {
			return object("Id", s.name, "ExternalDirectoryObjectId", s.id, "DisplayName", s.name, "UserPrincipalName", s.mail(), "PrimarySmtpAddress", s.mail(),
				"EmailAddresses", map[string]any{"value": []string{"SMTP:" + s.mail()}, "Count": 1}, "RecipientTypeDetails", "UserMailbox")
		}, "]")},
		{"Get-Mailbox CSV", source.M365, true, table(row, []string{"Id", "ExternalDirectoryObjectId", "DisplayName", "UserPrincipalName", "PrimarySmtpAddress", "EmailAddresses", "WhenSoftDeleted"}, func(s someone) []string {
			return []string{s.name, s.id, s.name, s.mail(), s.mail(), "System.Collections.ArrayList", ""}
		})},
		{"Get-MgUser CSV", source.M365, true, table(row, []string{"Id", "DisplayName", "UserPrincipalName", "Mail", "ProxyAddresses", "AccountEnabled", "JobTitle"}, func(s someone) []string {
			return []string{s.id, s.name, s.mail(), s.mail(), "System.String[]", "True", ""}
		})},
		{"Get-AzureADUser CSV", source.M365, true, table(row, []string{"ObjectId", "ImmutableId", "DisplayName", "UserPrincipalName", "Mail", "DirSyncEnabled", "TelephoneNumber"}, func(s someone) []string {
			return []string{s.id, "", s.name, s.mail(), s.mail(), "", ""}
		})},
		{"Get-MsolUser CSV", source.M365, true, table(row, []string{"ObjectId", "DisplayName", "UserPrincipalName", "BlockCredential", "IsLicensed", "ProxyAddresses", "Title"}, func(s someone) []string {
			return []string{s.id, s.name, s.mail(), "False", "True", "{SMTP:" + s.mail() + ", smtp:x" + s.mail() + "}", ""}
		})},
		{"Entra download", source.M365, true, table(bare, []string{"userPrincipalName", "displayName", "surname", "mail", "givenName", "id", "userType", "accountEnabled"}, func(s someone) []string {
			return []string{s.mail(), s.name, s.last, s.mail(), s.first, s.id, "Member", "True"}
		})},
	}
	for i, language := range graphTools()[firstLanguage-1:] {
		name := func(field string) string {
			for _, r := range graphNames() {
				if r[0] == field {
					first, _, _ := strings.Cut(r[1+firstLanguage-1+i], "|")
					return first
				}
			}
			panic(field)
		}
		header := []string{name("accountDisabled"), name("displayName"), name("givenName"), name("surname"), name("assignedLicenses"), name("id"), name("proxyAddresses"), name("userPrincipalName"), name("jobTitle")}
		out = append(out, tool{language, source.M365, true, table(bare, header, func(s someone) []string {
			return []string{"False", s.name, s.first, s.last, "Microsoft 365 Business", s.id, "smtp:x" + s.mail() + "+SMTP:" + s.mail(), s.mail(), ""}
		})})
	}
	return out
}

// damages are what happens to files on their way; a file that was damaged may be
// refused.
func damages() map[string]func(t tool, list []someone, separator string) string {
	whole := func(t tool, list []someone, separator string) string { return t.write(list, separator) }
	return map[string]func(tool, []someone, string) string{
		"": whole,
		"line feeds": func(t tool, list []someone, s string) string {
			return strings.ReplaceAll(whole(t, list, s), "\r\n", "\n")
		},
		"cut in a row": func(t tool, list []someone, s string) string {
			text := whole(t, list, s)
			at := strings.LastIndex(text, list[3].login) + 2
			if at < 2 {
				at = 2 * len(text) / 3
			}
			return text[:at]
		},
		"joined": func(t tool, list []someone, s string) string { return whole(t, list[:3], s) + whole(t, list[3:], s) },
		"joined with marks": func(t tool, list []someone, s string) string {
			return whole(t, list[:3], s) + "\ufeff" + whole(t, list[3:], s)
		},
		"somebody twice": func(t tool, list []someone, s string) string { return whole(t, append(slices.Clone(list), list[0]), s) },
		"a title": func(t tool, list []someone, s string) string {
			return "Report of all users\r\n\r\n" + whole(t, list, s)
		},
		"a warning": func(t tool, list []someone, s string) string { return "WARNING: truncated\r\n" + whole(t, list, s) },
		"saved by Excel": func(t tool, list []someone, s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(whole(t, list, s), s+`""`+"\r\n", "\r\n"), s+"\r\n", "\r\n")
		},
		"empty rows":     func(t tool, list []someone, s string) string { return whole(t, list, s) + s + s + s + "\r\n" },
		"the wrong kind": whole,
		"zero bytes": func(t tool, list []someone, s string) string {
			return strings.Replace(whole(t, list, s), list[2].name, list[2].name+"\x00", 1)
		},
		"translated True": func(t tool, list []someone, s string) string {
			return strings.NewReplacer(`"True"`, `"WAHR"`, "False", "FALSCH").Replace(whole(t, list, s))
		},
		"one row longer": func(t tool, list []someone, s string) string {
			return strings.Replace(whole(t, list, s), list[1].name, list[1].name+`"`+s+`"x`, 1)
		},
	}
}

// Whatever tool wrote a file, in which encoding, with which separator, in which
// language and with which damage: everybody is read as who he is, or the file is
// refused. Nobody is lost without a word.
func TestMatrix(t *testing.T) {
	german := people("Jörg Müller", "Ann Smith", "Zoë Strauß", "Käthe Böhm", "Bert Klein", "Jürgen Größe")
	czech := people("Jiří Dvořák", "Ann Smith", "Šárka Nováková", "Petr Šebek", "Bert Klein", "Věra Černá")
	encodings := map[string]func(string) (string, error){
		"UTF-8":            func(s string) (string, error) { return s, nil },
		"UTF-8 marked":     func(s string) (string, error) { return "\ufeff" + s, nil },
		"UTF-16 LE marked": func(s string) (string, error) { return encodeUTF16("\ufeff"+s, true), nil },
		"UTF-16 BE marked": func(s string) (string, error) { return encodeUTF16("\ufeff"+s, false), nil },
		"UTF-16 LE":        func(s string) (string, error) { return encodeUTF16(s, true), nil },
		"Windows-1252":     charmap.Windows1252.NewEncoder().String,
		"Windows-1250":     charmap.Windows1250.NewEncoder().String,
		"code page 850":    charmap.CodePage850.NewEncoder().String,
	}
	path := filepath.Join(t.TempDir(), "export")
	files, readable := 0, 0
	for _, tool := range tools() {
		separators := []string{""}
		if tool.csv {
			separators = []string{",", ";", "\t"}
		}
		for encoding, encode := range encodings {
			list := german
			if encoding == "Windows-1250" {
				list = czech
			}
			for damage, write := range damages() {
				for i, separator := range separators {
					if damage != "" && i != len(damage)%len(separators) {
						continue // one of them will do
					}
					text, err := encode(write(tool, list, separator))
					if err != nil {
						continue // the code page lacks a character
					}
					files++
					name := strings.Join([]string{tool.name, encoding, damage, fmt.Sprintf("%q", separator)}, ", ")
					if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
					kind := tool.kind
					if damage == "the wrong kind" {
						kind = map[source.Kind]source.Kind{source.AD: source.M365, source.M365: source.AD}[kind]
					}
					users, err := read(path, kind)
					switch {
					case err == nil && kind != tool.kind:
						t.Errorf("%s: %d users of the other kind", name, len(users))
					case err == nil:
						readable++
						checkPeople(t, name, users, list)
					case source.CodeOf(err) == "" || hintOf(err) == "":
						t.Errorf("%s: an error without code or hint: %v", name, err)
					case damage == "" || damage == "line feeds" || strings.HasPrefix(damage, "joined") && !strings.HasPrefix(encoding, "UTF-16") ||
						damage == "empty rows" && tool.csv || damage == "saved by Excel" || damage == "translated True":
						t.Errorf("%s: refused: %v", name, err)
					}
				}
			}
		}
	}
	t.Logf("%d files, %d of them read", files, readable)
	if files < 1000 || readable < files/3 {
		t.Errorf("%d files, %d of them read", files, readable)
	}
}

// hintOf is the hint of an error, or of one that it wraps, or what advice is given
// about.
func hintOf(err error) string {
	var e *source.Error
	for errors.As(err, &e) {
		if e.Hint != "" || e.Topic != "" {
			return e.Hint + string(e.Topic) + e.Subject
		}
		err = e.Err
	}
	return ""
}

func checkPeople(t *testing.T, name string, users []source.User, want []someone) {
	t.Helper()
	if len(users) != len(want) {
		t.Errorf("%s: %d users", name, len(users))
		return
	}
	for i, w := range want {
		if u := users[i]; u.ID != w.id || u.DisplayName != w.name || u.UPN != w.mail() || u.Email != w.mail() || u.Enabled == source.No || u.SkipReason() != "" {
			t.Errorf("%s: read %+v, want %+v", name, u, w)
			return
		}
	}
}
