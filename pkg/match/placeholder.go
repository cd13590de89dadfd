package match

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// emptyNames are texts that stand where a name is missing, letters alone.
const emptyNames = "na|n a|null|none|nil|nan|undefined|unknown|unknown user|anonymous|no name|noname|tbd|tba|tbc|xx|xxx|xxxx|nn|n n|ref|value|error|true|false|name|display name|displayname|first last|firstname lastname|first name last name|given name surname|vorname nachname|nachname vorname|nom prenom|prenom nom|nombre apellido|nome cognome|user|users|new user|newuser|test user|temp user|temporary user|default user|sample user|demo user|generic user|new employee|new starter|new hire|new joiner|employee|vacant|vacancy|to be hired|to be confirmed|to be announced|neuer benutzer|neuer user|neuer mitarbeiter|neue mitarbeiterin|benutzer|unbekannt|nouvel utilisateur|nouvel employe|utilisateur|inconnu|nuevo usuario|nuevo empleado|usuario|desconocido|nuovo utente|utente|sconosciuto|novo usuario|novo utilizador|nieuwe gebruiker|gebruiker|onbekend|ny bruker|ny bruger|ny anvandare|nowy uzytkownik|uzytkownik|novy uzivatel|uzivatel|uj felhasznalo|uusi kayttaja|yeni kullanici|kullanici|новый пользователь|пользователь"

// isEmptyName says whether a name is none: it has no letter, or is what stands
// where a name is missing.
func (x *lexicon) isEmptyName(key string) bool {
	words := strings.FieldsFunc(key, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) })
	if len(words) == 0 {
		return true
	}
	if len(words) > 4 {
		return false
	}
	name := strings.Join(words, " ")
	if x.emptyNames[name] {
		return true
	}
	if isASCII(name) {
		return false
	}
	plain := make([]string, len(words))
	for k, w := range words {
		plain[k], _ = asciiForms(w)
	}
	return x.emptyNames[strings.Join(plain, " ")]
}

// isDamaged says whether a name lost letters on its way: an export in a narrow
// character set leaves question marks in their places. What stood there may
// differ.
func isDamaged(name string) bool {
	return strings.ContainsRune(name, '?') || strings.ContainsRune(name, utf8.RuneError) || !utf8.ValidString(name)
}

// nameKey is the key of a name, none for one that is damaged or no name.
func (x *lexicon) nameKey(name string) string {
	key := Key(name)
	if key == "" || isDamaged(name) || x.isEmptyName(key) {
		return ""
	}
	return key
}
