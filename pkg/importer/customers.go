package importer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// ref is how people name a customer: by name, however its letters are written, by
// id, or by an external id such as itglue:123.
func ref(sel string) registry.Ref {
	sel = strings.TrimSpace(sel)
	r := registry.Ref{Key: nameKey(sel), ID: strings.ToLower(sel)}
	if system, value, ok := strings.Cut(sel, ":"); ok {
		r.System = strings.ToLower(strings.TrimSpace(system))
		r.Value = source.CanonicalID(r.System, strings.TrimSpace(value))
	}
	return r
}

// find reads the customer that sel names.
func (im *Importer) find(ctx context.Context, sel string, load registry.Load) (*registry.Snapshot, error) {
	if strings.TrimSpace(sel) == "" {
		return nil, &source.Error{Code: source.CodeUsage, Topic: TopicUnknownCustomer, Message: "no customer is named"}
	}
	snap, err := im.store.Snapshot(ctx, ref(sel), load)
	if source.CodeOf(err) == source.CodeNotFound {
		err = &source.Error{Code: source.CodeNotFound, Topic: TopicUnknownCustomer, Message: fmt.Sprintf("no customer %q", sel), Subject: im.likeCustomer(ctx, sel)}
	}
	return snap, err
}

// OtherCustomers says which names are those of other customers than the one that sel
// names.
func (im *Importer) OtherCustomers(ctx context.Context, sel string) (func(name string) bool, error) {
	this, err := im.find(ctx, sel, registry.Load{})
	if err != nil {
		return nil, err
	}
	list, err := im.store.List(ctx, registry.Load{})
	if err != nil {
		return nil, err
	}
	others := map[string]bool{}
	for _, snap := range list {
		others[snap.Customer.Key] = snap.Customer.ID != this.Customer.ID
	}
	return func(name string) bool { return others[nameKey(name)] }, nil
}

// likeCustomer says which customers may have been meant, "" where none is like it.
// It is only for a hint: what fails here says nothing.
func (im *Importer) likeCustomer(ctx context.Context, sel string) string {
	found, err := im.Names(ctx, registry.CustomerNames, "", "", 10_000)
	if err != nil {
		return ""
	}
	return meant([]string{sel}, func(yield func(called) bool) {
		for _, n := range found {
			if !yield(called{whose: n.ID, name: n.Value}) {
				return
			}
		}
	})
}

// Customers lists all customers by name.
func (im *Importer) Customers(ctx context.Context) ([]Customer, error) {
	list, err := im.store.List(ctx, registry.Load{})
	customers := make([]Customer, len(list))
	for i, snap := range list {
		customers[i] = viewCustomer(snap)
	}
	return customers, err
}

// Customer shows one customer, named by name or id.
func (im *Importer) Customer(ctx context.Context, sel string) (Customer, error) {
	snap, err := im.find(ctx, sel, registry.Load{})
	if err != nil {
		return Customer{}, err
	}
	return viewCustomer(snap), nil
}

// viewCustomer is a customer as the program shows it.
func viewCustomer(s *registry.Snapshot) Customer {
	c := s.Customer
	v := Customer{
		ID: c.ID, Name: c.Name, ExternalIDs: c.ExternalIDs, PasswordSync: c.PasswordSync, Accounts: s.Counts,
		Directories: Directories{AD: s.Connection(source.AD), M365: s.Connection(source.M365)},
	}
	if len(s.Resetters) > 0 {
		of := func(kind source.Kind) *source.Connection {
			d, ok := s.Resetters[kind]
			if !ok {
				return nil
			}
			return &d.Connection
		}
		v.Resetters = &Directories{AD: of(source.AD), M365: of(source.M365)}
	}
	return v
}

// others are the customers of the registry while one or more are changed: a name
// and an external id belong to one of them.
type others struct {
	byKey map[string]*registry.Snapshot
	byID  map[string]*registry.Snapshot // by idKey
}

