package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/mail"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/postgres"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/ad"
	"github.com/qpimport/qpimport/pkg/source/connectwise"
	"github.com/qpimport/qpimport/pkg/source/file"
	"github.com/qpimport/qpimport/pkg/source/halopsa"
	"github.com/qpimport/qpimport/pkg/source/hudu"
	"github.com/qpimport/qpimport/pkg/source/itglue"
	"github.com/qpimport/qpimport/pkg/source/m365"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// advice is what to do about an error, in the words of the command line: the
// libraries say what is wrong, and know neither flags nor commands.
func advice(err error) string {
	var e *source.Error
	if !errors.As(err, &e) {
		return ""
	}
	return cmp.Or(e.Hint, adviceOnTopic(e.Topic, e.Subject), adviceOnCode(e.Code, e.Subject))
}

// meant is advice on a name that nothing goes by.
func meant(like, otherwise string) string {
	if like == "" {
		return otherwise
	}
	return "did you mean " + like + "? " + otherwise
}

func adviceOnTopic(topic source.Topic, subject string) string {
	switch topic {
	case importer.TopicUnknownCustomer:
		return meant(subject, "`qpimport customers` lists them; `qpimport customers create` makes one")
	case importer.TopicUnknownUser:
		return meant(subject, "the user must be in the chosen OU and group; `qpimport users --all` lists everybody")
	case importer.TopicUnknownAccount:
		return meant(subject, "`qpimport accounts` lists them")
	case importer.TopicUnknownMailbox:
		return meant(subject, "`qpimport users --source m365 --all` lists them")
	case importer.TopicUnknownParty:
		return meant(subject, "`qpimport accounts` and `qpimport users --source m365 --all` list them")
	case importer.TopicUnknownDecision:
		return meant(subject, "`qpimport decisions` lists them")
	case importer.TopicUnknownOU:
		return meant(subject, "`qpimport ous` lists them; name one by DN, by path (corp.example/Staff) or by objectGUID")
	case importer.TopicUnknownGroup:
		return meant(subject, "`qpimport groups --all` lists them; name one by name, DN, SID, address or id")
	case importer.TopicNoGroups:
		return "leave --group out, or use a directory that says it"
	case importer.TopicSelectionGone:
		return "nobody was changed for that: import anew with what is there now, and forget the old selection (`qpimport selections`)"
	case importer.TopicNoLicences:
		return "connect it live, or export it with assignedLicenses; or leave --licensed and --sku out"
	case importer.TopicUnknownSelection:
		return "`qpimport selections` lists them with their numbers"
	case importer.TopicNoOUs:
		return "leave --ou out, or use --source ad"
	case importer.TopicOUMissing:
		return "`qpimport ous` and `qpimport groups` list them; --ou with the domain's own DN and -r takes everybody"
	case importer.TopicUsersMissing:
		return "use either --all, or --user SEL… or --users-file FILE"
	case importer.TopicOnImportsFromAD:
		return "import with --source ad, then run `qpimport match --auto`"
	case importer.TopicOnlyOnMatches:
		return "the mode is chosen at the first import (--password-sync on); with off, e-mail comes from the directory that was imported from"
	case importer.TopicNeverRead:
		return "leave --ad-as-read out: the match then reads Active Directory itself"
	case importer.TopicPartFirst:
		return "part them first: --unpair " + output.ShellWord(subject)
	case importer.TopicForgetFirst:
		return "forget the earlier decision first: `qpimport decisions forget`"
	case importer.TopicMatchFirst:
		return "match it first: `qpimport match --pair AD=M365`"
	case importer.TopicSeveralCustomers:
		return "change one customer's at a time, named with --customer"
	case importer.TopicIDTaken:
		return "`qpimport customers -o json` shows who has which external id"
	case importer.TopicNoState:
		return "the first command that writes makes it; is --state right?"
	case importer.TopicUnknownRun:
		return "`qpimport history` lists the runs; those that were pruned are gone"
	case importer.TopicUndone:
		return "`qpimport undo " + subject + "` brings it back"
	case importer.TopicUndoFirst:
		return "take these back first, in this order: " + subject
	case importer.TopicNoResetter:
		return resetRights(subject)
	case importer.TopicPrivileged:
		return "--privileged resets those who hold power over the directory too"
	case importer.TopicResumeFirst:
		return "`qpimport passwords reset --resume " + subject + "` finds out what came of it, unless that one still runs"
	case importer.TopicTakenUp:
		return "`qpimport history show " + subject + "` tells what came of it"
	case importer.TopicOwnPasswords:
		return "--from FILE takes them from the file that --out wrote"
	case importer.TopicNobodyWaits:
		return "`qpimport passwords check` looks for resets in Active Directory"
	case importer.TopicPasswordGone:
		return "reset it again: `qpimport passwords reset`"
	case importer.TopicNoDirectory:
		return "`qpimport directories connect --help` tells how"
	case importer.TopicNobodySelected:
		return "check OUs and exclusions; if that is right, say `allow: {empty: true}` for this customer"
	case importer.TopicTooManyNew:
		return fmt.Sprintf("if that is right, say `allow: {max_new: %s}` for this customer, or raise --max-new", subject)
	case importer.TopicGuard:
		if subject == "" {
			return "check the directory, the export and the rights of the account that reads it"
		}
		return "check the directory or the export; if that is right: --allow " + strings.ReplaceAll(subject, " ", " --allow ")
	case importer.TopicSecondDirectory:
		return "delete the accounts and import from the other directory alone, or say --also-m365 for those of Microsoft 365 whom Active Directory does not know"
	case importer.TopicForeignAccounts:
		return "delete them first, or keep the mode"
	case importer.TopicRefreshFirst:
		return "`qpimport refresh` reads it"
	case importer.TopicNothingToRelink:
		return "`qpimport match --pair AD=M365` gives an account its mailbox"
	case importer.TopicDeleteFirst:
		return "if that account is a ghost of the same person, delete it first: `qpimport accounts delete " + subject + "`"
	case importer.TopicNotInvited:
		return "`qpimport invitations` says who waits for what; --again invites once more who was invited"
	case mail.TopicCertificate:
		return "name the certificate of the authority that signed it, --smtp-ca-file FILE, and the server in --smtp-url as its certificate does"
	case mail.TopicLogin:
		return "check --smtp-user and what --smtp-password-from refers to; some services want a password made for apps"
	case mail.TopicOutcome:
		return "the same command goes on with the others; ask the person whether it came, then say --mark SEL, or --again SEL to send it once more"
	case mail.TopicSender:
		return "use a --from that this login may send as"
	case source.TopicUnknownBase:
		return "`qpimport ous --all` lists what it holds"
	case manifest.TopicInvalid:
		return "`qpimport schema manifest` prints what a manifest may hold"
	case ad.TopicServerName:
		return "if that is the right server, say so: --tls-server-name NAME"
	case ad.TopicNoKDC:
		return "name one with --kdc HOST, or a file with KRB5_CONFIG that does"
	case ad.TopicNotWindows:
		return "log in with --bind kerberos or --bind simple"
	case ad.TopicAuthority:
		return "name the certificate of the authority that signed it: --ca-file FILE"
	case m365.TopicNoAssertion:
		return "name it with --assertion-from, or run it in a GitHub job with `permissions: {id-token: write}`"
	case weblist.TopicBadSecret:
		return "check what --" + subject + " refers to"
	case itglue.TopicRefusedKey:
		return "a key belongs to one region: try --region us, eu or au; and a key that was not used for 90 days expires"
	case postgres.TopicPassword:
		return "leave it out, and say where it lies: --state-password-from env:NAME, file:PATH or command:…"
	case postgres.TopicTLS:
		return "leave sslmode out, which is verify-full, and name the authority with sslrootcert=FILE; only on this machine sslmode=disable will do"
	case postgres.TopicNoTLS:
		if subject == "local" {
			return "on this machine TLS may be left out: add sslmode=disable to the address"
		}
		return "switch TLS on in the server (ssl = on)"
	case postgres.TopicServer:
		return "is the server up, and its address right? Try again later"
	case postgres.TopicLogin:
		return "check the role " + subject + ", what --state-password-from refers to, and the server's pg_hba.conf"
	case postgres.TopicClear:
		return "is it the right server? Its pg_hba.conf should say scram-sha-256; require_auth=password in the address sends the password as it is"
	case postgres.TopicDatabase:
		return "name another one in --state, or have it made: CREATE DATABASE"
	case postgres.TopicRights:
		return "the role " + subject + " needs to own the schema and its tables, or for commands that only read: GRANT USAGE on the schema and SELECT on its tables"
	case postgres.TopicNotMade:
		return "have its owner run the first command, or let the role make it: GRANT CREATE ON DATABASE; or CREATE SCHEMA " + subject + " AUTHORIZATION the role"
	case postgres.TopicCertificate:
		return "name the certificate of the authority that signed it, sslrootcert=FILE, and the server as its certificate does"
	case postgres.TopicOlder:
		return "the next command that writes does so"
	case postgres.TopicOccupied:
		return "name another schema, search_path=NAME in the address; this one was not changed"
	case postgres.TopicEncoding:
		return "make another database: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
	case postgres.TopicStandby:
		return "name the server that takes changes, or let the role " + subject + " make some (default_transaction_read_only)"
	case postgres.TopicDisk:
		return "make room on the server; nothing was changed"
	case postgres.TopicConnections:
		return "run the command again when others are done, or raise max_connections"
	case postgres.TopicEnded:
		return "run the command again; where that does not help, the role " + subject + " needs a longer statement_timeout"
	case postgres.TopicPooler:
		return "add default_query_exec_mode=exec to the address, or go past the pooler"
	case postgres.TopicUnsettled:
		return "`qpimport history` tells, once the server is back"
	case file.TopicOtherDirectory:
		return "connect it as " + subject + ": `qpimport directories connect " + subject + " --file FILE`"
	case file.TopicEncoding:
		if a, b, ok := strings.Cut(subject, " "); ok {
			return fmt.Sprintf("say which when you connect the file, --encoding %s or --encoding %s, or save it as UTF-8", a, b)
		}
		return "say how the file is written when you connect it, --encoding with one of " + strings.Join(source.Encodings(), ", ") + "; or save it as UTF-8"
	case hudu.TopicRefusedKey:
		return "check the key in Hudu's administration, and whether it is bound to other addresses; a gateway before Hudu may want --header"
	case connectwise.TopicRefusedKeys:
		return "check --company, both keys and the client id, and that the API member may inquire companies"
	case halopsa.TopicRefused:
		return "check --client-id, its secret and permissions, and --tenant and --scope"
	case halopsa.TopicNoTenants:
		return "give the application access to the Microsoft integration, or leave tenants out with --no-tenants"
	case weblist.TopicUnknownType:
		return "name the types of your customers with --type, or take all with --type any"
	case weblist.TopicUnknownStatus:
		return "name the statuses of your customers with --status"
	case weblist.TopicUnknownFilter:
		return "give --" + strings.ReplaceAll(subject, " ", "-") + " a name as it is shown there"
	}
	return ""
}

