package ad

import (
	"testing"

	"golang.org/x/sys/windows/registry"

	"github.com/qpimport/qpimport/pkg/source"
)

// What the registry of a domain controller says it demands; silence is not no.
func TestServerPolicy(t *testing.T) {
	const path = `Software\qpimport-test`
	key, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	defer registry.DeleteKey(registry.CURRENT_USER, path)
	defer key.Close()
	if got := readPolicy(registry.CURRENT_USER, path); got != (policy{}) {
		t.Errorf("silent: %+v", got)
	}
	for _, c := range []struct {
		integrity, binding uint32
		want               policy
	}{{2, 2, policy{source.Yes, source.Yes}}, {1, 0, policy{source.Unknown, source.No}}, {0, 1, policy{source.Unknown, source.Yes}}, {9, 9, policy{}}} {
		if err := key.SetDWordValue("LDAPServerIntegrity", c.integrity); err != nil {
			t.Fatal(err)
		}
		if err := key.SetDWordValue("LdapEnforceChannelBinding", c.binding); err != nil {
			t.Fatal(err)
		}
		if got := readPolicy(registry.CURRENT_USER, path); got != c.want {
			t.Errorf("%d, %d: %+v", c.integrity, c.binding, got)
		}
	}
	if got := readPolicy(registry.CURRENT_USER, path+"-none"); got != (policy{}) {
		t.Errorf("no domain controller: %+v", got)
	}
	if got := serverPolicy("dc1.corp.contoso.example"); got != (policy{}) {
		t.Errorf("of another computer: %+v", got)
	}
}
