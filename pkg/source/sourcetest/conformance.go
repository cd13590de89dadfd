package sourcetest

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// Conformance holds a directory to what every source promises. It must serve at
// least three users and stay as it is meanwhile; open opens it anew.
func Conformance(t *testing.T, kind source.Kind, open func(t *testing.T) source.Directory) {
	read := func(t *testing.T, ctx context.Context, d source.Directory, scope source.Scope) (users []source.User, err error) {
		t.Helper()
		for u, err := range d.Users(ctx, scope) {
			if err != nil {
				return users, err
			}
			users = append(users, u)
		}
		return users, nil
	}
	all, err := read(t, t.Context(), open(t), source.Scope{})
	if err != nil || len(all) < 3 {
		t.Fatalf("%d users, %v", len(all), err)
	}

	t.Run("users", func(t *testing.T) {
		seen := map[string]bool{}
		for _, u := range all {
			if u.Kind != kind || !guid.MatchString(u.ID) || seen[u.ID] {
				t.Errorf("user %q of %s: the id must be a GUID in lower case, and come once", u.ID, u.Kind)
			}
			seen[u.ID] = true
		}
	})
	t.Run("again", func(t *testing.T) {
		again, err := read(t, t.Context(), open(t), source.Scope{})
		if err != nil || !reflect.DeepEqual(again, all) {
			t.Errorf("a second read differs: %d users, %v", len(again), err)
		}
	})
	t.Run("limit", func(t *testing.T) {
		few, err := read(t, t.Context(), open(t), source.Scope{Limit: 2})
		if err != nil || len(few) != 2 {
			t.Errorf("%d users, %v", len(few), err)
		}
	})
	t.Run("brief", func(t *testing.T) {
		brief, err := read(t, t.Context(), open(t), source.Scope{Brief: true})
		if err != nil || len(brief) != len(all) {
			t.Fatalf("%d users, %v", len(brief), err)
		}
		for i, u := range brief {
			if u.ID != all[i].ID || u.DN != all[i].DN || u.Critical != all[i].Critical || u.RecipientType != all[i].RecipientType || u.NotPerson != all[i].NotPerson {
				t.Errorf("%q %q, want %q %q", u.ID, u.DN, all[i].ID, all[i].DN)
			}
		}
	})
	t.Run("stop", func(t *testing.T) {
		d := open(t)
		for _, err := range d.Users(t.Context(), source.Scope{}) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := open(t)
		cancel()
		users, err := read(t, ctx, d, source.Scope{})
		if err == nil || !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled read ended as if whole: %d users, %v", len(users), err)
		}
	})
	t.Run("info", func(t *testing.T) {
		info, err := open(t).Info(t.Context())
		if err != nil || info.Kind != kind || info.Server == "" {
			t.Errorf("%+v, %v", info, err)
		}
	})
	if _, ok := open(t).(source.Finder); ok {
		t.Run("find", func(t *testing.T) { find(t, all, open) })
	}
	if _, ok := open(t).(source.GroupLister); ok {
		t.Run("groups", func(t *testing.T) { groups(t, kind, open) })
	}
	if _, ok := open(t).(source.PowerLister); ok {
		t.Run("powers", func(t *testing.T) { powers(t, kind, open) })
	}
	if _, ok := open(t).(source.OULister); !ok || kind != source.AD {
		return
	}
	t.Run("tree", func(t *testing.T) {
		tree, err := open(t).(source.OULister).Tree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		index := source.NewOUIndex(tree)
		for _, u := range all {
			if _, ok := index.Find(u.OU()); !ok {
				t.Errorf("the tree lacks %q, which holds %q", u.OU(), u.DN)
			}
		}
		if _, ok := index.Find(tree.Root); !ok {
			t.Errorf("the tree lacks its root %q", tree.Root)
		}
	})
}

