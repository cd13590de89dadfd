package file

import (
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// knownGroup is a group that each domain has, under the names that Windows gives it.
type knownGroup struct {
	rid   string // its SID, without the domain's where it has one
	names []string
}

// dn is the key of the DN at which a domain of one language has the group.
func (k knownGroup) dn(name, root string) string {
	place := "CN=Users,"
	if strings.HasPrefix(k.rid, builtinSID) {
		place = "CN=Builtin,"
	}
	return typographic(source.DNKey("CN=" + source.EscapeRDN(name) + "," + place + root))
}

// typographic makes of the apostrophe that French groups have the one that people type.
func typographic(key string) string { return strings.ReplaceAll(key, "’", "'") }

// groupNames are the groups of each domain that matter here, in English, and in German,
// French, Spanish and Portuguese as far as Microsoft's own texts and scripts for such
// domains agree on the name; Protected Users and DnsAdmins are not translated.
func groupNames() []knownGroup {
	return []knownGroup{
		{"-512", []string{"Domain Admins", "Domänen-Admins", "Admins du domaine", "Admins. del dominio", "Admins. do Domínio"}},
		{"-513", []string{"Domain Users", "Domänen-Benutzer", "Utilisateurs du domaine", "Usuarios del dominio", "Usuários do Domínio"}},
		{"-514", []string{"Domain Guests"}},
		{"-515", []string{"Domain Computers"}},
		{"-516", []string{"Domain Controllers", "Domänencontroller", "Contrôleurs de domaine"}},
		{"-517", []string{"Cert Publishers", "Zertifikatherausgeber"}},
		{"-518", []string{"Schema Admins", "Schema-Admins", "Administrateurs du schéma", "Administradores de esquema"}},
		{"-519", []string{"Enterprise Admins", "Organisations-Admins", "Administrateurs de l'entreprise", "Administradores de empresas"}},
		{"-520", []string{"Group Policy Creator Owners", "Richtlinien-Ersteller-Besitzer", "Propriétaires créateurs de la stratégie de groupe"}},
		{"-521", []string{"Read-only Domain Controllers", "Schreibgeschützte Domänencontroller", "Contrôleurs de domaine en lecture seule"}},
		{"-522", []string{"Cloneable Domain Controllers", "Klonbare Domänencontroller"}},
		{"-525", []string{"Protected Users"}},
		{"-526", []string{"Key Admins", "Schlüssel-Admins", "Schlüsseladministratoren", "Administrateurs clés"}},
		{"-527", []string{"Enterprise Key Admins", "Organisations-Schlüssel-Admins", "Administrateurs clés Enterprise"}},
		{builtinSID + "544", []string{"Administrators", "Administratoren", "Administrateurs", "Administradores"}},
		{builtinSID + "548", []string{"Account Operators", "Konten-Operatoren", "Opérateurs de compte", "Opers. de cuentas"}},
		{builtinSID + "549", []string{"Server Operators", "Server-Operatoren", "Opérateurs de serveur", "Opers. de servidores"}},
		{builtinSID + "550", []string{"Print Operators", "Druck-Operatoren", "Opérateurs d'impression", "Opers. de impresión"}},
		{builtinSID + "551", []string{"Backup Operators", "Sicherungs-Operatoren", "Opérateurs de sauvegarde", "Operadores de copia de seguridad"}},
		{builtinSID + "552", []string{"Replicator", "Replikations-Operator", "Duplicateurs", "Duplicadores"}},
		{builtinSID + "555", []string{"Remote Desktop Users", "Remotedesktopbenutzer", "Utilisateurs du Bureau à distance"}},
		{builtinSID + "557", []string{"Incoming Forest Trust Builders", "Générateurs d'approbation de forêt entrante"}},
		{builtinSID + "562", []string{"Distributed COM Users", "Distributed COM-Benutzer"}},
		{builtinSID + "569", []string{"Cryptographic Operators", "Kryptografie-Operatoren"}},
		{builtinSID + "578", []string{"Hyper-V Administrators", "Hyper-V-Administratoren"}},
		{builtinSID + "580", []string{"Remote Management Users", "Remoteverwaltungsbenutzer", "Usuarios de administración remota"}},
		{source.DNSAdmins, []string{source.DNSAdmins}},
	}
}

// groupName is the English name of a group of each domain by its relative id, "" for
// another.
func groupName(rid uint32) string {
	want := "-" + strconv.FormatUint(uint64(rid), 10)
	for _, known := range groupNames() {
		if known.rid == want {
			return known.names[0]
		}
	}
	return ""
}
