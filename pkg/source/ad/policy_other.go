//go:build !windows

package ad

// serverPolicy is for Windows: a domain controller does not say what it demands.
func serverPolicy(string) policy { return policy{} }
