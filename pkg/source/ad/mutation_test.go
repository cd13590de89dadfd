package ad

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// record returns the answer to a search for three users, byte for byte as it
// goes over the wire, as the answer to message 1.
func record(t testing.TB) []byte {
	t.Helper()
	return recordOf(t, onUsers, func(d *Directory) {
		if users, err := read(t.Context(), d, source.Scope{}); err != nil || len(users) != 3 {
			t.Fatalf("%d users, %v", len(users), err)
		}
	})
}

// recordOf returns what a server with three users, of few attributes each, sends
// in answer to the one request in ask that on picks.
func recordOf(t testing.TB, on func(*ldapfake.Request) bool, ask func(*Directory)) []byte {
	t.Helper()
	var answer []byte
	entries := company(3)
	for _, e := range entries[2:] {
		for name := range e.Attrs {
			switch name {
			case "objectClass", "objectGUID", "sAMAccountType", "sAMAccountName", "userAccountControl":
			default:
				delete(e.Attrs, name)
			}
		}
	}
	_, cfg := start(t, ldapfake.Options{Entries: entries, Faults: ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
		if on(a.Request) {
			one := bytes.Clone(a.Bytes)
			if one[6] != 0x02 || one[7] != 1 { // the message id follows six bytes of header
				t.Errorf("an id of %d bytes", one[7])
			}
			one[8] = 1
			answer = append(answer, one...)
		}
		return a.Bytes, nil
	}}})
	ask(open(t, cfg))
	return answer
}

// recording is a connection to a server that, once asked, gives the answer and
// hangs up. It has no deadlines: it never makes anybody wait.
type recording struct {
	net.Conn
	answer *bytes.Reader
	asked  chan struct{}
	once   sync.Once
}

func (c *recording) begin()                           { c.once.Do(func() { close(c.asked) }) }
func (c *recording) Close() error                     { c.begin(); return nil }
func (c *recording) Write(p []byte) (int, error)      { c.begin(); return len(p), nil }
func (c *recording) Read(p []byte) (int, error)       { <-c.asked; return c.answer.Read(p) }
func (c *recording) SetReadDeadline(time.Time) error  { return nil }
func (c *recording) SetWriteDeadline(time.Time) error { return nil }

// replay reads users from a recording.
func replay(t testing.TB, answer []byte) (users []source.User, err error) {
	t.Helper()
	err = replayTo(t, answer, func(d *Directory) error {
		users, err = read(t.Context(), d, source.Scope{})
		return err
	})
	return users, err
}

// replayTo has ask answered from a recording.
func replayTo(t testing.TB, answer []byte, ask func(*Directory) error) error {
	t.Helper()
	conn := &recording{answer: bytes.NewReader(answer), asked: make(chan struct{})}
	g := newGuard(conn, conn, "replay")
	d := &Directory{conn: ldap.NewConn(g, true), guard: g, log: func(string, ...any) {}, root: domain, base: domain, maxPages: 3}
	d.conn.Start()
	defer d.Close()
	begin := time.Now()
	err := ask(d)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if err != nil && source.CodeOf(err) == "" {
		t.Errorf("an error without a code: %v", err)
	}
	return err
}

// An answer that was changed in one place is the whole truth or an error: no
// panic, no hang, and never fewer users than were sent. Which text a user has
// is not looked at: a changed letter is still a letter, and only TLS tells.
func TestMutations(t *testing.T) {
	whole := record(t)
	if users, err := replay(t, whole); err != nil || len(users) != 3 {
		t.Fatalf("the answer as it was: %d users, %v", len(users), err)
	}
	refused := 0
	try := func(answer []byte, what string, at int, to byte) {
		users, err := replay(t, answer)
		if err == nil && len(users) != 3 {
			t.Errorf("%s at byte %d (%#x) of %d: %d users and no error", what, at, to, len(whole), len(users))
		}
		if err != nil {
			refused++
		}
	}
	for at := range whole {
		if users, err := replay(t, whole[:at]); err == nil {
			t.Errorf("cut at byte %d: %d users and no error", at, len(users))
		}
		for bit := at % 2; bit < 8; bit += 2 { // the others are for the fuzzer
			flipped := bytes.Clone(whole)
			flipped[at] ^= 1 << bit
			try(flipped, "a flipped bit", at, flipped[at])
		}
		for _, to := range []byte{0x00, 0xff, whole[at] + 1} {
			changed := bytes.Clone(whole)
			changed[at] = to
			try(changed, "another byte", at, to)
		}
		try(append(append(bytes.Clone(whole[:at]), 0), whole[at:]...), "an inserted byte", at, 0)
		try(append(bytes.Clone(whole[:at]), whole[at+1:]...), "a lost byte", at, whole[at])
	}
	t.Logf("%d bytes; %d of the changed answers were refused", len(whole), refused)
	if refused < 2*len(whole) {
		t.Errorf("only %d were refused", refused)
	}
}

