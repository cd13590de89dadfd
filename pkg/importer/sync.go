package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// SyncRequest asks for a cycle.
type SyncRequest struct {
	Customer string
	// Accounts are those whom Cloud Sync carries; nil are all synchronised ones whose
	// password is newer in AD.
	Accounts []string
	// Wait waits until Microsoft 365 says that it was synchronised since.
	Wait bool
}

// The states of a [SyncResult].
const (
	SyncStarted   = "started"
	SyncCoalesced = "coalesced" // one is running, which will do
	SyncRefused   = "refused"   // AD Connect will not run one now
	SyncElsewhere = "elsewhere" // it runs on another machine
	SyncNone      = "none"      // there is none that is known of
	// SyncProvisioned: Cloud Sync was asked to carry people
	SyncProvisioned = "provisioned"
)

// SyncResult says what became of a cycle.
type SyncResult struct {
	Customer string `json:"customer"`
	State    string `json:"state"`
	Message  string `json:"message"`
	// Servers are where AD Connect runs, as its accounts in AD say; Command is what
	// starts it there.
	Servers []string `json:"servers"`
	Command string   `json:"command"`
	// SyncedAt is when the tenant was last synchronised, nil where it does not say.
	SyncedAt *time.Time `json:"synced_at"`
	Waited   bool       `json:"waited"` // until it was
	// People are those whom Cloud Sync was asked to carry.
	People []ProvisionedPerson `json:"people"`
}

// ProvisionedPerson is an account that Cloud Sync was asked to carry.
type ProvisionedPerson struct {
	Account     string `json:"account"`
	DisplayName string `json:"display_name"`
	DN          string `json:"dn"`
	Done        bool   `json:"done"`
	Message     string `json:"message"`
}

// SyncCommand starts a cycle on the server of AD Connect.
const SyncCommand = `powershell.exe -NoProfile -NonInteractive -Command "Import-Module ADSync; Start-ADSyncSyncCycle -PolicyType Delta"`

// Sync has AD Connect run one delta cycle, where it runs on this machine; elsewhere it
// says where.
func (im *Importer) Sync(ctx context.Context, r SyncRequest) (SyncResult, error) {
	result := SyncResult{Servers: []string{}, People: []ProvisionedPerson{}}
	snap, err := im.find(ctx, r.Customer, registry.Load{})
	if err != nil {
		return result, err
	}
	result.Customer = snap.Customer.Name
	before, err := im.lastSync(ctx, snap)
	if err != nil {
		return result, err
	}
	result.SyncedAt = before
	scheduler, err := im.sync.Scheduler(ctx)
	if err != nil {
		return result, err
	}
	if !scheduler.Installed {
		if err := im.syncElsewhere(ctx, snap, &result); err != nil || result.State == SyncElsewhere {
			return result, err
		}
		return result, im.provision(ctx, r, &result)
	}
	if err := im.isOurs(ctx, snap, scheduler); err != nil {
		return result, err
	}
	if r.Wait {
		if err := canWait(snap); err != nil {
			return result, err
		}
	}
	refuse := func(text string) (SyncResult, error) {
		result.State, result.Message = SyncRefused, text
		return result, nil
	}
	switch {
	case scheduler.Staging:
		return refuse("AD Connect on this machine is in staging mode, and exports nothing: run it on the active server")
	case scheduler.Suspended:
		return refuse("AD Connect's scheduler is suspended, as it is while its wizard is open: close that first")
	case !scheduler.Enabled:
		return refuse("AD Connect's cycle is switched off (SyncCycleEnabled): switch it on with Set-ADSyncScheduler -SyncCycleEnabled $true")
	case scheduler.Running:
		result.State, result.Message = SyncCoalesced, "AD Connect is running a cycle now, which will do"
	default:
		if err := im.sync.Start(ctx); err != nil {
			return result, err
		}
		result.State, result.Message = SyncStarted, "AD Connect has begun a delta cycle"
	}
	if !r.Wait {
		return result, nil
	}
	return result, im.awaitSync(ctx, snap, before, &result)
}

// lastSync is when the tenant was last synchronised, nil where that is not known.
func (im *Importer) lastSync(ctx context.Context, snap *registry.Snapshot) (*time.Time, error) {
	if snap.Connection(source.M365) == nil {
		return nil, nil
	}
	dir, err := im.connect(ctx, snap, source.M365)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	info, err := dir.Info(ctx)
	if err != nil || info.LastSync.IsZero() {
		return nil, err
	}
	return &info.LastSync, nil
}

// isOurs refuses an AD Connect that reads another customer's forest.
func (im *Importer) isOurs(ctx context.Context, snap *registry.Snapshot, s source.SyncScheduler) error {
	if len(s.Forests) == 0 || snap.Connection(source.AD) == nil {
		return nil
	}
	dir, err := im.connect(ctx, snap, source.AD)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	info, err := dir.Info(ctx)
	if err != nil {
		return err
	}
	for _, forest := range s.Forests {
		if name := strings.ToLower(info.Name); name == strings.ToLower(forest) || strings.HasSuffix(name, "."+strings.ToLower(forest)) {
			return nil
		}
	}
	return &source.Error{Code: CodeDirectoryChanged, Message: fmt.Sprintf("AD Connect on this machine reads %s, not %s of %s", strings.Join(s.Forests, " and "), info.Name, snap.Customer.Name)}
}

