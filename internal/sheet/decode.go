package sheet

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// ErrNotText is the error of what is in no encoding that is read.
var ErrNotText = errors.New("is not text in UTF-8, UTF-16 or Windows-1252")

// Decode makes UTF-8 of a file and drops the byte order mark. UTF-16 is told by
// its mark, or by the zero bytes that the ASCII letters of a header have in it;
// what is neither that nor UTF-8 is Windows-1252, which has no mark. Lines that end
// as on old Macs, which Excel still writes, end as elsewhere.
func Decode(data []byte) (string, error) {
	text, err := data, error(nil)
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), zeroAt(data, 1, 3):
		text, err = decodeUTF16(data, unicode.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}), zeroAt(data, 0, 2):
		text, err = decodeUTF16(data, unicode.BigEndian)
	case !utf8.Valid(data):
		text, err = decode1252(data)
	}
	if err != nil {
		return "", err
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return "", ErrNotText
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.IndexByte(text, '\n') < 0 {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	return string(text), nil
}

// decodeUTF16 refuses half characters, which the decoder would replace.
func decodeUTF16(data []byte, order unicode.Endianness) ([]byte, error) {
	text, err := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder().Bytes(data)
	if err != nil || len(data)%2 != 0 || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, ErrNotText
	}
	return text, nil
}

// zeroAt says whether two bytes of the text's beginning are zero.
func zeroAt(data []byte, i, j int) bool {
	return len(data) > 3 && data[i] == 0 && data[j] == 0
}

// decode1252 refuses UTF-8 with a few bytes gone wrong: read as Windows-1252, every
// umlaut in it would be another name.
func decode1252(data []byte) ([]byte, error) {
	whole, stray, line := 0, 0, 1
	for rest := data; len(rest) > 0; {
		switch r, n := utf8.DecodeRune(rest); {
		case n > 1:
			whole++
			rest = rest[n:]
		default:
			if r == utf8.RuneError {
				stray++
			} else if r == '\n' && stray == 0 {
				line++
			}
			rest = rest[1:]
		}
	}
	if whole > stray {
		return nil, &Error{line, errors.New("a byte is not UTF-8, as the rest of the file is")}
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) { // of a byte that it does not know
		return nil, ErrNotText
	}
	return text, nil
}
