package registry

// NameKind says what is named.
type NameKind string

// What a store can be asked the names of.
const (
	CustomerNames NameKind = "customer"
	AccountNames  NameKind = "account"
	RunNames      NameKind = "run"
	OUNames       NameKind = "ou"
	GroupNames    NameKind = "group"
)

// NameQuery asks for names that begin with Prefix, whatever the case of their
// Latin letters.
type NameQuery struct {
	Kind NameKind
	// Customer is whose names; the zero Ref is everybody's.
	Customer Ref
	Prefix   string
	Limit    int // at most so many; must be positive
}

// Name is what something is called.
type Name struct {
	Value string
	ID    string // "" where it is not known
	About string // for people, may be ""
}
