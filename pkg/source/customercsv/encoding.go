package customercsv

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

var errNotText = errors.New("is not text in UTF-8, UTF-16 or Windows-1252")

// decode makes UTF-8 of a file. UTF-16 is told by its byte order mark, or by the
// zero bytes that the ASCII letters of a header have in it; what is neither that
// nor UTF-8 is Windows-1252, which has no mark.
func decode(data []byte) (string, error) {
	text, err := data, error(nil)
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), zeroAt(data, 1, 3):
		text, err = decodeUTF16(data, unicode.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}), zeroAt(data, 0, 2):
		text, err = decodeUTF16(data, unicode.BigEndian)
	case !utf8.Valid(data):
		text, err = charmap.Windows1252.NewDecoder().Bytes(data)
		if bytes.ContainsRune(text, utf8.RuneError) { // of a byte that it does not know
			err = errNotText
		}
	}
	if err != nil || bytes.IndexByte(text, 0) >= 0 {
		return "", errNotText
	}
	return string(bytes.TrimPrefix(text, []byte("\ufeff"))), nil
}

// decodeUTF16 refuses half characters, which the decoder would replace.
func decodeUTF16(data []byte, order unicode.Endianness) ([]byte, error) {
	text, err := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder().Bytes(data)
	if err != nil || len(data)%2 != 0 || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, errNotText
	}
	return text, nil
}

// zeroAt says whether two bytes of the text's beginning are zero.
func zeroAt(data []byte, i, j int) bool {
	return len(data) > 3 && data[i] == 0 && data[j] == 0
}
