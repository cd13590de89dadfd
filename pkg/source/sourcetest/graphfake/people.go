package graphfake

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// Person makes the ith of any number of users: a licensed member that AD
// Connect keeps in sync, the same for the same i. About 950 bytes of JSON.
func Person(i int) json.RawMessage {
	given := []string{"Adele", "Alex", "Diego", "Grady", "Henrietta", "Isaiah", "Johanna", "Joni", "Lee", "Lidia"}[i%10]
	surname := fmt.Sprintf("Vance%d", i)
	upn := fmt.Sprintf("user%d@contoso.example", i)
	anchor := make([]byte, 16)
	binary.LittleEndian.PutUint64(anchor, uint64(i)+1)
	return json.RawMessage(fmt.Sprintf(`{"id":"%08x-0000-4000-8000-%012x","displayName":"%s %s","givenName":"%s","surname":"%s",`+
		`"userPrincipalName":"%s","mail":"%s.%s@contoso.example","mailNickname":"user%d",`+
		`"proxyAddresses":["SMTP:%s.%s@contoso.example","smtp:%s"],`+
		`"employeeId":"%06d","department":"Sales","jobTitle":"Account Manager","companyName":"Contoso",`+
		`"businessPhones":["+1 425 555 0109"],"mobilePhone":null,"accountEnabled":true,"userType":"Member",`+
		`"assignedPlans":[{"assignedDateTime":"2026-01-01T00:00:00Z","capabilityStatus":"Enabled","service":"exchange","servicePlanId":"efb87545-963c-4e0d-99df-69c6916d9eb0"}],`+
		`"assignedLicenses":[{"disabledPlans":[],"skuId":"6fd2c87f-b296-42f0-b197-1e91e994b900"}],`+
		`"onPremisesImmutableId":"%s","onPremisesSamAccountName":"user%d",`+
		`"onPremisesSecurityIdentifier":"S-1-5-21-1004336348-1177238915-682003330-%d","onPremisesSyncEnabled":true,`+
		`"lastPasswordChangeDateTime":"2026-01-%02dT08:00:00Z"}`,
		i, i, given, surname, given, surname, upn, given, surname, i, given, surname, upn, i,
		base64.StdEncoding.EncodeToString(anchor), i, 1000+i, 1+i%28))
}
