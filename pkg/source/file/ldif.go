package file

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"
)

// ldifReader reads the content records of LDIF (RFC 2849) as ldifde, ldapsearch
// and ldbsearch write them.
//
// A cut file shows by a last line without line end, a last record without the
// empty line after it, and closing lines of ldapsearch or ldbsearch that are
// missing or count other than what was read. A file that was written by hand, or
// by a script, may lack the last empty line: its last record is taken as whole if
// it ends with an attribute with which another record of its kind ended, or if
// there are too few others to tell and ldifde did not write them. A file that is
// cut right behind a record shows nothing.
type ldifReader struct {
	in   *stream
	text *bufio.Reader
	line int // of the physical line read last

	decoded  []byte         // the base64 value read last
	lastName []byte         // of the attribute read last
	endings  map[ending]int // how many complete records ended how
	ldifde   bool           // it wrote the file, and ends each record with an empty line
	closing  closing
}

type ending struct {
	user bool
	name string
}

// closing is what the comments of a search tool promise.
type closing struct {
	expected bool // the tool writes closing lines
	seen     bool
	entries  int // entries read so far
	counted  int // entries that closing lines accounted for
	more     bool
}

func newLDIFReader(in *stream) *ldifReader {
	return &ldifReader{in: in, text: bufio.NewReaderSize(in, bufferSize), endings: map[ending]int{}}
}

// next reads a record, io.EOF after the last one.
func (l *ldifReader) next(rec *record) error {
	for {
		l.in.renew()
		hasDN, err := l.readRecord(rec)
		if err != nil {
			return err
		}
		if hasDN {
			l.closing.entries++
			return nil
		}
	}
}

// readRecord reads the lines up to the next empty one. What ldapsearch says of
// the search itself is a record without a DN.
func (l *ldifReader) readRecord(rec *record) (hasDN bool, err error) {
	rec.reset(0)
	begun := false
	for {
		start, at := len(rec.buf), l.line+1
		err := l.readLine(rec)
		if errors.Is(err, io.EOF) {
			if !begun {
				return false, l.finish()
			}
			return hasDN, l.checkEnd(rec, hasDN)
		}
		if err != nil {
			return false, err
		}
		line := rec.buf[start:]
		switch {
		case len(line) == 0 && !begun:
			continue
		case len(line) == 0:
			if hasDN {
				l.rememberEnd(rec)
			}
			return hasDN, nil
		case line[0] == '#':
			err = l.comment(at, string(line))
			rec.buf = rec.buf[:start]
		case begun && hasDN:
			err = l.attribute(rec, at, start)
		case begun:
			err = l.searchResult(at, line)
			rec.buf = rec.buf[:start]
		default:
			rec.line = at
			rec.buf = append(rec.buf[:start], bytes.TrimPrefix(line, []byte("\ufeff"))...) // of a file that was joined
			begun, hasDN, err = l.firstLine(rec, at, start)
		}
		if err != nil {
			return false, err
		}
	}
}

// readLine appends the next line to rec.buf, folded lines joined, without its
// line end. io.EOF means that there is no further line.
func (l *ldifReader) readLine(rec *record) error {
	start := len(rec.buf) // before it are values, which may end in a carriage return
	for begun := false; ; begun = true {
		if begun {
			if c, err := l.text.Peek(1); err != nil || c[0] != ' ' {
				if err != nil && !errors.Is(err, io.EOF) {
					return l.in.failed(l.line, err)
				}
				return nil
			}
			_, _ = l.text.Discard(1)
		}
		for more := true; more; {
			part, err := l.text.ReadSlice('\n')
			more = errors.Is(err, bufio.ErrBufferFull)
			rec.buf = append(rec.buf, part...)
			if errors.Is(err, io.EOF) {
				if len(part) == 0 && !begun {
					return io.EOF
				}
				return l.in.damaged(l.line+1, "the file ends in the middle of a line")
			}
			if err != nil && !more {
				return l.in.failed(l.line+1, err)
			}
		}
		l.line++
		rec.buf = rec.buf[:len(rec.buf)-1]
		if n := len(rec.buf); n > start && rec.buf[n-1] == '\r' {
			rec.buf = rec.buf[:n-1]
		}
	}
}

