// Package graphuser turns a user as Microsoft Graph writes it into a
// [source.User]. The Graph adapter and the reader of exported files share it.
package graphuser

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

// Select lists the properties that [JSON] reads, as $select wants them. Graph
// leaves most of them out unless they are asked for.
const Select = "id,displayName,givenName,surname,userPrincipalName,mail,mailNickname,proxyAddresses," +
	"employeeId,department,jobTitle,companyName,businessPhones,mobilePhone,accountEnabled,userType," +
	"assignedPlans,assignedLicenses,onPremisesImmutableId,onPremisesSamAccountName," +
	"onPremisesSecurityIdentifier,onPremisesSyncEnabled,lastPasswordChangeDateTime"

// JSON is a user object of Graph v1.0. A property that is null and one that is
// absent mean the same here: nothing is known. An empty list is knowledge.
type JSON struct {
	ID                string    `json:"id"`
	DisplayName       string    `json:"displayName"`
	GivenName         string    `json:"givenName"`
	Surname           string    `json:"surname"`
	UserPrincipalName string    `json:"userPrincipalName"`
	Mail              string    `json:"mail"`
	MailNickname      string    `json:"mailNickname"`
	ProxyAddresses    []string  `json:"proxyAddresses"`
	EmployeeID        string    `json:"employeeId"`
	Department        string    `json:"department"`
	JobTitle          string    `json:"jobTitle"`
	CompanyName       string    `json:"companyName"`
	BusinessPhones    []string  `json:"businessPhones"`
	MobilePhone       string    `json:"mobilePhone"`
	AccountEnabled    *bool     `json:"accountEnabled"`
	UserType          string    `json:"userType"`
	AssignedPlans     []Plan    `json:"assignedPlans"`
	AssignedLicenses  []Licence `json:"assignedLicenses"`

	OnPremisesImmutableID        string `json:"onPremisesImmutableId"`
	OnPremisesSamAccountName     string `json:"onPremisesSamAccountName"`
	OnPremisesSecurityIdentifier string `json:"onPremisesSecurityIdentifier"`
	OnPremisesSyncEnabled        *bool  `json:"onPremisesSyncEnabled"`

	// LastPasswordChangeDateTime is text, because a time that cannot be read is no
	// reason to do without the user: it is not known.
	LastPasswordChangeDateTime string `json:"lastPasswordChangeDateTime"`
}

// Plan is one of assignedPlans.
type Plan struct {
	Service          string `json:"service"`
	CapabilityStatus string `json:"capabilityStatus"`
}

// Licence is one of assignedLicenses. An export may have a product's name in the
// place of the id, or neither.
type Licence struct {
	SkuID string `json:"skuId"`
}

// Read reads the next user object of an answer of Graph, on a page or alone. It wants
// the properties' names as Graph writes them, and each once. A property of the wrong JSON type,
// an element that is no object and a user without id are a [source.CodeIncomplete] error
// that names the user as far as it was read.
func Read(d *jsontext.Decoder) (source.User, error) {
	var j JSON
	depth := d.StackDepth()
	if err := jsonv2.UnmarshalDecode(d, &j); err != nil {
		return source.User{}, incomplete(j, wrongValue(err, depth))
	}
	return j.Convert()
}

// Convert makes the user. A user without id is a [source.CodeIncomplete] error.
func (j *JSON) Convert() (source.User, error) {
	id := strings.ToLower(strings.TrimSpace(j.ID))
	if id == "" {
		return source.User{}, incomplete(*j, errors.New("it has no id"))
	}
	passwordSet, _ := time.Parse(time.RFC3339, j.LastPasswordChangeDateTime) // zero where it is no time
	return source.User{
		Kind:           source.M365,
		ID:             id,
		Username:       j.UserPrincipalName,
		UPN:            j.UserPrincipalName,
		DisplayName:    j.DisplayName,
		GivenName:      j.GivenName,
		Surname:        j.Surname,
		Email:          strings.TrimSpace(j.Mail),
		Addresses:      addresses(j.ProxyAddresses),
		Alias:          j.MailNickname,
		EmployeeID:     j.EmployeeID,
		Department:     j.Department,
		Title:          j.JobTitle,
		Company:        j.CompanyName,
		Phone:          firstOf(j.BusinessPhones),
		Mobile:         j.MobilePhone,
		Enabled:        flag(j.AccountEnabled),
		SID:            j.OnPremisesSecurityIdentifier,
		ImmutableID:    j.OnPremisesImmutableID,
		OnPremUsername: j.OnPremisesSamAccountName,
		Synced:         flag(j.OnPremisesSyncEnabled),
		Guest:          isGuest(j.UserType, j.UserPrincipalName),
		Exchange:       exchange(j.AssignedPlans),
		Licensed:       licensed(j.AssignedLicenses),
		Licences:       skus(j.AssignedLicenses),

		PasswordLastSet: passwordSet.UTC(),
	}, nil
}

