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

// SyncLocator is a [Directory] that knows on which servers AD Connect runs.
type SyncLocator interface {
	// SyncServers lists them by name, as the accounts say that AD Connect has made.
	SyncServers(ctx context.Context) ([]string, error)
}
