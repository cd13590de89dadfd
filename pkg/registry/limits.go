package registry

// Limits bound what one change set may do at once, so that a mistake in a
// directory or a manifest is seen before it is carried out. 0 is no bound.
type Limits struct {
	NewAccounts int
}

// Breach is a limit that a change set goes beyond.
type Breach struct {
	Limit string // new_accounts
	Found int
	Max   int
}

// Check lists the limits that a change set goes beyond.
func (l Limits) Check(cs *ChangeSet) []Breach {
	added := 0
	for _, c := range cs.Changes {
		if c.Entity == EntityAccount && c.Before == nil {
			added++
		}
	}
	var found []Breach
	if l.NewAccounts > 0 && added > l.NewAccounts {
		found = append(found, Breach{Limit: "new_accounts", Found: added, Max: l.NewAccounts})
	}
	return found
}