func flag(b *bool) source.Flag {
	if b == nil {
		return source.Unknown
	}
	return source.FlagOf(*b)
}

// isGuest also looks at the UPN: an invited guest keeps its #EXT# there, and
// userType can be null on old objects.
func isGuest(userType, upn string) bool {
	return strings.EqualFold(userType, "Guest") || strings.Contains(strings.ToUpper(upn), "#EXT#")
}

// exchange looks for an Exchange plan that works: Warning is the grace period
// after a licence ended.
func exchange(plans []Plan) source.Flag {
	if plans == nil {
		return source.Unknown
	}
	for _, p := range plans {
		if strings.EqualFold(p.Service, "exchange") &&
			(strings.EqualFold(p.CapabilityStatus, "Enabled") || strings.EqualFold(p.CapabilityStatus, "Warning")) {
			return source.Yes
		}
	}
	return source.No
}

func licensed(licences []Licence) source.Flag {
	if licences == nil {
		return source.Unknown
	}
	return source.FlagOf(len(licences) > 0)
}

// skus are the licences of which it is known which they are. An id is a GUID in
// lower case; a product's name stays as it is.
func skus(licences []Licence) []string {
	var out []string
	for _, l := range licences {
		if lower := strings.ToLower(l.SkuID); source.IsID(lower) {
			l.SkuID = lower
		}
		if l.SkuID != "" {
			out = append(out, l.SkuID)
		}
	}
	return out
}

// addresses takes the spaces away that some tenants have after the prefix
// ("SMTP: bob@example.com").
func addresses(values []string) []string {
	var out []string
	for _, v := range values {
		if prefix, address, ok := strings.Cut(v, ":"); ok {
			v = strings.TrimSpace(prefix) + ":" + strings.TrimSpace(address)
		}
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

func firstOf(values []string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// wrongValue says in plain words what [Read]'s decoder objects to in a user that
// so many lists and objects lie round.
func wrongValue(err error, depth int) error {
	var wrong *jsonv2.SemanticError
	if !errors.As(err, &wrong) {
		return err
	}
	kind := wrong.JSONKind.String()
	switch wrong.JSONKind {
	case jsontext.KindBeginObject:
		kind = "object"
	case jsontext.KindBeginArray:
		kind = "array"
	case jsontext.KindTrue, jsontext.KindFalse:
		kind = "bool"
	}
	property := ""
	for n, name := range slices.Collect(wrong.JSONPointer.Tokens()) {
		if n == depth { // behind the names and numbers of what lies round it
			property = name
		}
	}
	return wrongType(property, kind)
}

func wrongType(property, kind string) error {
	if property == "" {
		return fmt.Errorf("it is no object but a JSON %s", kind)
	}
	return fmt.Errorf("%s is of the wrong type, a JSON %s", property, kind)
}

func incomplete(j JSON, err error) error {
	name := "without id"
	switch {
	case j.ID != "" && j.UserPrincipalName != "":
		name = fmt.Sprintf("%q (%q)", j.ID, j.UserPrincipalName)
	case j.ID != "":
		name = fmt.Sprintf("%q", j.ID)
	case j.UserPrincipalName != "":
		name = fmt.Sprintf("%q", j.UserPrincipalName)
	case j.DisplayName != "":
		name = fmt.Sprintf("%q", j.DisplayName)
	}
	return &source.Error{
		Code:    source.CodeIncomplete,
		Message: "user " + name + " cannot be read",
		Err:     err,
		Hint:    "nothing was taken from this read, because it would have been incomplete",
	}
}
