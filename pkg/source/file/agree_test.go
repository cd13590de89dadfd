package file

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

// The sample company says the same in whatever format AD's tools write it.
func TestFormatsAgree(t *testing.T) {
	in, err := openInput(source.AD, contoso+"ad.ldif", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.file.Close() })
	want, err := read(contoso+"ad.ldif", source.AD)
	if err != nil {
		t.Fatal(err)
	}

	names := []string{
		"objectClass", "objectGUID", "objectSid", "sAMAccountName", "sAMAccountType", "userAccountControl", "userPrincipalName",
		"displayName", "givenName", "sn", "initials", "mail", "proxyAddresses", "employeeID", "department", "title", "company",
		"telephoneNumber", "isCriticalSystemObject", "pwdLastSet", "accountExpires",
		"primaryGroupID", "adminCount", "servicePrincipalName",
	}
	var csvde, jsonLines strings.Builder
	fmt.Fprintf(&csvde, "DN,%s\r\n", strings.Join(names, ","))
	records, rec := newLDIFReader(in.open(t.Context())), record{attrs: newAttrs()}
	for {
		err := records.next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		cells, object := []string{quoteCell(rec.dn)}, map[string]any{"distinguishedName": rec.dn}
		for _, name := range names {
			values := rec.get(name)
			cells = append(cells, csvdeCell(name, values))
			if len(values) > 0 {
				object[name] = jsonValue(name, values)
			}
		}
		csvde.WriteString(strings.Join(cells, ",") + "\r\n")
		line, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		jsonLines.Write(append(line, '\n'))
	}
	for format, content := range map[string]string{"csvde": csvde.String(), "JSON lines": jsonLines.String()} {
		got := mustRead(t, source.AD, content)
		if len(got) != len(want) {
			t.Errorf("%s: %d users, want %d", format, len(got), len(want))
			continue
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("%s:\ngot  %+v\nwant %+v", format, got[i], want[i])
			}
		}
	}
}

func quoteCell(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// csvdeCell writes bytes and what is not ASCII in hex, and lists with semicolons.
func csvdeCell(name string, values [][]byte) string {
	var parts []string
	for _, v := range values {
		isText := name != "objectGUID" && name != "objectSid"
		for _, b := range v {
			isText = isText && b >= ' ' && b <= '~'
		}
		if isText {
			parts = append(parts, string(v))
		} else {
			parts = append(parts, "X'"+hex.EncodeToString(v)+"'")
		}
	}
	if cell := strings.Join(parts, ";"); cell != "" {
		return quoteCell(cell)
	}
	return ""
}

// jsonValue writes bytes as numbers, and lists of one as they are.
func jsonValue(name string, values [][]byte) any {
	if name == "objectGUID" || name == "objectSid" {
		numbers := make([]int, len(values[0]))
		for i, b := range values[0] {
			numbers[i] = int(b)
		}
		return numbers
	}
	if len(values) == 1 {
		return string(values[0])
	}
	var list []string
	for _, v := range values {
		list = append(list, string(v))
	}
	return list
}