func newOthers(list []*registry.Snapshot) others {
	o := others{byKey: map[string]*registry.Snapshot{}, byID: map[string]*registry.Snapshot{}}
	for _, s := range list {
		o.add(s)
	}
	return o
}

func (o others) add(s *registry.Snapshot) {
	o.byKey[s.Customer.Key] = s
	for system, value := range s.Customer.ExternalIDs {
		o.byID[idKey(system, value)] = s
	}
}

func (o others) drop(s *registry.Snapshot) {
	delete(o.byKey, s.Customer.Key)
	for system, value := range s.Customer.ExternalIDs {
		delete(o.byID, idKey(system, value))
	}
}

// check says whether a customer may be called and known so beside the others.
func (o others) check(c registry.Customer) error {
	if err := checkName(c.Name); err != nil {
		return err
	}
	if other := o.byKey[c.Key]; other != nil && other.Customer.ID != c.ID {
		return nameTaken(other.Customer.Name)
	}
	for _, system := range slices.Sorted(maps.Keys(c.ExternalIDs)) {
		value := c.ExternalIDs[system]
		if other := o.byID[idKey(system, value)]; other != nil && other.Customer.ID != c.ID {
			return idTaken(other.Customer.Name, system, value)
		}
	}
	return nil
}

// canonicalIDs are external ids as they are kept, in a map of their own.
func canonicalIDs(ids map[string]string) map[string]string {
	kept := make(map[string]string, len(ids))
	for system, value := range ids {
		kept[system] = source.CanonicalID(system, value)
	}
	return kept
}

// idKey is an external id as it is compared.
func idKey(system, value string) string { return system + ":" + source.CanonicalID(system, value) }

// newCustomer is a customer that is to be made.
func newCustomer(name string, externalIDs map[string]string, at time.Time) *registry.Snapshot {
	name = strings.TrimSpace(name)
	return registry.New(registry.Customer{ID: registry.NewID(), Name: name, Key: nameKey(name), ExternalIDs: canonicalIDs(externalIDs), PasswordSync: registry.ModeUnset, CreatedAt: at})
}

// CreateCustomer makes a customer. External ids map a system to the id that the
// customer has there; no two customers share one.
func (im *Importer) CreateCustomer(ctx context.Context, name string, externalIDs map[string]string) (Customer, error) {
	var made *registry.Snapshot
	err := im.retry(ctx, func(int) error {
		list, err := im.store.List(ctx, registry.Load{})
		if err != nil {
			return err
		}
		at := im.clock()
		made = newCustomer(name, externalIDs, at)
		if err := newOthers(list).check(made.Customer); err != nil {
			return err
		}
		cs := registry.NewChangeSet(made, made)
		if cs.Run, err = im.run(command{name: "customers create"}, made.Customer.Name, at); err != nil {
			return err
		}
		_, err = im.apply(ctx, cs)
		return err
	})
	if err != nil {
		return Customer{}, err
	}
	return viewCustomer(made), nil
}

func idTaken(owner, system, value string) error {
	return &source.Error{Code: CodeNameTaken, Topic: TopicIDTaken, Message: fmt.Sprintf("%s has the %s id %q already", owner, system, value)}
}

// checkName refuses names that could not be used to find the customer again.
func checkName(name string) error {
	if nameKey(name) == "" {
		return &source.Error{Code: source.CodeUsage, Message: "a customer needs a name with at least one visible character"}
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("the customer's name %q has control characters in it", name)}
	}
	if uuid.Validate(strings.TrimSpace(name)) == nil {
		return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("the customer's name %q reads like an id", name),
			Hint: "customers are chosen by name or id, so a name has to be none"}
	}
	if len(name) > 300 {
		return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("the customer's name has %d bytes; at most 300 are kept", len(name))}
	}
	return nil
}

func nameTaken(name string) error {
	return &source.Error{Code: CodeNameTaken, Message: fmt.Sprintf("there is a customer %q already", name),
		Hint: "names are compared without case, spaces at the ends and double spaces; choose another, or use the one that is there"}
}

