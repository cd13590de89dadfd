package gss

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/qpimport/qpimport/pkg/source"
)

// cache is a credential cache: whose it is, and his tickets.
type cache struct {
	path  string // as people know it
	name  types.PrincipalName
	realm string
	held  []held
}

// held is a ticket in a cache.
type held struct {
	service types.PrincipalName
	key     types.EncryptionKey
	until   time.Time
	ticket  []byte
}

// maxCache is more than a cache has, in bytes.
const maxCache = 16 << 20

const hintCache = "`kinit -c FILE:PATH NAME@REALM` makes one; KRB5CCNAME names it"

// openCache reads the cache that is named as KRB5CCNAME has it.
func openCache(name string) (*cache, error) {
	path := name
	if kind, rest, ok := strings.Cut(name, ":"); ok && len(kind) > 1 { // one letter is a drive
		if path = rest; kind != "FILE" {
			return nil, usage(hintCache, "a credential cache of kind %s cannot be read, only a file", kind)
		}
	}
	content, err := source.ReadFile(path, maxCache)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, refused(hintCache, "there is no credential cache %s", path)
	case errors.Is(err, os.ErrPermission):
		return nil, refused(hintCache, "the credential cache %s may not be read", path)
	case err != nil:
		return nil, &source.Error{Code: source.CodeUsage, Message: "the credential cache " + path, Hint: hintCache, Err: err}
	}
	r := cacheReader{rest: content}
	c := r.cache()
	if r.cut || !isName(c.name.PrincipalNameString()) || !isName(c.realm) {
		return nil, usage(hintCache, "the credential cache %s is damaged", path)
	}
	c.path = path
	return c, nil
}

// ownCache refuses a cache that nobody has named and that is not the user's own: anybody
// can put one there.
func ownCache(path string) error {
	switch {
	case path == "":
		return usage(hintCache, "KRB5CCNAME names no credential cache")
	case !isMine(path):
		return refused("delete it; `kinit` makes your own, or KRB5CCNAME names another", "the credential cache %s belongs to another user", path)
	}
	return nil
}

// isName says whether a text can name somebody.
func isName(text string) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// cacheReader reads the formats 3 and 4 of MIT's caches. It ends with cut set where the
// content does not hold what it says.
type cacheReader struct {
	rest []byte
	cut  bool
}

func (r *cacheReader) bytes(n uint64) []byte {
	if r.cut || n > uint64(len(r.rest)) {
		r.cut, r.rest = true, nil
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *cacheReader) number(size uint64) uint64 {
	var n [8]byte
	copy(n[8-size:], r.bytes(size))
	return binary.BigEndian.Uint64(n[:])
}

func (r *cacheReader) data() []byte { return r.bytes(r.number(4)) }

func (r *cacheReader) principal() (name types.PrincipalName, realm string) {
	name.NameType = int32(r.number(4))
	parts := r.number(4)
	realm = string(r.data())
	for ; parts > 0 && !r.cut; parts-- {
		name.NameString = append(name.NameString, string(r.data()))
	}
	return name, realm
}

// list skips addresses or authorization data: of each a number and what belongs to it.
func (r *cacheReader) list() {
	for n := r.number(4); n > 0 && !r.cut; n-- {
		r.number(2)
		r.data()
	}
}

func (r *cacheReader) cache() *cache {
	c := &cache{}
	version := r.number(2)
	switch version {
	case 0x0504:
		r.bytes(r.number(2)) // what is told of clocks
	case 0x0503:
	default:
		r.cut = true
	}
	c.name, c.realm = r.principal()
	for len(r.rest) > 0 {
		var h held
		r.principal()
		h.service, _ = r.principal()
		if h.key.KeyType = int32(r.number(2)); version == 0x0503 {
			r.number(2) // again
		}
		h.key.KeyValue = r.data()
		r.bytes(8) // since when
		h.until = time.Unix(int64(r.number(4)), 0)
		r.bytes(4 + 1 + 4) // renewable until; a key of a user; flags
		r.list()
		r.list()
		h.ticket = r.data()
		r.data()
		c.held = append(c.held, h)
	}
	return c
}

// find is the ticket for a service that is good for the longest time; nil for none.
func (c *cache) find(service string) *held {
	var found *held
	for i := range c.held {
		h := &c.held[i]
		if strings.EqualFold(h.service.PrincipalNameString(), service) && (found == nil || h.until.After(found.until)) {
			found = h
		}
	}
	return found
}

// grant is a ticket of the cache for a service: ok is whether there is a good one, of a
// kind that is used.
func (c *cache) grant(service string, now time.Time) (g grant, ok bool) {
	h := c.find(service)
	if h == nil || !h.until.After(now) || !isAES(h.key.KeyType) || g.ticket.Unmarshal(h.ticket) != nil {
		return g, false
	}
	g.key = h.key
	return g, true
}

// tgt is the ticket-granting ticket, which other tickets are got with.
func (c *cache) tgt(now time.Time) (g grant, err error) {
	who := c.name.PrincipalNameString() + "@" + c.realm
	h := c.find("krbtgt/" + c.realm)
	switch {
	case h == nil:
		return g, refused("`kinit` gets one", "the credential cache %s holds no ticket of %s", c.path, who)
	case !h.until.After(now):
		return g, refused("`kinit` gets a new one", "the ticket of %s expired on %s", who, h.until.UTC().Format(time.RFC3339))
	case !isAES(h.key.KeyType):
		return g, refused("allow AES for the account, and get a new ticket with `kinit`", "the ticket of %s is not made with AES", who)
	case g.ticket.Unmarshal(h.ticket) != nil:
		return g, usage(hintCache, "the credential cache %s is damaged", c.path)
	}
	g.key = h.key
	return g, nil
}
