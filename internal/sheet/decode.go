// Package sheet reads CSV as spreadsheets save it, in whichever encoding and
// with whichever separator.
package sheet

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// ErrNotText is the error of Decode.
var ErrNotText = errors.New("is not text in UTF-8, UTF-16 or Windows-1252")

// Decode makes UTF-8 of a file and drops the byte order mark. UTF-16 is told by
// its mark, or by the zero bytes that the ASCII letters of a header have in it;
// what is neither that nor UTF-8 is Windows-1252, which has no mark. Lines that end
// as on old Macs, which Excel still writes, end as elsewhere; and a first line that
// tells Excel the separator, as in sep=; is emptied.
func Decode(data []byte) (string, error) {
	text, err := data, error(nil)
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), zeroAt(data, 1, 3):
		text, err = decodeUTF16(data, unicode.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}), zeroAt(data, 0, 2):
		text, err = decodeUTF16(data, unicode.BigEndian)
	case !utf8.Valid(data):
		text, err = charmap.Windows1252.NewDecoder().Bytes(data)
		if bytes.ContainsRune(text, utf8.RuneError) { // of a byte that it does not know
			err = ErrNotText
		}
	}
	if err != nil || bytes.IndexByte(text, 0) >= 0 {
		return "", ErrNotText
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.IndexByte(text, '\n') < 0 {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	if line, _, _ := bytes.Cut(text, []byte("\n")); len(bytes.TrimRight(line, "\r")) == len("sep=;") && bytes.HasPrefix(bytes.ToLower(line), []byte("sep=")) {
		text = text[len("sep=;"):]
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

// Separator is the one of comma, semicolon and tab that parts the first line
// most often, outside quotes.
func Separator(text string) rune {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	counts := map[rune]int{}
	quoted := false
	for _, c := range first {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[c]++
		}
	}
	best := ','
	for _, c := range ";\t" {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}
