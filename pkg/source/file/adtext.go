package file

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

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
