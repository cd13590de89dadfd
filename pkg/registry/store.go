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
)

// ErrMoved says that a change set was decided from a snapshot that is no longer
// what the registry holds. Nothing was written; decide again from a new one.
var ErrMoved = errors.New("the customer was changed by another process meanwhile")

// Damaged says that something stored is not what this program writes.
func Damaged(err error, format string, args ...any) error {
	return &source.Error{Code: CodeDamaged, Message: "the registry's " + fmt.Sprintf(format, args...), Err: err}
}

// Store keeps a registry. All methods are safe to call side by side.
type Store interface {
	// Snapshot reads one customer at one moment. A customer that there is none of
	// is an error with the code [source.CodeNotFound].
	Snapshot(ctx context.Context, ref Ref, load Load) (*Snapshot, error)
	// List reads all customers by name, without accounts and people.
	List(ctx context.Context) ([]*Snapshot, error)
	// Apply writes change sets in one transaction and returns the number of each
	// one's run, 0 for one that holds no change. It returns [ErrMoved] where a
	// customer is not the one of its snapshot, or a new one cannot be made any more.
	Apply(ctx context.Context, sets ...ChangeSet) ([]int64, error)
	// Runs lists runs, the newest first.
	Runs(ctx context.Context, f RunFilter) ([]Run, error)
	// Changes lists what a run changed, in its order.
	Changes(ctx context.Context, run int64) ([]StoredChange, error)
	// Health examines the store from inside; damage is an error.
	Health(ctx context.Context) (Health, error)
	Close() error
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
	People   []source.Kind
}

// Health is what an examination found.
type Health struct {
	Place    string // file or address of the store
	Exists   bool
	Accounts int
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
	UndoneBy     int64
	Created      int
	Updated      int
	Deleted      int
}

// RunFilter chooses runs; what is zero does not count.
type RunFilter struct {
	ID         int64
	CustomerID string
	Since      time.Time
}