// changeCustomer changes what is known of a customer itself, and shows it.
func (im *Importer) changeCustomer(ctx context.Context, sel string, c command, decide func(*draft, others) error) (Customer, error) {
	var v Customer
	snap, err := im.find(ctx, sel, registry.Load{})
	if err != nil {
		return v, err
	}
	_, err = im.changeLoaded(ctx, snap, registry.Load{}, c, func(d *draft) error {
		list, err := im.store.List(ctx, registry.Load{})
		if err != nil {
			return err
		}
		if err := decide(d, newOthers(list)); err != nil {
			return err
		}
		v = viewCustomer(d.after)
		return nil
	})
	return v, err
}

// RenameCustomer gives a customer another name.
func (im *Importer) RenameCustomer(ctx context.Context, sel, name string) (Customer, error) {
	return im.changeCustomer(ctx, sel, command{name: "customers rename"}, func(d *draft, o others) error {
		d.rename(name)
		return o.check(d.after.Customer)
	})
}

func (d *draft) rename(name string) {
	d.after.Customer.Name = strings.TrimSpace(name)
	d.after.Customer.Key = nameKey(name)
}

// SetPasswordSync chooses the mode. It is fixed while the customer has accounts.
func (im *Importer) SetPasswordSync(ctx context.Context, sel string, mode registry.Mode) (Customer, error) {
	if mode != registry.ModeOn && mode != registry.ModeOff {
		return Customer{}, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("password sync is on or off, not %q", mode)}
	}
	return im.changeCustomer(ctx, sel, command{name: "customers set"}, func(d *draft, _ others) error {
		return d.setMode(mode, d.before.Counts.Total)
	})
}

// SetNewPeople says what a refresh does with who newly fits the selection.
func (im *Importer) SetNewPeople(ctx context.Context, sel string, imports bool) (Customer, error) {
	return im.changeCustomer(ctx, sel, command{name: "customers set", params: map[string]any{"import_new": imports}}, func(d *draft, _ others) error {
		d.after.Customer.NewPeople = ""
		if imports {
			d.after.Customer.NewPeople = registry.ImportNew
		}
		return nil
	})
}

// setMode chooses the mode.
func (d *draft) setMode(mode registry.Mode, accounts int) error {
	err := mayChoose(d.after.Customer, mode, accounts)
	if err == nil {
		d.after.Customer.PasswordSync = mode
	}
	return err
}

// mayChoose says whether a customer may get the mode: accounts fix the one it has.
func mayChoose(c registry.Customer, mode registry.Mode, accounts int) error {
	if mode == c.PasswordSync || accounts == 0 {
		return nil
	}
	return &source.Error{
		Code:    CodePasswordSyncLocked,
		Message: fmt.Sprintf("%s has password sync %s and %d accounts: it cannot be changed to %s", c.Name, c.PasswordSync, accounts, mode),
	}
}

// DeleteCustomer deletes a customer, and with withAccounts its accounts. It
// returns the customer as it was.
func (im *Importer) DeleteCustomer(ctx context.Context, sel string, withAccounts bool) (Customer, error) {
	var v Customer
	err := im.retry(ctx, func(int) error {
		snap, err := im.find(ctx, sel, registry.Load{Accounts: true, Invitations: true})
		if err != nil {
			return err
		}
		v = viewCustomer(snap)
		if v.Accounts.Total > 0 && !withAccounts {
			return &source.Error{Code: CodeAccountsExist, Message: fmt.Sprintf("%s has %d accounts", v.Name, v.Accounts.Total)}
		}
		cs := registry.NewDeletion(snap)
		if cs.Run, err = im.run(command{name: "customers delete"}, v.Name, im.clock()); err != nil {
			return err
		}
		_, err = im.apply(ctx, cs)
		return err
	})
	return v, err
}
