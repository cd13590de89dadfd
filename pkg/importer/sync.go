package importer

// SyncResult says what a cycle did.
type SyncResult struct {
	Started bool `json:"started"`
}
