package match

import (
	"cmp"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/qpimport/qpimport/internal/parallel"
)

// The kinds of keys under which users are looked up. Only users that share a
// key are compared.
const (
	keyWords   = iota + 1 // two words of the name
	keyInitial            // a word, and the first letter of another
	keyBegin              // a word, and the beginning of another
	keyEnd                // a word, and the end of another
	keyKin                // a word, and the family of nicknames of another
	keySounds             // how two words sound
	keyWord               // a word alone
	keyJoined             // the whole name as one word
	keyAddress
	keyLogin
	keyEmployee
	keyPhone
)

// blockLimit is how many mailboxes a key may lead to; a key that leads to more
// says too little and is left out.
func blockLimit(kind uint64) int {
	switch kind {
	case keyWords, keyJoined:
		return 128
	case keyInitial, keyBegin, keyEnd, keyKin:
		return 40
	case keySounds:
		return 40
	case keyWord:
		return 10
	case keyAddress, keyLogin:
		return 12
	}
	return 6
}

// key packs a kind with two numbers.
func key(kind, a, b uint64) uint64 {
	h := kind*0x9E3779B97F4A7C15 ^ a*0xBF58476D1CE4E5B9
	h ^= h >> 29
	h = (h ^ b*0x94D049BB133111EB) * 0xBF58476D1CE4E5B9
	return (h^h>>32)&^0xF | kind
}

// keysOf calls f with every key of a user, each at least once.
func (s *sheet) keysOf(p *profile, f func(key uint64)) {
	for i := range p.views {
		v := &p.views[i]
		for _, j := range v.joined {
			if j != 0 {
				f(key(keyJoined, j, 0))
			}
		}
		for x := range v.words[:v.n] {
			for _, w := range v.words[x].forms() {
				f(key(keyWord, uint64(w), 0))
				if v.first != 0 {
					f(key(keyInitial, uint64(w), uint64(v.first)))
				}
			}
			for y := range v.words[:v.n] {
				if x != y {
					s.wordKeys(v.words[x], v.words[y], f)
				}
			}
		}
	}
	for _, a := range p.addresses {
		f(key(keyAddress, a, 0))
	}
	if p.upn != 0 {
		f(key(keyAddress, p.upn, 0))
	}
	for _, l := range p.logins {
		f(key(keyLogin, l, 0))
	}
	if p.onPrem != 0 {
		f(key(keyLogin, p.onPrem, 0))
	}
	if p.employee != 0 {
		f(key(keyEmployee, p.employee, 0))
	}
	for _, n := range p.phones {
		f(key(keyPhone, n, 0))
	}
}

// forms are the numbers of a word's different forms.
func (w word) forms() []int32 {
	if w.plain == w.spelt {
		return []int32{w.plain}
	}
	return []int32{w.plain, w.spelt}
}

// wordKeys makes the keys of one word together with what is known of another.
func (s *sheet) wordKeys(a, b word, f func(key uint64)) {
	for _, x := range a.forms() {
		for _, y := range b.forms() {
			if x < y {
				f(key(keyWords, uint64(x), uint64(y)))
			}
		}
		other := s.words.texts[b.plain]
		f(key(keyInitial, uint64(x), uint64(letterBit(other[0]))))
		if len(other) > 3 {
			f(key(keyBegin, uint64(x), hashText(other[:3])))
			f(key(keyEnd, uint64(x), hashText(other[len(other)-3:])))
		}
		for _, k := range s.kin[b.plain] {
			f(key(keyKin, uint64(x), uint64(max(k, -k))))
		}
	}
	if sa, sb := s.sounds[a.plain], s.sounds[b.plain]; sa < sb && len(sa)+len(sb) > 3 {
		f(key(keySounds, hashText(sa), hashText(sb)))
	}
}

// blocks leads from keys to mailboxes: entries in the order of their keys, and
// where each range of keys begins.
type blocks struct {
	entries []entry
	start   []int32 // by the upper bits of a key
	shift   int     // that leaves those bits
}

type entry struct {
	key  uint64
	user int32
}

func newBlocks(s *sheet) blocks {
	wide := min(16, bits.Len(uint(len(s.m365))))
	buckets := 1 << wide
	x := blocks{start: make([]int32, buckets+1), shift: 64 - wide}
	each := func(f func(k uint64, j int)) {
		parallel.Ranges(len(s.m365), func(from, to int) {
			for j := from; j < to; j++ {
				if s.m365[j].mayLookUp() {
					s.keysOf(&s.m365[j], func(k uint64) { f(k, j) })
				}
			}
		})
	}
	each(func(k uint64, _ int) { atomic.AddInt32(&x.start[k>>x.shift+1], 1) })
	for b := range buckets {
		x.start[b+1] += x.start[b]
	}
	x.entries = make([]entry, x.start[buckets])
	next := slices.Clone(x.start)
	each(func(k uint64, j int) {
		x.entries[atomic.AddInt32(&next[k>>x.shift], 1)-1] = entry{k, int32(j)} // in any order, until sorted
	})
	parallel.Ranges(buckets, func(from, to int) {
		for b := from; b < to; b++ {
			slices.SortFunc(x.entries[x.start[b]:x.start[b+1]], func(a, b entry) int {
				return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.user, b.user))
			})
		}
	})
	return x
}

// lookUp appends the mailboxes of a key, none and true where they are too many.
func (x *blocks) lookUp(to []int32, k uint64) (users []int32, tooMany bool) {
	b := k >> x.shift
	list := x.entries[x.start[b]:x.start[b+1]]
	at, _ := slices.BinarySearchFunc(list, k, func(e entry, k uint64) int { return cmp.Compare(e.key, k) })
	limit, n := blockLimit(k&0xF), len(to)
	for last := int32(-1); at < len(list) && list[at].key == k; at++ {
		if list[at].user == last {
			continue // a user may have a key more than once
		}
		last = list[at].user
		if to = append(to, last); len(to)-n > limit {
			return to[:n], true
		}
	}
	return to, false
}
