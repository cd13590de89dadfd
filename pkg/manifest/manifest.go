// Package manifest reads the document that `plan` and `apply` work from: the
// customers of an MSP, how their directories are reached, whom to import and
// how to match. It reads the text alone, never a directory or a secret.
package manifest

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// Version is the one version of the document that there is.
const Version = 1

// TopicInvalid is a document that is not a manifest, for advice.
const TopicInvalid source.Topic = "invalid_manifest"

// Manifest is a checked document. Defaults are applied to the customers already.
type Manifest struct {
	Version   int
	Defaults  Defaults
	Customers []Customer // in the document's order
}

// Defaults hold where a customer or an import does not say otherwise.
type Defaults struct {
	PasswordSync string // "", on or off
	Recursive    bool
	// M365 is the application that signs in to the tenants of customers who name none
	// of their own, nil for none. It has no tenant.
	M365 *source.Graph
}

// Customer is what the document says of one customer.
type Customer struct {
	Name         string
	ExternalIDs  map[string]string // system → id; never nil
	PasswordSync string            // "" leaves it as it is, else on or off
	Directories  Directories
	Import       []Import
	Match        Match
	Emails       []Email
	Refresh      Refresh
	Allow        Allow
	Line         int // where the customer begins
}

// Directories are a customer's connections; nil is left as it is. Their paths
// are resolved, also those in references to secrets.
type Directories struct {
	AD, M365 *source.Connection
	// ResetAD and ResetM365 set passwords.
	ResetAD, ResetM365 *source.Connection
}

// Files are the paths of the exports and certificates that the document names.
func (m *Manifest) Files() []string {
	var files []string
	for _, c := range m.Customers {
		for _, conn := range []*source.Connection{c.Directories.AD, c.Directories.M365, c.Directories.ResetAD, c.Directories.ResetM365} {
			if conn != nil {
				files = append(files, conn.File, conn.Mailboxes, conn.CAFile)
			}
		}
	}
	return slices.DeleteFunc(files, func(path string) bool { return path == "" })
}

// Import is one import from a directory.
type Import struct {
	Source            source.Kind
	OU                []string // ad only, and there not empty unless Group or Users are given
	Recursive         bool     // ad only
	Group             []string // those in these groups, nested or not
	Licensed          bool     // m365 only: those with a licence
	SKU               []string // m365 only: those with one of these
	Users             []string // these alone; none is everybody
	Exclude           []string
	ExcludeOU         []string // ad only
	IncludeDisabled   bool
	IncludePrivileged bool
	// AlsoM365 imports from Microsoft 365 beside AD, with password sync off.
	AlsoM365 bool
	Line     int
}

// Match is the match that follows the imports: automatic, pairs by hand, or
// both; the zero value is none.
type Match struct {
	Auto  bool
	By    match.Method // set where Auto is
	Pairs []Pair
}

// Pair names an AD user and the Microsoft 365 user that belongs to it.
type Pair struct {
	AD, M365 string
	Line     int
}

// Email is the address of one account.
type Email struct {
	Account, Email string
	Line           int
}

// Allow lifts safeguards for one customer.
type Allow struct {
	Empty            bool // an import that selects nobody
	MaxNew           int  // new accounts at once; 0 keeps the bound of the command
	DirectoryChanged bool // a directory that is not the one seen before
	// Guards answer the guards: kind → the numbers that were found, of each directory
	// its own.
	Guards map[string][]int
}

// Refresh says how a refresh of the customer goes.
type Refresh struct {
	New string // what is done with who is new: "" leaves it as it is, list or import
}

// Problem is one thing that is wrong, and where; lines and columns count from 1.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path,omitempty"` // customers[0].directories.ad.url
	Message string `json:"message"`
}

func (p Problem) String() string {
	where := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Path != "" {
		where += p.Path + ": "
	}
	return where + p.Message
}

// Problems are all that is wrong with a document, in its order. No problem
// repeats a value from the document that may be a secret.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (2020-12) of the document. It says all that
// [Parse] checks except that names, ids, pairs and accounts occur once, that a
// name can be seen, that a port is one, and that a base_dn is a distinguished
// name. Words that Parse takes in capital letters or with blanks round them, it
// wants plain.
func Schema() []byte { return append([]byte(nil), schema...) }
