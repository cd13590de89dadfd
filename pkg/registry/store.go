package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

// The errors of a store, beside those of package source.
const (
	CodeBusy       source.Code = "state_busy"
	CodeNewer      source.Code = "state_newer"
	CodeForeign    source.Code = "state_foreign"
	CodeDamaged    source.Code = "state_damaged"
	CodeUnwritable source.Code = "state_unwritable"
	CodeUnsafe     source.Code = "state_unsafe"
	CodeRule       source.Code = "state_rule" // the store's own rules refused a change

	// A server's: it refused the login or a right; it is not there; nobody answered
	// whether a change was made, which is done whole or not at all.
	CodeRefused        source.Code = "state_refused"
	CodeUnreachable    source.Code = "state_unreachable"
	CodeOutcomeUnknown source.Code = "state_outcome_unknown"
)

// ErrMoved says that a change set was decided from a snapshot that is no longer
// what the registry holds. Nothing was written; decide again from a new one.
var ErrMoved = errors.New("the customer was changed by another process meanwhile")

// ErrParted says that an account is no more, or no longer has a user whose password was
// to be set: the account was deleted, or another user has its place.
var ErrParted = errors.New("the account was deleted, or has another user by now")

// Damaged says that something stored is not what this program writes.
func Damaged(err error, format string, args ...any) error {
	return &source.Error{Code: CodeDamaged, Message: "the registry's " + fmt.Sprintf(format, args...), Err: err}
}

// Store keeps a registry. All methods are safe to call side by side.
type Store interface {
	// Snapshot reads one customer at one moment. A customer that there is none of
	// is an error with the code [source.CodeNotFound].
	Snapshot(ctx context.Context, ref Ref, load Load) (*Snapshot, error)
	// List reads all customers by name at one moment; of what may be loaded, accounts
	// and people alone.
	List(ctx context.Context, load Load) ([]*Snapshot, error)
	// Apply writes change sets in one transaction and returns the number of each
	// one's run, 0 for one that holds no change. It returns [ErrMoved] where a
	// customer is not the one of its snapshot, or a new one cannot be made any more.
	Apply(ctx context.Context, sets ...ChangeSet) ([]int64, error)
	// Runs lists runs, the newest first.
	Runs(ctx context.Context, f RunFilter) ([]Run, error)
	// Changes lists what a run changed, in its order.
	Changes(ctx context.Context, run int64) ([]StoredChange, error)
	// Note writes what became known of passwords, whatever else has changed since. It
	// returns [ErrMoved] where a reset was taken up by another process, and [ErrParted]
	// where an account is gone, or does not have the user to whom something is sent.
	Note(ctx context.Context, customerID string, n PasswordNote) error
	// Names lists names for completion, each value once. It is quick rather than
	// complete: the OUs are those of selections and of some of the people known, the
	// groups those of selections. A customer that there is none of has no names.
	Names(ctx context.Context, q NameQuery) ([]Name, error)
	// Prune forgets runs with what they changed. What the registry holds stays.
	Prune(ctx context.Context, runs ...int64) error
	// Health examines the store from inside; damage is an error.
	Health(ctx context.Context) (Health, error)
	Close() error
}

// Copier is a store that copies itself into a file while it is in use.
type Copier interface {
	// Copy writes a sound copy of one moment to a file that its owner alone may
	// read. What was there before is replaced as a whole.
	Copy(ctx context.Context, path string) error
}

// Ref names a customer: by id, by key or by an external id.
type Ref struct {
	ID  string
	Key string // goes before ID where both are given
	// System and Value are an external id.
	System, Value string
}

// Load says what a snapshot holds besides the customer, its directories and its
// decisions.
type Load struct {
	Accounts bool
	// ADUsers loads the accounts of these users of AD, where not all are loaded, and of
	// the people of Microsoft 365 whom these accounts have.
	ADUsers []string
	// Passwords loads what is known of the passwords of the accounts that are loaded.
	Passwords bool
	People    []source.Kind
	// Invitations loads who was invited, and the messages that are on their way.
	Invitations bool
}

// Health is what an examination found.
type Health struct {
	Kind     string // what the store is to people: a state file, or another registry
	Place    string // file or address of the store
	Exists   bool
	Accounts int
	// Exposed says in words who else could put another store in the place of this one,
	// Remedy is the command that mends it; "" for nobody.
	Exposed, Remedy string
}

// Run is the record of one change set.
type Run struct {
	ID           int64
	Batch        string // runs of one command over many customers share it; "" for none
	CustomerID   string
	CustomerName string // at the time
	Command      string
	At           time.Time
	By           string         // user and host
	Version      string         // of the program
	Params       jsontext.Value // what the command was asked for, without secrets; nil in old runs
	PlanHash     string
	Undoes       int64 // the run that this one takes back, 0 for none
	// UndoneBy is the run that took this one back, 0 where none did or where that
	// one was taken back itself.
	UndoneBy int64
	Created  int
	Updated  int
	Deleted  int
	// Legacy marks a run whose changes are [StoredChange.Legacy].
	Legacy bool
}

// RunFilter chooses runs; what is zero does not count.
type RunFilter struct {
	ID         int64
	CustomerID string
	Batch      string
	// EntityID is the id of something that they changed.
	EntityID string
	Since    time.Time
	// After is the number of a run, which they come after.
	After int64
}