// firstLine reads the line that begins a record. The version line begins none.
func (l *ldifReader) firstLine(rec *record, at, start int) (begun, hasDN bool, err error) {
	line := rec.buf[start:]
	name, raw, ok := bytes.Cut(line, []byte(":"))
	switch {
	case !ok:
		return false, false, l.in.damaged(at, "a record begins without dn:")
	case bytes.EqualFold(name, []byte("dn")):
		v, err := l.decode(at, name, raw)
		rec.dn = string(v)
		rec.buf = rec.buf[:start]
		l.lastName = append(l.lastName[:0], name...)
		return true, true, err
	case bytes.EqualFold(name, []byte("version")): // ldapsearch -L repeats it on each page
		if v := string(bytes.TrimSpace(raw)); v != "1" {
			return false, false, l.in.unsuitable(at, "", "LDIF of version %.20q, not 1", v)
		}
		rec.buf = rec.buf[:start]
		return false, false, nil
	case isSearchLine(name):
		err := l.searchResult(at, line)
		rec.buf = rec.buf[:start]
		return true, false, err
	}
	return false, false, l.in.damaged(at, "a record begins with %.40q instead of dn:", name)
}

// attribute reads a line of a record that stands at the end of rec.buf.
func (l *ldifReader) attribute(rec *record, at, start int) error {
	line := rec.buf[start:]
	name, raw, ok := bytes.Cut(line, []byte(":"))
	switch {
	case len(line) == 1 && line[0] == '-':
		return l.changeRecord(at)
	case !ok || len(name) == 0:
		return l.in.damaged(at, "the line has no attribute name")
	case bytes.EqualFold(name, []byte("dn")):
		return l.in.damaged(at, "a second dn: in one record")
	case bytes.EqualFold(name, []byte("changetype")):
		// ldifde writes its exports so that they can be added elsewhere.
		if !strings.EqualFold(string(bytes.TrimSpace(raw)), "add") {
			return l.changeRecord(at)
		}
		l.ldifde = true
	}
	l.lastName = append(l.lastName[:0], name...)

	name, option, _ := bytes.Cut(name, []byte(";"))
	a := rec.attrs.find(name)
	if a == none || len(option) > 0 && !l.isSameAttribute(option) {
		rec.buf = rec.buf[:start]
		return nil
	}
	isPart := bytes.HasPrefix(option, []byte("range=")) && !bytes.HasSuffix(option, []byte("*"))
	rec.partial = rec.partial || isPart && a == member // of use nevertheless, where users name their groups
	if isPart && a != member {
		return l.in.damaged(at, "%.60q holds a part of the values only", line[:len(name)+1+len(option)])
	}
	v, err := l.decode(at, name, raw)
	if err != nil {
		return err
	}
	rec.buf = rec.buf[:start]
	if isSpelled(a, v) {
		if err := rec.addText(a, string(v)); err != nil {
			return l.in.wrong(at, err)
		}
		return nil
	}
	rec.add(a, v)
	return nil
}

// isSpelled says whether a tool, ldbsearch for one, wrote bytes as text. A GUID
// of 16 bytes and a SID, which begins with 1, never look like it.
func isSpelled(a attr, v []byte) bool {
	switch a {
	case objectGUID, consistencyGUID:
		return len(v) >= 36
	case objectSID:
		return bytes.HasPrefix(v, []byte("S-1-"))
	}
	return false
}

// isSameAttribute says whether an option leaves the attribute what it is;
// others, of languages, make another attribute of it.
func (l *ldifReader) isSameAttribute(option []byte) bool {
	return bytes.EqualFold(option, []byte("binary")) || bytes.HasPrefix(option, []byte("range="))
}

// decode reads what follows the first colon of a line. The value is valid until
// the next line.
func (l *ldifReader) decode(at int, name, raw []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(raw, []byte(":")):
		v, err := base64.StdEncoding.AppendDecode(l.decoded[:0], bytes.TrimSpace(raw[1:]))
		if err != nil {
			return nil, l.in.damaged(at, "the base64 value of %.40q is damaged", name)
		}
		l.decoded = v
		return v, nil
	case bytes.HasPrefix(raw, []byte("<")):
		return nil, l.in.unsuitable(at, "export without the option that writes values to files of their own",
			"the value of %.40q lies in another file", name)
	}
	return bytes.TrimLeft(raw, " "), nil
}