// resetRights says how a directory that may set passwords is connected, and what it
// needs to be allowed.
func resetRights(kind string) string {
	connect := "`qpimport directories connect " + kind + " --role reset` with credentials of its own, "
	if kind == string(source.AD) {
		return connect + "which need on the people's OUs: Reset Password, and to write pwdLastSet and lockoutTime; and Unexpire-Password on the domain"
	}
	return connect + "an app registration with the application permission User-PasswordProfile.ReadWrite.All and a role such as User Administrator"
}

func adviceOnCode(code source.Code, subject string) string {
	switch code {
	case importer.CodeNotConnected:
		return "`qpimport directories connect " + subject + " --help` tells how"
	case importer.CodeNotUnique:
		return "name one by its id"
	case importer.CodePasswordSyncUnset:
		return "choose with --password-sync at the first import; it is fixed while accounts exist: " + modesInShort
	case importer.CodePasswordSyncLocked:
		return "the mode is fixed while accounts exist: delete them with `qpimport accounts delete --all --yes -c NAME`, then import again; or `qpimport customers set NAME --password-sync MODE --convert`"
	case importer.CodeAccountsExist:
		return "--with-accounts deletes them with the customer"
	case importer.CodeDirectoryChanged:
		return "check the connection; if the customer really moved, disconnect the directory and connect it again"
	case source.CodeThrottled:
		return "try again later, or with a longer --timeout"
	case registry.CodeBusy:
		return "another qpimport is writing to it; run the command again when that one is done"
	case registry.CodeNewer:
		return "use the newer qpimport that wrote it; nothing was changed"
	case registry.CodeForeign:
		return "name another file with --state; this one was not changed"
	case registry.CodeDamaged:
		return "put back a copy; a .bak beside a state file is from before a migration"
	case registry.CodeUnwritable:
		return "check the free space, and the owner and mode of the file and its folder"
	}
	return ""
}

