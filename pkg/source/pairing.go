package source

// Verdict is what somebody decided by hand about an AD user and a mailbox.
type Verdict string

// The verdicts. Match and reject name a pair, ignore an AD user alone.
const (
	VerdictMatch  Verdict = "match"
	VerdictReject Verdict = "reject"
	VerdictIgnore Verdict = "ignore"
)

// Evidence is one comparison of an AD user with a Microsoft 365 user: the rule,
// the two values as they were compared, and what it says for (positive) or
// against (negative) their being one person.
type Evidence struct {
	Rule   string  `json:"rule"`
	Weight float64 `json:"weight"` // log2 of the likelihood ratio
	AD     string  `json:"ad,omitempty"`
	M365   string  `json:"m365,omitempty"`
	Text   string  `json:"text"` // the same in plain words
}