func (l *ldifReader) changeRecord(at int) error {
	return l.in.unsuitable(at, "export the users with `ldifde -f FILE` or `ldapsearch`",
		"the file holds changes to a directory, not an export of one")
}

// isSearchLine knows the lines that ldapsearch writes beside entries.
func isSearchLine(name []byte) bool {
	switch strings.ToLower(string(name)) {
	case "search", "result", "ref", "control", "pagedresults", "matcheddn", "text":
		return true
	}
	return false
}

// searchResult reads a line in which ldapsearch says how the search went.
func (l *ldifReader) searchResult(at int, line []byte) error {
	name, v, _ := strings.Cut(string(line), ":")
	v = strings.TrimSpace(v)
	switch strings.ToLower(name) {
	case "result":
		if code, _, _ := strings.Cut(v, " "); code != "0" {
			return l.in.damaged(at, "the search ended with an error: %.80q", v)
		}
	case "pagedresults":
		l.cookie(v)
	default:
		if !isSearchLine([]byte(name)) {
			return l.in.damaged(at, "%.40q stands outside any record", name)
		}
	}
	return nil
}

func (l *ldifReader) cookie(v string) {
	if _, cookie, ok := strings.Cut(v, "cookie="); ok {
		l.closing.more = strings.TrimSpace(cookie) != ""
	}
}

// comment reads what the search tools say in comments: that they will close
// the file with a count, and the count.
func (l *ldifReader) comment(at int, text string) error {
	text = strings.TrimSpace(strings.TrimPrefix(text, "#"))
	c := &l.closing
	switch {
	case text == "extended LDIF", text == "LDAPv3":
		c.expected = true
	case isCount(text, "record ", ""):
		c.expected = true
	case isCount(text, "numResponses:", ""), isCount(text, "returned ", " records"):
		c.seen = true
	case strings.HasPrefix(text, "pagedresults:"):
		l.cookie(text)
	}
	n, counts := count(text, "numEntries:", "")
	if !counts && c.seen {
		n, counts = count(text, "", " entries")
	}
	if !counts {
		return nil
	}
	// Some versions count each page of a paged search, others all of it.
	if n != c.entries && n != c.entries-c.counted {
		return l.in.damaged(at, "the export counts %d entries, and %d are in the file", n, c.entries)
	}
	c.counted = c.entries
	return nil
}

// count reads the number between prefix and suffix.
func count(text, prefix, suffix string) (int, bool) {
	text, ok1 := strings.CutPrefix(text, prefix)
	text, ok2 := strings.CutSuffix(text, suffix)
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return n, ok1 && ok2 && err == nil
}

func isCount(text, prefix, suffix string) bool {
	_, ok := count(text, prefix, suffix)
	return ok
}

// rememberEnd keeps how a complete record ended.
func (l *ldifReader) rememberEnd(rec *record) {
	l.endings[ending{rec.isUser(), string(l.lastName)}]++
}

// checkEnd decides on a record that the end of the file ended.
func (l *ldifReader) checkEnd(rec *record, hasDN bool) error {
	const few = 10 // records of one kind in a file that was written by hand
	user := rec.isUser()
	if !hasDN || l.endings[ending{user, string(l.lastName)}] > 0 {
		return nil
	}
	alike := 0
	for end, n := range l.endings {
		if end.user == user {
			alike += n
		}
	}
	if alike < few && !l.ldifde && rec.first(objectGUID) != nil {
		return nil
	}
	return l.in.incomplete(rec.line, "if the file is whole, add an empty line at its end; "+l.in.again(),
		"the file seems to end inside this record: no empty line follows it")
}

// finish checks at the end of the file what its closing lines said.
func (l *ldifReader) finish() error {
	switch c := l.closing; {
	case c.expected && !c.seen:
		return l.in.damaged(l.line, "the file is cut: the closing lines of the search are missing")
	case c.more:
		return l.in.damaged(l.line, "the search ended before its last page")
	}
	return io.EOF
}
