package match

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// emptyNames are texts that stand where a name is missing, letters alone.
const emptyNames = "do not use|do not delete|please delete|to delete|change me|object object|na|ka|k a|nb|n b|nv|n v|on|new|test|asdf|asd|asdfg|qwerty|qwertz|azerty|jkl|abc|foo|bar|foobar|lorem|lorem ipsum|aaa|zzz|yyy|temp|tmp|temporary|dummy|example|sample|placeholder|reserved|unassigned|not assigned|not available|not applicable|not set|not known|not specified|unspecified|unnamed|nameless|nobody|no one|someone|somebody|pending|missing|deleted|to be determined|to be defined|to be advised|nicht zugewiesen|nicht bekannt|nicht vergeben|nicht besetzt|frei|unbesetzt|non assigne|non renseigne|a definir|no asignado|sin asignar|por definir|non assegnato|da definire|da assegnare|nao atribuido|a definir|niet toegewezen|nieprzypisany|neprirazeno|ikke tildelt|ej tilldelad|не назначен|неизвестно|username|user name|login|logon name|blank|empty|leer|vide|vuoto|vacio|leeg|null|none|nil|nan|undefined|unknown|unknown user|senza nome|sin nombre|sans nom|ohne name|ohne namen|zonder naam|geen naam|bez nazwy|bez nazwiska|bez jmena|uten navn|uden navn|utan namn|nimeton|isimsiz|sem nome|nincs nev|fara nume|anonymous|no name|noname|tbd|tba|tbc|xx|xxx|xxxx|nn|n n|ref|value|error|true|false|name|display name|displayname|first last|firstname lastname|first name last name|given name surname|vorname nachname|nachname vorname|nom prenom|prenom nom|nombre apellido|nome cognome|user|users|new user|newuser|test user|temp user|temporary user|default user|sample user|demo user|generic user|new employee|new starter|new hire|new joiner|employee|vacant|vacancy|to be hired|to be confirmed|to be announced|neuer benutzer|neuer user|neuer mitarbeiter|neue mitarbeiterin|benutzer|unbekannt|nouvel utilisateur|nouvel employe|utilisateur|inconnu|nuevo usuario|nuevo empleado|usuario|desconocido|nuovo utente|utente|sconosciuto|novo usuario|novo utilizador|nieuwe gebruiker|gebruiker|onbekend|ny bruker|ny bruger|ny anvandare|nowy uzytkownik|uzytkownik|novy uzivatel|uzivatel|uj felhasznalo|uusi kayttaja|yeni kullanici|kullanici|новый пользователь|пользователь"

// fillerWords are words that no name consists of alone.
const fillerWords = "delete deleted disable disabled inactive former old new ex employee employees user users account accounts mailbox staff member worker contractor consultant agency temp temporary tmp test tester demo dummy sample example generic default template placeholder reserved spare vacant vacancy vacated position unassigned unknown unnamed nobody someone somebody person name firstname lastname displayname username benutzer mitarbeiter mitarbeiterin ehemaliger ehemalige ehemals neuer neue neu alter alte geloscht deaktiviert inaktiv platzhalter vertretung aushilfe praktikant praktikantin unbekannt unbekannter ancien ancienne employe employee utilisateur nouvel nouveau nouvelle supprime desactive stagiaire usuario usuaria nuevo nueva antiguo antigua empleado empleada eliminado desactivado utente nuovo nuova dipendente disattivato usuario novo nova antigo funcionario gebruiker nieuwe oud medewerker verwijderd uzytkownik nowy byly pracownik uzivatel novy zamestnanec anvandare bruker bruger ny tidligere"

// isEmptyName says whether a name is none: it has no letter, or is what stands
// where a name is missing, once or in every part.
func (x *lexicon) isEmptyName(key string) bool {
	if first, _, _ := strings.Cut(key, " "); keepAlnum(first) == first && strings.Trim(first, "0123456789") != "" && !x.emptyBegins[first] && !x.fillerWords[first] {
		return false // as nearly always
	}
	parts := strings.Fields(key)
	if len(parts) > 5 {
		return false
	}
	words, filler := make([]string, 0, len(parts)), true
	for _, part := range parts {
		w := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.Is(unicode.M, r) {
				return r
			}
			return -1
		}, part)
		if w == "" {
			continue
		}
		if !isASCII(w) {
			w, _ = asciiForms(w)
		}
		words, filler = append(words, w), filler && (x.emptyNames[w] || x.fillerWords[w])
	}
	return filler || x.emptyNames[strings.Join(words, " ")]
}

// emptyFields are texts that stand where a given name or a surname is missing, and
// are no names: Frei and New are surnames as well.
const emptyFields = "null (null) n/a #n/a none undefined unknown unbekannt inconnu desconocido sconosciuto tbd tba tbc xxx xxxx #ref! #value! #name?"

// fieldKey is the key of a given name or a surname that has an attribute of its own,
// "" for what is none.
func (x *lexicon) fieldKey(name string) string {
	key := Key(name)
	if key == "" || isDamaged(name) || x.emptyFields[key] || !strings.ContainsFunc(key, unicode.IsLetter) {
		return ""
	}
	return key
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
