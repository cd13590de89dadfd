package file

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

// besides opens users of Microsoft 365 with an export of mailboxes beside them.
func besides(t *testing.T, users, mailboxes string) (*Directory, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mbx.csv")
	if err := os.WriteFile(path, []byte(mailboxes), 0o600); err != nil {
		t.Fatal(err)
	}
	conn := source.ExportOf(source.M365, write(t, users))
	conn.Mailboxes = path
	d, err := Open(context.Background(), conn)
	if err == nil {
		t.Cleanup(func() { _ = d.Close() })
	}
	return d, err
}

// three are users, of whom two have one address.
const three = `[{"id":"` + guidA + `","userPrincipalName":"ann@x.example","mail":"ann@x.example"},` +
	`{"id":"` + guidB + `","userPrincipalName":"desk@x.example","mail":"info@x.example"},` +
	`{"id":"` + guidC + `","userPrincipalName":"info@x.example","mail":"info@x.example"}]`

func TestMailboxesBesideUsers(t *testing.T) {
	const ids = "ExternalDirectoryObjectId,UserPrincipalName,PrimarySmtpAddress,RecipientTypeDetails\n"
	for _, tt := range []struct {
		name, content string
		want          string // classes of the three, - for an unknown one
		note          string // "" where nothing is to be said
	}{
		{"by id, by name and number", ids + strings.ToUpper(guidA) + ",,,UserMailbox\n{" + guidB + "},,,4\n" + guidC + ",,,RoomMailbox\n", "user shared room", ""},
		{"by user principal name", "UserPrincipalName,RecipientTypeDetails\nANN@x.example,LinkedMailbox\ninfo@x.example,EquipmentMailbox\n", "linked - equipment", ""},
		{"by address", "PrimarySmtpAddress;RecipientTypeDetails\nann@x.example;UserMailbox\ninfo@x.example;SharedMailbox\n", "user - -", "of the 2 mailboxes in mbx.csv, 0 fit nobody in the export of the users, and 1 more than one"},
		{"the id alone counts where there is one", ids + "00000000-0000-4000-8000-000000000009,ann@x.example,ann@x.example,SharedMailbox\n", "- - -", "1 fit nobody"},
		{"Exchange's own without a user", ids + ",,,DiscoveryMailbox\n" + guidA + ",,,UserMailbox\n", "user - -", "1 fit nobody"},
		{"two mailboxes of one", ids + guidA + ",,,UserMailbox\n" + guidA + ",,,SharedMailbox\n", "- - -", "2 more than one"},
		{"the same mailbox twice", ids + guidA + ",,,UserMailbox\n" + guidA + ",,,UserMailbox\n", "user - -", ""},
		{"a type that is not known", ids + guidA + ",,,HVEAccount\n" + guidB + ",,,MailUser\n", "- - -", ""},
		{"JSON", `[{"ExternalDirectoryObjectId":"` + guidA + `","RecipientTypeDetails":"SharedMailbox","EmailAddresses":["SMTP:a@x"]},{"ExternalDirectoryObjectId":"` + guidB + `","RecipientTypeDetails":16}]`, "shared room -", ""},
		{"JSON of Exchange's own shell", `{"UserPrincipalName":"ann@x.example","PrimarySmtpAddress":{"Local":"ann","Address":"ann@x.example"},"RecipientTypeDetails":"SharedMailbox"}`, "shared - -", ""},
		{"UTF-16", encodeUTF16("\ufeff"+ids+guidA+",,,SharedMailbox\n", true), "shared - -", ""},
		{"Windows PowerShell 5", "#TYPE Selected.Microsoft.Exchange\r\n\"ExternalDirectoryObjectId\",\"RecipientTypeDetails\"\r\n\"" + guidA + "\",\"SharedMailbox\"\r\n", "shared - -", ""},
		{"nobody", ids, "- - -", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := besides(t, three, tt.content)
			if err != nil {
				t.Fatal(err)
			}
			users, err := collect(d, source.Scope{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range users {
				class := string(u.Class())
				if class == "" {
					class = "-"
				} else if u.Mailbox == nil || u.Mailbox.From != source.MailboxByExport {
					t.Errorf("%+v", u.Mailbox)
				}
				got = append(got, class)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			info, err := d.Info(context.Background())
			notes := strings.Join(info.Notes, " ")
			if err != nil || strings.Contains(notes, "mbx.csv") != (tt.note != "") || !strings.Contains(notes, tt.note) {
				t.Errorf("notes %q, %v", notes, err)
			}
		})
	}
}

// What is no export of Get-Mailbox, or not whole, is refused with what to do.
func TestWhatIsNoExportOfMailboxes(t *testing.T) {
	const header = "ExternalDirectoryObjectId,UserPrincipalName,RecipientTypeDetails\n"
	for _, tt := range []struct {
		name, content string
		code          source.Code
		want          string
	}{
		{"users", "Id,DisplayName,UserPrincipalName,Mail\n" + guidA + ",A,a@x,a@x\n", source.CodeUsage, "no export of Get-Mailbox: it lacks RecipientTypeDetails"},
		{"users in JSON", three, source.CodeUsage, "it lacks RecipientTypeDetails"},
		{"types of nobody", "DisplayName,RecipientTypeDetails\nA,UserMailbox\n", source.CodeUsage, "it lacks ExternalDirectoryObjectId"},
		{"a workbook", "PK\x03\x04[Content_Types].xml", source.CodeUsage, "an Excel workbook"},
		{"a web page", "<!DOCTYPE html><html></html>", source.CodeUsage, "a web page"},
		{"a table for the screen", "Name   Alias\n----   -----\nAnn    ann\n", source.CodeUsage, "no export of Get-Mailbox"},
		{"empty", "", source.CodeIncomplete, "empty"},
		{"blank", "\n\n", source.CodeIncomplete, ""},
		{"cut in a row", header + guidA + ",a@x,User", source.CodeIncomplete, "ends in the middle of a line"},
		{"cut in JSON", `[{"RecipientTypeDetails":"UserMailbox","UserPrincipalName":"a@x"},`, source.CodeIncomplete, "does not end"},
		{"an id that is none", header + "S-1-5-21,a@x,UserMailbox\n", source.CodeIncomplete, "no GUID"},
		{"a page of several", `{"value":[{"RecipientTypeDetails":"UserMailbox","UserPrincipalName":"a@x"}],"@odata.nextLink":"https://x"}`, source.CodeIncomplete, "next"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := besides(t, three, tt.content)
			if err == nil {
				_, err = collect(d, source.Scope{})
			}
			checkRefused(t, err, tt.code, tt.want)
			var refused *source.Error
			if errors.As(err, &refused); !strings.Contains(refused.Hint, "Get-Mailbox") && tt.name != "a workbook" && !strings.Contains(refused.Hint, "all pages") {
				t.Errorf("hint %q", refused.Hint)
			}
			if d != nil {
				_, err = d.Info(context.Background())
				checkRefused(t, err, tt.code, tt.want)
			}
		})
	}
	conn := source.ExportOf(source.M365, write(t, three))
	conn.Mailboxes = filepath.Join(t.TempDir(), "missing.csv")
	_, err := Open(context.Background(), conn)
	checkRefused(t, err, source.CodeUnreachable, "missing.csv")
}

// A brief read has the types too, and users are read no slower for each.
func TestBriefMailboxes(t *testing.T) {
	d, err := besides(t, three, "UserPrincipalName,RecipientTypeDetails\nann@x.example,SharedMailbox\n")
	if err != nil {
		t.Fatal(err)
	}
	users, err := collect(d, source.Scope{Brief: true})
	if err != nil || len(users) != 3 || users[0].Class() != source.MailboxShared {
		t.Errorf("%s, %v", fmt.Sprint(users), err)
	}
}