// find holds a [source.Finder] to what it promises: it finds each of its users as
// a read yields them, and nobody else, and never takes a failure for an absence.
func find(t *testing.T, all []source.User, open func(t *testing.T) source.Directory) {
	d := open(t)
	finder := d.(source.Finder)
	for _, want := range all {
		if got, err := finder.Find(t.Context(), want.ID); err != nil || got == nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("found %+v, %v, want %+v", got, err, want)
		}
	}
	absent := []string{"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"}
	if lister, ok := d.(source.OULister); ok {
		tree, err := lister.Tree(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range tree.Containers {
			if c.ID != "" {
				absent = append(absent, c.ID) // there, and no user
			}
		}
	}
	for _, id := range absent {
		if got, err := finder.Find(t.Context(), id); got != nil || err != nil {
			t.Errorf("of %s, who is no user: %+v, %v", id, got, err)
		}
	}
	one := all[0]
	for _, id := range []string{"", "*", one.UPN, one.Username, one.DN, "{" + one.ID + "}", one.ID + "/manager", "../organization"} {
		if got, err := finder.Find(t.Context(), id); got != nil || source.CodeOf(err) != source.CodeUsage {
			t.Errorf("of %q, which is no id: %+v, %v", id, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := finder.Find(ctx, one.ID); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// groups holds a [source.GroupLister] to what it promises: each group once, the members
// of those that are wanted and of the groups in them, and no list that only looks whole.
func groups(t *testing.T, kind source.Kind, open func(t *testing.T) source.Directory) {
	read := func(want func(*source.Group) bool) []source.Group {
		list, err := open(t).(source.GroupLister).Groups(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	all, err := open(t).(source.GroupLister).Groups(t.Context(), nil)
	if source.CodeOf(err) == source.CodeUsage {
		return // an export that says nothing of groups
	}
	if err != nil || len(all) == 0 {
		t.Fatalf("%d groups, %v", len(all), err)
	}
	index := map[string]*source.Group{}
	largest := &all[0]
	for i := range all {
		g := &all[i]
		if g.Kind != kind || g.ID == "" || g.Name == "" || index[g.ID] != nil {
			t.Errorf("%+v: a group has an id of its own, and a name", g)
		}
		index[g.ID] = g
		if len(g.Members) > len(largest.Members) {
			largest = g
		}
	}
	if again := read(nil); !reflect.DeepEqual(again, all) {
		t.Errorf("a second read differs: %d groups, not %d", len(again), len(all))
	}
	if none := read(func(*source.Group) bool { return false }); len(none) != len(all) {
		t.Errorf("%d groups where none is wanted, not %d", len(none), len(all))
	}
	var everybody []*source.User
	for _, g := range all {
		for _, id := range g.Members {
			if index[id] == nil {
				everybody = append(everybody, &source.User{ID: id})
			}
		}
	}
	people := func(groups []source.Group) map[string]bool {
		return source.NewGroupIndex(groups, everybody).People(largest.ID)
	}
	if got, want := people(read(func(g *source.Group) bool { return g.ID == largest.ID })), people(all); !reflect.DeepEqual(got, want) || len(want) == 0 {
		t.Errorf("in %s, where it is wanted: %v, not %v", largest.Name, got, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d := open(t).(source.GroupLister)
	cancel()
	if list, err := d.Groups(ctx, nil); list != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %d groups, %v", len(list), err)
	}
}

// powers holds a [source.PowerLister] to what it promises: who holds power, or in words
// why nobody knows.
func powers(t *testing.T, kind source.Kind, open func(t *testing.T) source.Directory) {
	found, err := open(t).(source.PowerLister).Powers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	power, seen := 0, map[string]bool{}
	for _, g := range found.Groups {
		if g.ID == "" || g.Name == "" || seen[g.ID] {
			t.Errorf("%+v: a group has an id of its own, and a name", g)
		}
		seen[g.ID] = true
		if g.Power {
			power++
		}
	}
	if kind == source.AD && power == 0 && found.Unknown == "" && len(found.Notes) == 0 { // each domain has Administrators
		t.Error("no group gives power, and nothing is said of that")
	}
	if again, err := open(t).(source.PowerLister).Powers(t.Context()); err != nil || !reflect.DeepEqual(again, found) {
		t.Errorf("a second read differs: %+v, %v, not %+v", again, err, found)
	}
}
