package source

import "context"

// SyncScheduler is AD Connect's on this machine, as its service says.
type SyncScheduler struct {
	Installed bool
	Enabled   bool // SyncCycleEnabled
	Staging   bool // StagingModeEnabled: it exports nothing
	Suspended bool // SchedulerSuspended, as while its wizard is open
	Running   bool // SyncCycleInProgress
	// Forests are the forests of AD that it reads, by DNS name.
	Forests []string
}

// SyncEngine is AD Connect on this machine.
type SyncEngine interface {
	// Scheduler asks how it stands. One that is not installed is no error.
	Scheduler(ctx context.Context) (SyncScheduler, error)
	// Start begins one delta cycle, and does not wait for its end.
	Start(ctx context.Context) error
}

// CloudProvisioner is a [Directory] that has Cloud Sync carry people of AD to it. Only
// one of a connection with [RoleReset] does.
type CloudProvisioner interface {
	// Provision does so for users of AD by their DNs, one after the other. No Cloud Sync
	// is a [CodeNotFound] error.
	Provision(ctx context.Context, dns []string) ([]Provisioned, error)
}

// Provisioned is what became of one user of AD.
type Provisioned struct {
	DN string
	// Done says that Cloud Sync has carried the user over, or found nothing to do.
	Done bool
	// Message says in words why not.
	Message string
}

// SyncLocator is a [Directory] that knows on which servers AD Connect runs.
type SyncLocator interface {
	// SyncServers lists them by name, as the accounts say that AD Connect has made.
	SyncServers(ctx context.Context) ([]string, error)
}