const modesInShort = "off = one directory alone, or AD Connect copies the passwords; on = AD and Microsoft 365 without AD Connect, every AD user is matched with a mailbox"

const movedInManifest = "check the connection; if the customer really moved, say `allow: {directory_changed: true}` for this customer"

// adviceInManifest is advice for who writes a manifest, where it is another than
// for who types a command.
func adviceInManifest(err error) string {
	switch source.CodeOf(err) {
	case importer.CodeDirectoryChanged:
		return movedInManifest
	case importer.CodeSafeguard:
		var e *source.Error
		var g *importer.Guarded
		if errors.As(err, &g) && slices.ContainsFunc(g.Breaches, func(b registry.Breach) bool { return b.Guard == registry.GuardStrangers }) {
			return movedInManifest
		}
		if errors.As(err, &e) && e.Topic == importer.TopicGuard && e.Subject != "" {
			return "check the directory or the export; if that is right, say `allow: {" + inManifest(e.Subject) + "}` for this customer"
		}
	case importer.CodePasswordSyncUnset:
		return "say `password_sync` for this customer, or in `defaults`: " + modesInShort
	}
	return advice(err)
}

// inManifest are the answers to guards, kind=number each, as a manifest has them.
func inManifest(answers string) string {
	numbers := map[string][]string{}
	var kinds []string
	for _, answer := range strings.Fields(answers) {
		kind, n, _ := strings.Cut(answer, "=")
		if numbers[kind] == nil {
			kinds = append(kinds, kind)
		}
		numbers[kind] = append(numbers[kind], n)
	}
	for i, kind := range kinds {
		n := strings.Join(numbers[kind], ", ")
		if len(numbers[kind]) > 1 {
			n = "[" + n + "]"
		}
		kinds[i] = kind + ": " + n
	}
	return strings.Join(kinds, ", ")
}
