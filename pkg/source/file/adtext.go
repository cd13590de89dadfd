package file

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
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
		case isDeleted, isRecycled, critical, enabled:
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
	dashed := strings.Trim(text, "{}")
	g := strings.Split(dashed, "-")
	b, err := hex.DecodeString(strings.Join(g, ""))
	if err != nil || len(b) != 16 || len(g) != 5 || len(g[0]) != 8 || len(g[1]) != 4 || len(g[2]) != 4 || len(g[3]) != 4 {
		return nil, fmt.Errorf("%.60q is no GUID", text)
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5] = b[5], b[4]
	b[6], b[7] = b[7], b[6]
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
	parts := strings.Split(text, "-")
	bad := fmt.Errorf("%.60q is no SID", text)
	if !strings.EqualFold(parts[0], "S") {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(b) < 8 {
			return nil, bad
		}
		return b, nil
	}
	if len(parts) < 3 || len(parts) > 3+15 || parts[1] != "1" {
		return nil, bad
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return nil, bad
	}
	b := binary.BigEndian.AppendUint64(nil, authority)
	b[0], b[1] = 1, byte(len(parts)-3)
	for _, p := range parts[3:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, bad
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return b, nil
}
