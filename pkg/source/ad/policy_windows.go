package ad

import (
	"os"
	"strings"

	"golang.org/x/sys/windows/registry"

	"github.com/qpimport/qpimport/pkg/source"
)

// serverPolicy is what a domain controller demands, where it is this computer.
func serverPolicy(server string) policy {
	host, _, _ := strings.Cut(server, ".")
	if here, err := os.Hostname(); err != nil || !strings.EqualFold(host, here) {
		return policy{}
	}
	return readPolicy(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\NTDS\Parameters`)
}

// readPolicy reads what the group policy wrote. Where it is silent, and where it does
// not ask for signing, the version of Windows decides: that is not known here.
func readPolicy(root registry.Key, path string) policy {
	var p policy
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
	if err != nil {
		return p
	}
	defer func() { _ = key.Close() }()
	if n, _, err := key.GetIntegerValue("LDAPServerIntegrity"); err == nil && n == 2 {
		p.signing = source.Yes
	}
	if n, _, err := key.GetIntegerValue("LdapEnforceChannelBinding"); err == nil && n <= 2 {
		p.binding = source.FlagOf(n > 0) // 1: of whoever can
	}
	return p
}
