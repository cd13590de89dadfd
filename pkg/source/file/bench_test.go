package file

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

const manyUsers = 100_000

// BenchmarkUsers reads exports of 100,000 users in whole.
func BenchmarkUsers(b *testing.B) {
	for _, bench := range []struct {
		name   string
		kind   source.Kind
		header string
		user   func(i int) string
		footer string
	}{
		{"LDIF", source.AD, "version: 1\n\n", ldifdeUser, ""},
		{"CSV", source.AD, "DN,objectGUID,sAMAccountName,displayName,mail,userAccountControl\n", csvUser, ""},
		{"Graph", source.M365, `{"value":[`, graphUser, `{"id":"` + guidA + `"}]}`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			d := open(b, bench.kind, generate(b, bench.header, bench.user, bench.footer))
			b.SetBytes(d.in.size)
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, err := range d.Users(b.Context(), source.Scope{}) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n < manyUsers {
					b.Fatalf("%d users", n)
				}
			}
			b.ReportMetric(float64(manyUsers*b.N)/b.Elapsed().Seconds(), "users/s")
		})
	}
}

func generate(b *testing.B, header string, user func(int) string, footer string) string {
	path := filepath.Join(b.TempDir(), "many")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	_, _ = w.WriteString(header)
	for i := range manyUsers {
		_, _ = w.WriteString(user(i))
	}
	_, _ = w.WriteString(footer)
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

func guidOf(i int) []byte {
	g := make([]byte, 16)
	binary.LittleEndian.PutUint32(g, uint32(i))
	return g
}

// ldifdeUser is a record with all attributes, of which most are not read.
func ldifdeUser(i int) string {
	return fmt.Sprintf(`dn: CN=Given%[1]d Surname%[1]d,OU=Unit%[2]d,OU=Staff,DC=corp,DC=example
changetype: add
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: Given%[1]d Surname%[1]d
sn: Surname%[1]d
title: Clerk
givenName: Given%[1]d
distinguishedName: CN=Given%[1]d Surname%[1]d,OU=Unit%[2]d,OU=Staff,DC=corp,DC=example
instanceType: 4
whenCreated: 20200101000000.0Z
whenChanged: 20260101000000.0Z
displayName: Given%[1]d Surname%[1]d
uSNCreated: 1%[1]d
memberOf: CN=All Staff,OU=Groups,DC=corp,DC=example
memberOf: CN=Unit %[2]d with a long name that is folded,OU=Groups,DC=corp,DC=ex
 ample
uSNChanged: 2%[1]d
department: Unit%[2]d
company: Example
proxyAddresses: SMTP:user%[1]d@corp.example
proxyAddresses: smtp:u%[1]d@corp.example
name: Given%[1]d Surname%[1]d
objectGUID:: %[3]s
userAccountControl: 512
badPwdCount: 0
codePage: 0
countryCode: 0
lastLogon: 133500000000000000
pwdLastSet: 133500000000000000
primaryGroupID: 513
accountExpires: 9223372036854775807
logonCount: 7
sAMAccountName: user%[1]d
sAMAccountType: 805306368
userPrincipalName: user%[1]d@corp.example
objectCategory: CN=Person,CN=Schema,CN=Configuration,DC=corp,DC=example
mail: user%[1]d@corp.example

`, i, i%200, base64.StdEncoding.EncodeToString(guidOf(i)))
}

func csvUser(i int) string {
	return fmt.Sprintf("\"CN=User %[1]d,OU=Unit%[2]d,DC=x\",X'%[3]x',user%[1]d,User %[1]d,user%[1]d@x.example,512\n", i, i%200, guidOf(i))
}

func graphUser(i int) string {
	return fmt.Sprintf(`{"id":"%08[1]d-1111-2222-3333-444444444444","displayName":"Given%[1]d Surname%[1]d","givenName":"Given%[1]d","surname":"Surname%[1]d","userPrincipalName":"user%[1]d@x.example","mail":"user%[1]d@x.example","mailNickname":"user%[1]d","proxyAddresses":["SMTP:user%[1]d@x.example","smtp:u%[1]d@x.example"],"employeeId":"%[1]d","department":"Unit","jobTitle":"Clerk","companyName":"Example","businessPhones":["+1 425 555 0100"],"mobilePhone":null,"accountEnabled":true,"userType":"Member","assignedPlans":[{"assignedDateTime":"2024-01-01T00:00:00Z","capabilityStatus":"Enabled","service":"exchange","servicePlanId":"11111111-2222-3333-4444-555555555555"}],"assignedLicenses":[{"disabledPlans":[],"skuId":"11111111-2222-3333-4444-555555555555"}],"onPremisesImmutableId":null},`, i)
}
