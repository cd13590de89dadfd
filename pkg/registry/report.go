package registry

import "time"

// Reported is the last report of a customer that was handed out.
type Reported struct {
	At time.Time `json:"at"` // zero before the first
	// Run is the last of the customer's runs that it saw, 0 for none.
	Run int64 `json:"run"`
}
