// Package charset reads text that is not Unicode: in the code page that its
// writer names, or in the one that the text itself shows it to be written in.
package charset

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// Charset is a code page of one byte a character.
type Charset struct {
	Name  string
	table *charmap.Charmap
}

// The code pages that [Guesser] tells apart.
var (
	Windows1252 = Charset{"windows-1252", charmap.Windows1252}
	Windows1250 = Charset{"windows-1250", charmap.Windows1250}
	CodePage850 = Charset{"cp850", charmap.CodePage850}
)

// all are the code pages that a person can name.
func all() []Charset {
	return []Charset{
		Windows1252, Windows1250, CodePage850,
		{"cp437", charmap.CodePage437}, {"cp852", charmap.CodePage852}, {"cp866", charmap.CodePage866},
		{"windows-1251", charmap.Windows1251}, {"windows-1253", charmap.Windows1253}, {"windows-1254", charmap.Windows1254},
		{"windows-1255", charmap.Windows1255}, {"windows-1256", charmap.Windows1256}, {"windows-1257", charmap.Windows1257},
		{"windows-1258", charmap.Windows1258}, {"iso-8859-1", charmap.ISO8859_1}, {"iso-8859-2", charmap.ISO8859_2},
		{"iso-8859-15", charmap.ISO8859_15}, {"macintosh", charmap.Macintosh},
	}
}

// Named finds a code page by its name, as [source.Encodings] spells it.
func Named(name string) (Charset, bool) {
	for _, c := range all() {
		if c.Name == name {
			return c, true
		}
	}
	return Charset{}, false
}

// ByteError is a byte that the code page does not have.
type ByteError struct {
	Charset string
	Byte    byte
	Line    int
}

func (e *ByteError) Error() string {
	return fmt.Sprintf("the byte 0x%02X in line %d is no character of %s", e.Byte, e.Line, e.Charset)
}

// Decoder makes UTF-8 of text in the code page. A byte that it does not have is a
// [ByteError].
func (c Charset) Decoder() transform.Transformer { return &decoder{charset: c, line: 1} }

type decoder struct {
	charset Charset
	line    int
}

func (d *decoder) Reset() { d.line = 1 }

func (d *decoder) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	for _, b := range src {
		if b == '\n' {
			d.line++
		}
		r := d.charset.table.DecodeByte(b)
		if r == utf8.RuneError {
			return nDst, nSrc, &ByteError{d.charset.Name, b, d.line}
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			if b == '\n' {
				d.line--
			}
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc++
	}
	return nDst, nSrc, nil
}

// word decodes a word; ok is false where a byte is not in the code page.
func (c Charset) word(w string) (runes []rune, ok bool) {
	for i := range len(w) {
		r := c.table.DecodeByte(w[i])
		if r == utf8.RuneError {
			return nil, false
		}
		runes = append(runes, r)
	}
	return runes, true
}

func (c Charset) text(w string) string {
	runes, _ := c.word(w)
	return string(runes)
}

// Text decodes a text; what the code page does not have makes it "".
func (c Charset) Text(b []byte) string { return c.text(string(b)) }

// sorted returns the keys of a set in order.
func sorted(set map[string]bool) []string {
	var list []string
	for w := range set {
		list = append(list, w)
	}
	slices.Sort(list)
	return list
}