// syncElsewhere says where AD Connect runs, by the accounts that it has made in AD.
func (im *Importer) syncElsewhere(ctx context.Context, snap *registry.Snapshot, result *SyncResult) error {
	result.State, result.Message = SyncNone, "AD Connect does not run on this machine, and Active Directory names no server where it does"
	if snap.Connection(source.AD) == nil {
		return nil
	}
	dir, err := im.connect(ctx, snap, source.AD)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	locator, ok := source.As[source.SyncLocator](dir)
	if !ok {
		return nil
	}
	if result.Servers, err = locator.SyncServers(ctx); err != nil {
		return err
	}
	slices.Sort(result.Servers)
	if result.Servers = slices.Compact(result.Servers); len(result.Servers) == 0 {
		result.Servers = []string{}
		return nil
	}
	result.State, result.Command = SyncElsewhere, SyncCommand
	result.Message = "AD Connect runs on " + strings.Join(result.Servers, " and ") + ", not here: run the command there, by your RMM"
	return nil
}

// maxProvision is how many people Cloud Sync is asked to carry at once: it takes a
// person every two seconds, and carries everybody by itself within minutes.
const maxProvision = 50

// provision has Cloud Sync carry those who changed, where the tenant has it and there
// is a connection that may.
func (im *Importer) provision(ctx context.Context, r SyncRequest, result *SyncResult) error {
	snap, err := im.find(ctx, r.Customer, registry.Load{Accounts: true})
	if err != nil {
		return err
	}
	if _, ok := snap.Resetters[source.M365]; !ok {
		return nil
	}
	accounts := map[string]*registry.Account{}
	for _, a := range snap.Accounts {
		accounts[a.ID] = a
	}
	ids := r.Accounts
	if ids == nil {
		if ids, err = im.behind(ctx, snap); err != nil {
			return err
		}
	}
	var dns []string
	for _, id := range ids {
		if a := accounts[id]; a != nil && a.AD != nil && len(dns) < maxProvision {
			dns = append(dns, a.AD.Name)
			result.People = append(result.People, ProvisionedPerson{Account: a.ID, DisplayName: a.DisplayName, DN: a.AD.Name})
		}
	}
	open, err := im.openResetter(ctx, snap, source.M365)
	if err != nil {
		return err
	}
	defer func() { _ = open.dir.Close() }()
	provisioner, ok := source.As[source.CloudProvisioner](open.dir)
	if !ok {
		return nil
	}
	done, err := provisioner.Provision(ctx, dns)
	if source.CodeOf(err) == source.CodeNotFound {
		result.People = []ProvisionedPerson{}
		return nil
	}
	if err != nil {
		return err
	}
	carried := 0
	for i, p := range done {
		result.People[i].Done, result.People[i].Message = p.Done, p.Message
		if p.Done {
			carried++
		}
	}
	result.State, result.Message = SyncProvisioned, fmt.Sprintf("Cloud Sync was asked for %d people, and carried %d", len(dns), carried)
	if left := len(ids) - len(dns); left > 0 {
		result.Message += fmt.Sprintf("; %d more it carries by itself before long", left)
	}
	return nil
}

// behind are the accounts of synchronised people whose password is newer in AD.
func (im *Importer) behind(ctx context.Context, snap *registry.Snapshot) ([]string, error) {
	list, err := im.PasswordStatuses(ctx, snap.Customer.ID)
	var ids []string
	for _, v := range list.Accounts {
		if v.InStep != nil && !*v.InStep && v.ADSetAt != nil {
			ids = append(ids, v.Account)
		}
	}
	return ids, err
}

// syncPoll is how long it is waited between two looks at the tenant.
const syncPoll = 15 * time.Second

// syncLimit is how long a cycle is waited for: AD Connect begins one every half hour.
const syncLimit = time.Hour

// awaitSync waits until the tenant says that it was synchronised since.
func (im *Importer) awaitSync(ctx context.Context, snap *registry.Snapshot, before *time.Time, result *SyncResult) error {
	for began := im.clock(); im.clock().Sub(began) < syncLimit; {
		if err := im.pause(ctx, syncPoll); err != nil {
			return err
		}
		now, err := im.lastSync(ctx, snap)
		if err != nil {
			return err
		}
		if now != nil && (before == nil || now.After(*before)) {
			result.SyncedAt, result.Waited = now, true
			return nil
		}
	}
	return &source.Error{Code: source.CodeUnreachable, Message: fmt.Sprintf("Microsoft 365 was not synchronised within %s", syncLimit), Hint: "look at the Synchronization Service Manager on this machine"}
}

// canWait says, before a cycle is begun, whether there is somebody to ask for its end.
func canWait(snap *registry.Snapshot) error {
	if c := snap.Connection(source.M365); c == nil || c.Transport == source.TransportFile {
		return &source.Error{Code: CodeNotConnected, Subject: string(source.M365), Message: snap.Customer.Name + " has no Microsoft 365 connected that would say when it was synchronised"}
	}
	return nil
}

// noEngine stands for a machine on which AD Connect is not looked for.
type noEngine struct{}

func (noEngine) Scheduler(context.Context) (source.SyncScheduler, error) {
	return source.SyncScheduler{}, nil
}
func (noEngine) Start(context.Context) error { return nil }
