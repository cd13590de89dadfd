// Package mspfake makes the manifest of an MSP with any number of customers, and
// the exports of their directories: for tests and measurements. The same numbers
// make the same files.
package mspfake

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Write makes customers.yaml and a folder exports in a folder. Every third
// customer has Microsoft 365 alone; the others have Active Directory as well, in
// which nine of ten users have a mailbox of the same display name.
func Write(dir string, customers, users int) error {
	if err := os.MkdirAll(filepath.Join(dir, "exports"), 0o700); err != nil {
		return err
	}
	var manifest bytes.Buffer
	manifest.WriteString("version: 1\ndefaults: {recursive: true}\ncustomers:\n")
	for n := 1; n <= customers; n++ {
		c := customer{n, users}
		fmt.Fprintf(&manifest, "  - name: %s\n    external_ids: {itglue: \"%d\"}\n", c.name(), 4000+n)
		fmt.Fprintf(&manifest, "    directories:\n      m365: {file: exports/%03d-m365.json}\n", n)
		if err := writeFile(filepath.Join(dir, "exports", fmt.Sprintf("%03d-m365.json", n)), c.m365); err != nil {
			return err
		}
		if !c.hasAD() {
			manifest.WriteString("    password_sync: \"off\"\n    import: [{source: m365}]\n")
			continue
		}
		fmt.Fprintf(&manifest, "      ad: {file: exports/%03d-ad.ldif}\n", n)
		fmt.Fprintf(&manifest, "    password_sync: \"on\"\n    import: [{source: ad, ou: [\"%s/Staff\"]}]\n    match: {auto: true}\n", c.domain())
		if err := writeFile(filepath.Join(dir, "exports", fmt.Sprintf("%03d-ad.ldif", n)), c.ad); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "customers.yaml"), manifest.Bytes(), 0o600)
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		_ = f.Close()
		return err
	}
	if err := w.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

type customer struct{ n, users int }

func (c customer) name() string   { return fmt.Sprintf("Customer %03d", c.n) }
func (c customer) domain() string { return fmt.Sprintf("corp.c%03d.example", c.n) }
func (c customer) base() string   { return fmt.Sprintf("DC=corp,DC=c%03d,DC=example", c.n) }
func (c customer) hasAD() bool    { return c.n%3 != 0 }

// id is a GUID made of a name.
func (c customer) id(kind string, i int) [16]byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", kind, c.n, i))
	id := [16]byte(sum[:16])
	id[7], id[8] = id[7]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

type person struct{ given, surname, login string }

// person is the i-th of the staff; no two have one name.
func (customer) person(i int) person {
	given := []string{
		"Amara", "Bogdan", "Chloe", "Deepak", "Elif", "Farid", "Greta", "Hiro", "Ingrid", "Jonas",
		"Kofi", "Leila", "Mateus", "Nadia", "Oskar", "Paloma", "Quentin", "Rosa", "Sven", "Thuy",
	}
	surnames := []string{
		"Abbott", "Brandt", "Castillo", "Dahl", "Eklund", "Fischer", "Guerra", "Hughes", "Ivanov", "Jansen",
		"Kaya", "Lund", "Moretti", "Novak", "Okafor", "Pires", "Quist", "Rossi", "Sato", "Tanaka",
	}
	p := person{given[i%len(given)], surnames[i/len(given)%len(surnames)], fmt.Sprintf("u%05d", i)}
	if round := i / len(given) / len(surnames); round > 0 {
		p.surname += fmt.Sprintf("-%s", surnames[round%len(surnames)])
	}
	return p
}

// ad writes the domain as LDIF.
func (c customer) ad(w io.Writer) error {
	guid := func(kind string, i int) string {
		id := c.id(kind, i)
		return base64.StdEncoding.EncodeToString(id[:])
	}
	sid := []byte{1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0}
	domain := c.id("domain", 0)
	sid = append(sid, domain[:12]...)
	_, err := fmt.Fprintf(w, `dn: %[1]s
objectClass: top
objectClass: domain
objectClass: domainDNS
name: corp
objectGUID:: %[2]s
objectSid:: %[3]s

dn: OU=Staff,%[1]s
objectClass: top
objectClass: organizationalUnit
name: Staff
ou: Staff
objectGUID:: %[4]s

`, c.base(), guid("domain", 0), base64.StdEncoding.EncodeToString(sid), guid("ou", 0))
	if err != nil {
		return err
	}
	for i := range c.users {
		p := c.person(i)
		_, err := fmt.Fprintf(w, `dn: CN=%[1]s %[2]s,OU=Staff,%[3]s
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: %[1]s %[2]s
name: %[1]s %[2]s
displayName: %[1]s %[2]s
givenName: %[1]s
sn: %[2]s
sAMAccountName: %[4]s
userPrincipalName: %[4]s@%[5]s
mail: %[4]s@%[5]s
objectGUID:: %[6]s
sAMAccountType: 805306368
userAccountControl: 512

`, p.given, p.surname, c.base(), p.login, c.domain(), guid("ad", i))
		if err != nil {
			return err
		}
	}
	return nil
}

// m365 writes the tenant's users as Graph does.
func (c customer) m365(w io.Writer) error {
	type plan struct {
		Service          string `json:"service"`
		CapabilityStatus string `json:"capabilityStatus"`
	}
	type user struct {
		ID                string `json:"id"`
		DisplayName       string `json:"displayName"`
		GivenName         string `json:"givenName"`
		Surname           string `json:"surname"`
		UserPrincipalName string `json:"userPrincipalName"`
		Mail              string `json:"mail"`
		AccountEnabled    bool   `json:"accountEnabled"`
		UserType          string `json:"userType"`
		AssignedPlans     []plan `json:"assignedPlans"`
	}
	users := []user{}
	for i := range c.users {
		if c.hasAD() && i%10 == 9 {
			continue
		}
		p, id := c.person(i), c.id("m365", i)
		address := fmt.Sprintf("%s@c%03d.example", p.login, c.n)
		users = append(users, user{
			ID:          fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]),
			DisplayName: p.given + " " + p.surname, GivenName: p.given, Surname: p.surname,
			UserPrincipalName: address, Mail: address, AccountEnabled: true, UserType: "Member",
			AssignedPlans: []plan{{"exchange", "Enabled"}},
		})
	}
	return json.NewEncoder(w).Encode(map[string]any{
		"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": users,
	})
}