// mutate hands over an answer as it is after one place of it was changed.
func mutate(whole []byte, try func(answer []byte, what string, at int)) {
	for at := range whole {
		for bit := range 8 {
			flipped := bytes.Clone(whole)
			flipped[at] ^= 1 << bit
			try(flipped, "a flipped bit", at)
		}
		for _, to := range []byte{0x00, 0xff, whole[at] + 1} {
			changed := bytes.Clone(whole)
			changed[at] = to
			try(changed, "another byte", at)
		}
		try(slices.Insert(bytes.Clone(whole), at, 0), "an inserted byte", at)
		try(slices.Delete(bytes.Clone(whole), at, at+1), "a lost byte", at)
	}
}

// An answer about one user that was cut or changed in one place never makes him
// absent, and one that there is none never makes a user.
func TestFindMutations(t *testing.T) {
	for name, c := range map[string]struct {
		who    ldapfake.Entry
		absent bool
	}{"there": {person(1), false}, "absent": {person(99), true}} {
		id := idOf(t, c.who)
		replay := func(answer []byte) (u *source.User, err error) {
			err = replayTo(t, answer, func(d *Directory) error {
				u, err = find(t, d, id)
				return err
			})
			return u, err
		}
		whole := recordOf(t, onFind, func(d *Directory) { _, _ = find(t, d, id) })
		if u, err := replay(whole); err != nil || (u == nil) != c.absent {
			t.Fatalf("%s: the answer as it was: %+v, %v", name, u, err)
		}
		// What kind of object it is stands in one value: other digits there are
		// another kind, and only TLS tells.
		kind := bytes.Index(whole, []byte(adattr.UserType))
		refused, tried := 0, 0
		for at := range whole {
			if u, err := replay(whole[:at]); err == nil {
				t.Errorf("%s, cut at byte %d of %d: %+v and no error", name, at, len(whole), u)
			}
		}
		mutate(whole, func(answer []byte, what string, at int) {
			u, err := replay(answer)
			tried++
			if err != nil {
				refused++
			} else if inKind := kind >= 0 && kind <= at && at < kind+len(adattr.UserType); (u == nil) != c.absent && !inKind {
				t.Errorf("%s, %s at byte %d of %d: %+v and no error", name, what, at, len(whole), u)
			}
		})
		t.Logf("%s: %d bytes, %d of %d changed answers were refused", name, len(whole), refused, tried)
		if refused < tried/4 {
			t.Errorf("%s: only %d were refused", name, refused)
		}
	}
}

// sent counts the users in an answer with another decoder than the guard's, up
// to the end of the search.
func sent(answer []byte) int {
	guids := map[string]bool{}
	in := bytes.NewReader(answer)
	for {
		p, err := ber.ReadPacket(in)
		if err != nil || len(p.Children) < 2 || p.Children[1].ClassType != ber.ClassApplication {
			return len(guids)
		}
		switch op := p.Children[1]; op.Tag {
		case 4:
			for _, a := range op.Children[1].Children {
				if bytes.EqualFold(a.Children[0].ByteValue, []byte("objectGUID")) {
					guids[string(a.Children[1].Children[0].ByteValue)] = true
				}
			}
		case 5:
			return len(guids)
		}
	}
}

// Whatever a server may send: no panic, no hang, and what is read without an
// error is as much as was sent.
func FuzzAnswer(f *testing.F) {
	whole := record(f)
	f.Add(whole)
	for at := 0; at < len(whole); at += 37 {
		f.Add(whole[:at])
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0x20
		f.Add(flipped)
	}
	f.Add(append(envelope(1, nested(40, 10)), whole...))
	f.Add(append(envelope(0, element(0x78, element(0x0a, []byte{52}), element(0x04), element(0x04))), whole...))
	f.Fuzz(func(t *testing.T, answer []byte) {
		users, err := replay(t, answer)
		if err == nil && len(users) != sent(answer) {
			t.Errorf("%d users without an error, %d were sent", len(users), sent(answer))
		}
	})
}

