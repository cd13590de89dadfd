package file

import (
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Field is one thing that is read of a user, with the names that tools give it.
// Case, blanks, hyphens, underscores and apostrophes of a name do not matter.
type Field struct {
	Source source.Kind `json:"source"`
	Name   string      `json:"field"` // as the directory itself calls it
	Names  []ToolNames `json:"names"`
}

// ToolNames are the names that a tool gives to a field.
type ToolNames struct {
	Tool  string   `json:"tool"`
	Names []string `json:"names"`
}

// Fields lists what is read of exports, by directory: the one place that knows
// how tools name things.
func Fields() []Field {
	var out []Field
	for _, t := range []struct {
		kind  source.Kind
		tools []string
		rows  [][]string
	}{{source.AD, adTools(), adNames()}, {source.M365, graphTools(), graphNames()}} {
		for _, row := range t.rows {
			f := Field{Source: t.kind, Name: row[0], Names: []ToolNames{}}
			for i, cell := range row[1:] {
				if cell != "" {
					f.Names = append(f.Names, ToolNames{t.tools[i], strings.Split(cell, "|")})
				}
			}
			out = append(out, f)
		}
	}
	return out
}

func adTools() []string {
	return []string{"LDAP (ldifde, csvde, ldapsearch, ldap3, ldapdomaindump, ADSI)", "Get-ADUser, Get-ADObject"}
}

// adNames are the names of what is read of Active Directory: the attribute, then
// by the tools of adTools.
func adNames() [][]string {
	return [][]string{
		{"distinguishedName", "dn|distinguishedName|adspath|path", "DistinguishedName"},
		{"objectGUID", "objectGUID", "ObjectGUID"},
		{"objectSid", "objectSid", "SID|objectSid"},
		{"ms-DS-ConsistencyGuid", "ms-DS-ConsistencyGuid", "mS-DS-ConsistencyGuid"},
		{"sAMAccountName", "sAMAccountName", "SamAccountName"},
		{"userPrincipalName", "userPrincipalName", "UserPrincipalName"},
		{"displayName", "displayName", "DisplayName"},
		{"givenName", "givenName", "GivenName"},
		{"sn", "sn", "Surname|sn"},
		{"initials", "initials", "Initials"},
		{"mail", "mail", "mail|EmailAddress"},
		{"proxyAddresses", "proxyAddresses", "proxyAddresses"},
		{"mailNickname", "mailNickname", "mailNickname"},
		{"employeeID", "employeeID", "EmployeeID"},
		{"department", "department", "Department"},
		{"title", "title", "Title"},
		{"company", "company", "Company"},
		{"telephoneNumber", "telephoneNumber", "OfficePhone|telephoneNumber"},
		{"mobile", "mobile", "MobilePhone|mobile"},
		{"userAccountControl", "userAccountControl", "userAccountControl"},
		{"enabled", "", "Enabled"},
		{"passwordNeverExpires", "", "PasswordNeverExpires"},
		{"primaryGroupID", "primaryGroupID", "primaryGroupID"},
		{"adminCount", "adminCount", "adminCount"},
		{"servicePrincipalName", "servicePrincipalName", "ServicePrincipalNames|servicePrincipalName"},
		{"memberOf", "memberOf", "MemberOf"},
		{"member", "member", "Members|member"},
		{"groupType", "groupType", "groupType"},
		{"primaryGroup", "", "PrimaryGroup"},
		{"isCriticalSystemObject", "isCriticalSystemObject", "isCriticalSystemObject"},
		{"isDeleted", "isDeleted", "Deleted|isDeleted"},
		{"isRecycled", "isRecycled", "isRecycled"},
		{"pwdLastSet", "pwdLastSet", "pwdLastSet"},
		{"accountExpires", "accountExpires", "accountExpires"},
		{"msExchRecipientTypeDetails", "msExchRecipientTypeDetails", "msExchRecipientTypeDetails"},
		{"objectClass", "objectClass", "ObjectClass"},
		{"sAMAccountType", "sAMAccountType", "sAMAccountType"},
		{"wellKnownObjects", "wellKnownObjects", "wellKnownObjects"},
		{"otherWellKnownObjects", "otherWellKnownObjects", "otherWellKnownObjects"},
	}
}

// firstLanguage is where in graphTools the admin centre's other languages begin.
const firstLanguage = 7

func graphTools() []string {
	return []string{
		"Microsoft Graph, Get-MgUser, az ad user list, n8n", "Get-EntraUser, Get-AzureADUser", "Get-MsolUser",
		"Get-Mailbox, Get-EXOMailbox", "Entra bulk download", "CIPP", "admin centre (English)",
		"admin centre (German)", "admin centre (French)", "admin centre (Spanish)", "admin centre (Dutch)",
		"admin centre (Portuguese)", "admin centre (Italian)",
	}
}

// graphNames are the names of what is read of Microsoft 365: the property, then by
// the tools of graphTools.
func graphNames() [][]string {
	return [][]string{
		{"id", "id", "ObjectId|Id", "ObjectId", "ExternalDirectoryObjectId", "id|objectId", "id", "Object Id",
			"Objekt-ID|Objektkennung", "ID d'objet|ID de l'objet|ID objet", "Id. de objeto|Id de objeto|Id. del objeto|Identificador de objeto", "Object-id|Object-ID", "ID do objeto|ID de objeto|ID do Objeto", "ID oggetto"},
		{"displayName", "displayName", "DisplayName", "DisplayName", "DisplayName", "displayName", "displayName", "Display name",
			"Anzeigename", "Nom complet|Nom d'affichage|Nom affiché", "Nombre para mostrar", "Weergavenaam", "Nome de exibição|Nome para exibição|Nome a apresentar", "Nome visualizzato"},
		{"givenName", "givenName", "GivenName", "FirstName", "FirstName", "givenName", "givenName", "First name",
			"Vorname", "Prénom", "Nombre", "Voornaam", "Nome|Primeiro nome|Nome próprio", "Nome"},
		{"surname", "surname", "Surname", "LastName", "LastName", "surname", "surname", "Last name",
			"Nachname", "Nom|Nom de famille", "Apellidos|Apellido", "Achternaam", "Sobrenome|Apelido", "Cognome"},
		{"userPrincipalName", "userPrincipalName", "UserPrincipalName", "UserPrincipalName", "UserPrincipalName", "userPrincipalName", "userPrincipalName", "User principal name",
			"Benutzerprinzipalname", "Nom d'utilisateur principal|Nom principal de l'utilisateur|Nom d'utilisateur principal (UPN)", "Nombre principal de usuario|Nombre principal del usuario", "User principal name|Principal-naam van gebruiker", "Nome principal do usuário|Nome principal do utilizador|Nome UPN", "Nome dell'entità utente|Nome entità utente|Nome principale utente"},
		{"mail", "mail", "Mail", "", "PrimarySmtpAddress", "mail", "mail", "", "", "", "", "", "", ""},
		{"mailNickname", "mailNickname", "MailNickName", "", "Alias", "", "mailNickname", "", "", "", "", "", "", ""},
		{"proxyAddresses", "proxyAddresses", "ProxyAddresses", "ProxyAddresses", "EmailAddresses", "proxyAddresses", "proxyAddresses", "Proxy addresses",
			"Proxyadressen", "Adresses proxy|Adresses de proxy", "Direcciones proxy|Direcciones de proxy", "Proxyadressen", "Endereços proxy|Endereços de proxy", "Indirizzi proxy"},
		{"employeeId", "employeeId", "EmployeeId", "", "", "employeeId", "employeeId", "", "", "", "", "", "", ""},
		{"department", "department", "Department", "Department", "", "department", "department", "Department",
			"Abteilung", "Service|Département", "Departamento", "Afdeling", "Departamento", "Reparto"},
		{"jobTitle", "jobTitle", "JobTitle", "Title", "", "jobTitle", "jobTitle", "Title",
			"Titel|Position", "Titre|Fonction", "Título|Puesto", "Titel|Functie", "Título|Cargo", "Titolo|Posizione"},
		{"companyName", "companyName", "CompanyName", "", "", "companyName", "companyName", "", "", "", "", "", "", ""},
		{"businessPhones", "businessPhones", "TelephoneNumber", "PhoneNumber", "", "telephoneNumber", "businessPhones", "Phone number",
			"Telefonnummer|Rufnummer", "Numéro de téléphone", "Número de teléfono", "Telefoonnummer", "Número de telefone", "Numero di telefono"},
		{"mobilePhone", "mobilePhone", "Mobile", "MobilePhone", "", "mobilePhone|mobile", "mobilePhone", "Mobile Phone",
			"Mobiltelefon", "Téléphone mobile", "Teléfono móvil", "Mobiele telefoon", "Telefone celular|Telemóvel", "Telefono cellulare"},
		{"accountEnabled", "accountEnabled", "AccountEnabled", "", "", "accountEnabled", "accountEnabled", "", "", "", "", "", "", ""},
		{"accountDisabled", "", "", "BlockCredential", "AccountDisabled", "", "", "Block credential",
			"Anmeldeinformationen blockieren|Anmeldung blockiert|Anmeldung blockieren", "Bloquer les informations d'identification", "Bloquear credencial|Bloquear credenciales", "Referentie blokkeren|Referenties blokkeren", "Bloquear credencial|Bloquear credenciais", "Blocca credenziali"},
		{"userType", "userType", "UserType", "UserType", "", "userType", "userType", "", "", "", "", "", "", ""},
		{"assignedPlans", "assignedPlans", "AssignedPlans", "", "", "", "assignedPlans", "", "", "", "", "", "", ""},
		{"assignedLicenses", "assignedLicenses", "AssignedLicenses", "Licenses", "", "", "assignedLicenses|LicJoined", "Licenses",
			"Lizenzen", "Licences", "Licencias", "Licenties", "Licenças", "Licenze"},
		{"isLicensed", "", "", "IsLicensed", "", "", "", "", "", "", "", "", "", ""},
		{"deletedDateTime", "deletedDateTime", "DeletionTimestamp|DeletedDateTime", "SoftDeletionTimestamp", "WhenSoftDeleted", "deletedDateTime", "deletedDateTime", "Soft deletion time stamp",
			"Zeitstempel für vorläufiges Löschen|Zeitstempel des vorläufigen Löschens", "", "", "", "", ""},
		{"isDeleted", "", "", "", "IsSoftDeletedByRemove|IsSoftDeletedByDisable|IsInactiveMailbox", "", "", "", "", "", "", "", "", ""},
		{"recipientTypeDetails", "", "", "", "RecipientTypeDetails", "", "", "", "", "", "", "", "", ""},
		{"onPremisesImmutableId", "onPremisesImmutableId", "ImmutableId|OnPremisesImmutableId", "ImmutableId", "ImmutableId", "onPremisesImmutableId", "onPremisesImmutableId", "", "", "", "", "", "", ""},
		{"onPremisesSamAccountName", "onPremisesSamAccountName", "OnPremisesSamAccountName", "", "", "", "onPremisesSamAccountName", "", "", "", "", "", "", ""},
		{"onPremisesSecurityIdentifier", "onPremisesSecurityIdentifier", "OnPremisesSecurityIdentifier", "", "", "", "onPremisesSecurityIdentifier", "", "", "", "", "", "", ""},
		{"onPremisesSyncEnabled", "onPremisesSyncEnabled", "DirSyncEnabled|OnPremisesSyncEnabled", "", "IsDirSynced", "directorySynced", "onPremisesSyncEnabled", "DirSyncEnabled",
			"", "", "", "", "", ""},
		{"lastPasswordChangeDateTime", "lastPasswordChangeDateTime", "LastPasswordChangeDateTime", "LastPasswordChangeTimestamp", "", "", "lastPasswordChangeDateTime", "Last password change time stamp",
			"", "", "", "", "", ""},
	}
}

// namesOf makes an index of a table of names: the field by its folded name. The
// names that only other languages have are kept apart, because a few of them mean
// something else in another one: Nombre, Nome and Nom.
func namesOf(rows [][]string, tools func(column int) bool) map[string]string {
	index := map[string]string{}
	for _, row := range rows {
		if row[0] != "accountDisabled" && row[0] != "isLicensed" {
			index[foldColumn(row[0])] = row[0]
		}
		for i, cell := range row[1:] {
			if cell == "" || !tools(i) {
				continue
			}
			for _, name := range strings.Split(cell, "|") {
				index[foldColumn(name)] = row[0]
			}
		}
	}
	return index
}

func everyTool(int) bool { return true }

// graphIndex finds the field of a name. In a file of another language its names
// count, and it is named.
func graphIndex(columns []string) (index map[string]string, language string) {
	index = namesOf(graphNames(), func(tool int) bool { return tool < firstLanguage })
	best := 0
	for _, c := range columns {
		if index[c] != "" && c != foldColumn("DirSyncEnabled") {
			best++
		}
	}
	english := index
	for tool := firstLanguage; tool < len(graphTools()); tool++ {
		local := namesOf(graphNames(), func(t int) bool { return t < firstLanguage || t == tool })
		n := 0
		for _, c := range columns {
			if local[c] != "" && c != foldColumn("DirSyncEnabled") {
				n++
			}
		}
		if n > best {
			best, index, language = n, local, graphTools()[tool]
		}
	}
	if language != "" && slices.Contains(columns, foldColumn("User principal name")) && slices.Contains(columns, foldColumn("Display name")) {
		return english, "" // English with a column of somebody's own
	}
	return index, language
}

var unmarked = strings.NewReplacer(" ", "", "\u00a0", "", "_", "", "-", "", "'", "", "’", "", "\ufeff", "")

// foldColumn makes spellings of a name equal.
func foldColumn(name string) string { return strings.ToLower(unmarked.Replace(name)) }
