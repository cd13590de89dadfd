package file

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// addText adds a value that a tool wrote as text: what LDAP has as bytes is
// made bytes again.
func (r *record) addText(a attr, text string) error {
	v, isHex := unhex(text)
	if !isHex {
		var err error
		switch a {
		case objectGUID, consistencyGUID:
			v, err = guidBytes(text)
		case objectSID:
			v, err = sidBytes(text)
		case pwdLastSet, accountExpires:
			v = fileTime(text)
		case mail:
			v = []byte(text) // adattr takes the blanks away
		case isDeleted, isRecycled, critical, enabled, neverExpires:
			v, err = truthBytes(text)
		default:
			v = []byte(text)
		}
		if err != nil {
			return err
		}
	}
	r.add(a, v)
	return nil
}

// fileTime reads a FILETIME, or a time as ldap3 writes it, as AD stores it: 100 ns
// since 1601.
func fileTime(text string) []byte {
	text = strings.TrimSpace(text)
	for _, layout := range []string{"2006-01-02 15:04:05.999999-07:00", "2006-01-02T15:04:05.999999Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			if t.Year() == 9999 || t.Year() == 1601 {
				return []byte("0")
			}
			return strconv.AppendInt(nil, (t.Unix()+11644473600)*1e7+int64(t.Nanosecond()/100), 10)
		}
	}
	return []byte(text) // adattr complains of what is no number
}

// truthBytes writes True and False as AD does, whatever Excel made of them.
func truthBytes(text string) ([]byte, error) {
	yes, err := truth(text)
	return bytes.ToUpper(strconv.AppendBool(nil, yes)), err
}

// guidBytes reads a GUID, dashed or in base64, as AD stores it: the first three
// groups little-endian. Scripts write the bytes one by one: 219 43 177 …, or in hex
// DB-2B-B1-….
func guidBytes(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if b, ok := byteTexts(text); ok {
		return b, nil
	}
	if b, err := base64.StdEncoding.DecodeString(text); err == nil && len(b) == 16 {
		return b, nil
	}
	b, err := adattr.GUIDBytes(strings.Trim(text, "{}"))
	if err != nil {
		return nil, fmt.Errorf("%.60q is no GUID", text)
	}
	return b, nil
}

// byteTexts reads sixteen bytes that stand one by one.
func byteTexts(text string) ([]byte, bool) {
	parts, base := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }), 10
	if len(parts) == 1 {
		parts, base = strings.Split(text, "-"), 16
	}
	if len(parts) != 16 {
		return nil, false
	}
	b := make([]byte, 16)
	for i, p := range parts {
		n, err := strconv.ParseUint(p, base, 8)
		if err != nil {
			return nil, false
		}
		b[i] = byte(n)
	}
	return b, true
}

// sidBytes reads a security identifier, S-1-5-… or in base64, as AD stores it.
func sidBytes(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "S-") || strings.HasPrefix(text, "s-") {
		return adattr.SIDBytes(text)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) < 8 {
		return nil, fmt.Errorf("%.60q is no SID", text)
	}
	return b, nil
}

// splitNames takes the distinguished names out of a text in which a tool put one behind
// another, however it parted them: each ends with the steps of its domain. It is not
// ok where the text holds anything else, or was cut.
func splitNames(text string) (names []string, ok bool) {
	text = strings.TrimSpace(text)
	names, isList := jsonList(text)
	switch {
	case isCutList(text):
		return nil, false
	case isList:
	case strings.HasPrefix(text, "X'"), strings.Contains(text, ";X'"): // csvde, of names beyond ASCII
		for _, part := range strings.Split(text, ";") {
			if b, isHex := unhex(part); isHex {
				part = string(b)
			}
			names = append(names, part)
		}
	default:
		text = strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
		start := 0
		for i := range len(text) {
			if strings.IndexByte(";,| \t\r\n", text[i]) >= 0 && beginsName(strings.TrimLeft(text[i+1:], " \t\r\n")) && hasDomain(text[start:i]) {
				names = append(names, text[start:i])
				start = i + 1
			}
		}
		names = append(names, text[start:])
	}
	for i, name := range names {
		names[i] = strings.Trim(name, ";,| \t\r\n")
		if _, err := source.ParseDN(names[i]); err != nil || !hasDomain(names[i]) {
			return nil, false
		}
	}
	return names, true
}

func beginsName(s string) bool {
	return len(s) > 3 && (strings.EqualFold(s[:3], "CN=") || strings.EqualFold(s[:3], "OU="))
}

// hasDomain says whether a name has come to the steps of its domain.
func hasDomain(name string) bool {
	lower := strings.ToLower(name)
	i := strings.LastIndex(lower, ",dc=")
	return i > 0 && lower[i-1] != '\\'
}