// The shape of a message is that of RFC 4511 and no other.
func TestParseMessage(t *testing.T) {
	entry := element(0x64, element(0x04, []byte("CN=x")), element(0x30))
	done := element(0x65, element(0x0a, []byte{0}), element(0x04), element(0x04))
	control := func(parts ...[]byte) []byte { return element(0xa0, element(0x30, parts...)) }
	oid, paging := element(0x04, []byte(ldap.ControlTypePaging)), element(0x30, element(0x02, []byte{0}), element(0x04))
	for name, c := range map[string]struct {
		b  []byte
		ok bool
	}{
		"entry":                      {envelope(1, entry), true},
		"done":                       {envelope(1, done), true},
		"done with a referral":       {envelope(1, element(0x65, element(0x0a, []byte{10}), element(0x04), element(0x04), element(0xa3, element(0x04)))), true},
		"reference":                  {envelope(1, element(0x73, element(0x04))), true},
		"control":                    {envelope(1, done, control(oid, element(0x01, []byte{255}), element(0x04, paging))), true},
		"control of others":          {envelope(1, done, control(element(0x04, []byte("1.2.3")))), true},
		"short lengths":              {[]byte{0x30, 9, 2, 1, 1, 0x64, 4, 4, 0, 0x30, 0}, true},
		"nothing":                    {nil, false},
		"something behind":           {append(envelope(1, entry), 0), false},
		"too short":                  {envelope(1, entry)[:12], false},
		"no operation":               {envelope(1), false},
		"no number":                  {element(0x30, entry), false},
		"a number of 5 bytes":        {element(0x30, element(0x02, []byte{0, 0, 0, 0, 1}), entry), false},
		"a negative number":          {element(0x30, element(0x02, []byte{0x80}), entry), false},
		"an indefinite length":       {[]byte{0x30, 0x80, 2, 1, 1, 0x64, 4, 4, 0, 0x30, 0, 0, 0}, false},
		"a long tag":                 {envelope(1, element(0x7f, entry)), false},
		"an entry without a list":    {envelope(1, element(0x64, element(0x04))), false},
		"a value that is no octets":  {envelope(1, element(0x64, element(0x04), element(0x30, element(0x30, element(0x04, []byte("cn")), element(0x31, element(0x0c)))))), false},
		"a set that is none":         {envelope(1, element(0x64, element(0x04), element(0x30, element(0x30, element(0x04, []byte("cn")), element(0x11))))), false},
		"an attribute without name":  {envelope(1, element(0x64, element(0x04), element(0x30, element(0x30, element(0x04), element(0x31))))), false},
		"an empty reference":         {envelope(1, element(0x73)), false},
		"a code that is none":        {envelope(1, element(0x65, element(0x02, []byte{0}), element(0x04), element(0x04))), false},
		"a code of 0 bytes":          {envelope(1, element(0x65, element(0x0a), element(0x04), element(0x04))), false},
		"a result without text":      {envelope(1, element(0x65, element(0x0a, []byte{0}), element(0x04))), false},
		"a result with more":         {envelope(1, element(0x65, element(0x0a, []byte{0}), element(0x04), element(0x04), element(0x04))), false},
		"a paging control of nought": {envelope(1, done, control(oid)), false},
		"a paging control of text":   {envelope(1, done, control(oid, element(0x04, []byte("x")))), false},
		"a control with more":        {envelope(1, done, control(oid, element(0x04, paging), element(0x04))), false},
		"a large control":            {envelope(1, done, control(element(0x04, []byte("1.2.3")), element(0x04, make([]byte, maxControl+1)))), false},
		"controls twice":             {envelope(1, done, control(oid, element(0x04, paging)), control(oid, element(0x04, paging))), false},
		"a request":                  {envelope(1, element(0x63)), false},
	} {
		if m, err := parseMessage(c.b); (err == nil) != c.ok {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

// Memory grows with what arrives and not with the length that is claimed.
func TestReadMessage(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":          {nil, io.EOF},
		"half a header":    {[]byte{0x30}, io.ErrUnexpectedEOF},
		"no length":        {[]byte{0x30, 0x84, 0}, io.ErrUnexpectedEOF},
		"no body":          {[]byte{0x30, 5, 1}, io.ErrUnexpectedEOF},
		"too large":        {[]byte{0x30, 0x84, 0x01, 0, 0, 1}, errTooLarge},
		"far too large":    {[]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, errTooLarge},
		"5 bytes of it":    {[]byte{0x30, 0x85, 0, 0, 0, 0, 1, 0}, errShape},
		"no sequence":      {[]byte("HTTP/1.1"), errShape},
		"claims 16 MB":     {[]byte{0x30, 0x84, 0x01, 0, 0, 0, 1}, io.ErrUnexpectedEOF},
		"indefinite":       {[]byte{0x30, 0x80, 0, 0}, errShape},
		"a whole one":      {[]byte{0x30, 1, 7}, nil},
		"and one behind":   {[]byte{0x30, 1, 7, 0x30, 1, 8}, nil},
		"a longer length":  {[]byte{0x30, 0x82, 0, 1, 7}, nil},
		"an empty message": {[]byte{0x30, 0}, nil},
	} {
		allocated := testing.AllocsPerRun(1, func() {
			if got, err := readMessage(bytes.NewReader(c.b), nil, 16<<20); !errorIs(err, c.want) || err == nil && !bytes.HasPrefix(c.b, got) {
				t.Errorf("%s: %x, %v", name, got, err)
			}
		})
		if allocated > 10 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}
