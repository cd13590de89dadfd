package file

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

func TestTreeOfAListOfUsers(t *testing.T) {
	const header = "DN;objectGUID;sAMAccountName;displayName;enabled;objectSid\n"
	row := func(n, dn string) string {
		return dn + ";" + n + guidA[1:] + ";u" + n + ";U;True;S-1-5-21-1-2-3-100" + n + "\n"
	}
	path := write(t, header+
		row("1", `CN=Ann,OU=Sales\, PR,OU=Staff,DC=corp,DC=example`)+
		row("2", "CN=Bob,ou=staff,DC=corp,DC=example")+
		row("3", "CN=Admin,CN=Users,DC=corp,DC=example"))
	d := open(t, source.AD, path)
	got, err := d.Tree(context.Background())
	want := source.Tree{Root: "DC=corp,DC=example", Containers: []source.Container{
		{DN: "DC=corp,DC=example", Name: "corp", Class: "domainDNS"},
		{DN: `OU=Sales\, PR,OU=Staff,DC=corp,DC=example`, Name: "Sales, PR", Class: "organizationalUnit"},
		{DN: "OU=Staff,DC=corp,DC=example", Name: "Staff", Class: "organizationalUnit"},
		{DN: "CN=Users,DC=corp,DC=example", Name: "Users", Class: "container", WellKnown: "A9D1CA15768811D1ADED00C04FD8D5CD"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	info, err := d.Info(context.Background())
	if err != nil || info.ID != "S-1-5-21-1-2-3" || info.Name != "corp.example" {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestTreeWithoutNames(t *testing.T) {
	d := open(t, source.AD, write(t, "objectGUID,sAMAccountName,displayName,enabled\n"+guidA+",a,A,True\n"))
	tree, err := d.Tree(context.Background())
	if err != nil || !reflect.DeepEqual(tree, source.Tree{}) {
		t.Errorf("got %+v, %v", tree, err)
	}
	info, err := d.Info(context.Background())
	if err != nil || info.ID != "" || !strings.Contains(strings.Join(info.Notes, " "), "OUs") {
		t.Errorf("got %+v, %v", info, err)
	}
}

// The domain's own list tells what a container is, whatever its name is.
func TestTreeOfARenamedContainer(t *testing.T) {
	d := open(t, source.AD, write(t, `dn: DC=DomainDnsZones,DC=corp,DC=example
objectClass: top
objectClass: domainDNS

dn: DC=corp,DC=example
objectClass: top
objectClass: domainDNS
objectSid: S-1-5-21-1-2-3
wellKnownObjects: B:32:a9d1ca15768811d1aded00c04fd8d5cd:CN=Benutzer,DC=corp,DC=example

dn: CN=Benutzer,DC=corp,DC=example
objectClass: container

dn: CN=Users,DC=corp,DC=example
objectClass: container

`))
	tree, err := d.Tree(context.Background())
	if err != nil || tree.Root != "DC=corp,DC=example" {
		t.Fatalf("got %+v, %v", tree, err)
	}
	for _, c := range tree.Containers {
		if (c.WellKnown != "") != (c.Name == "Benutzer") {
			t.Errorf("%s has the well-known GUID %q", c.DN, c.WellKnown)
		}
	}
}

func TestTreeRefused(t *testing.T) {
	for name, content := range map[string]string{
		"a container twice":         "dn: OU=a,DC=x\nobjectClass: organizationalUnit\n\ndn: ou=A,DC=x\nobjectClass: organizationalUnit\n\n",
		"a damaged GUID":            "dn: OU=a,DC=x\nobjectClass: organizationalUnit\nobjectGUID:: 2yux\n\n",
		"a damaged well-known list": "dn: DC=x\nobjectClass: domainDNS\nwellKnownObjects: CN=Users,DC=x\n\n",
		"a damaged SID":             "dn: DC=x\nobjectClass: domainDNS\nobjectSid:: 2yux\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, source.AD, write(t, content)).Tree(context.Background())
			checkRefused(t, err, source.CodeIncomplete, "export.txt:")
		})
	}
}
