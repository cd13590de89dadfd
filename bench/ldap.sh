#!/usr/bin/env bash
# Reads all users of a live Samba domain with qpimport, over LDAPS and sealed by
# Kerberos on port 389, and with ldapsearch, the same attributes in pages of 1000,
# three times each; then with groups and privileges.
#   bench/ldap.sh [NUMBER]    people to put in, 20000 by default
# Needs Go, root and Debian: it installs Samba and runs a domain of its own on
# 127.0.53.9, or QPIMPORT_SAMBA_ADDR. Prints wall and CPU time of each run.
set -euo pipefail
cd -- "$(dirname -- "$0")/.."
n=${1:-20000}
dir=$(mktemp -d)
export QPIMPORT_SAMBA_DIR=$dir/samba QPIMPORT_SAMBA_ADDR=${QPIMPORT_SAMBA_ADDR:-127.0.53.9}
samba=testdata/samba/setup.sh
trap '$samba stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$dir/qpimport" ./cmd/qpimport
$samba install
$samba start
$samba load
set -a; eval "$($samba env)"; set +a

# ldbadd reads what AD would not let a client write; a large index cache keeps
# it linear.
go run ./bench/gen "$dir" "$n"
awk -v RS= -v ORS='\n\n' '/objectClass: user/' "$dir/ad.ldif" |
	sed -e '/^objectGUID/d' -e '/^sAMAccountType/d' -e "s/,OU=U[0-9]*,DC=corp,DC=example\$/,OU=Bench,$QPIMPORT_TEST_AD_BASE_DN/" >"$dir/users.ldif"
printf 'dn: OU=Bench,%s\nobjectClass: organizationalUnit\n\n' "$QPIMPORT_TEST_AD_BASE_DN" | cat - "$dir/users.ldif" >"$dir/add.ldif"
ldbadd -H "$QPIMPORT_SAMBA_DIR/private/sam.ldb" --configfile="$QPIMPORT_SAMBA_DIR/etc/smb.conf" --nosync \
	-o batch_mode:1 -o transaction_index_cache_size:200000 \
	--controls=local_oid:1.3.6.1.4.1.7165.4.3.12:0 "$dir/add.ldif" >"$dir/add.log" 2>&1 || { tail -n 3 "$dir/add.log" >&2; exit 1; }

# A thousand groups with two of them for each user, one with everybody, and two groups
# deep into Domain Admins.
grep '^dn: ' "$dir/users.ldif" | cut -d' ' -f2- | awk -v ou="OU=Bench,$QPIMPORT_TEST_AD_BASE_DN" '
	{ line = "member: " $0 "\n"; a = NR % 1000; b = (a + 1 + int(NR / 1000)) % 1000; in_[a] = in_[a] line; in_[b] = in_[b] line; all = all line }
	function group(name, members) { printf "dn: CN=%s,%s\nobjectClass: group\nsAMAccountName: %s\n%s\n", name, ou, name, members }
	END { for (g = 0; g < 1000; g++) group("G" g, in_[g]); group("All", all); group("Nested", "member: CN=G1," ou "\n") }' >"$dir/groups.ldif"
printf 'dn: CN=Domain Admins,CN=Users,%s\nchangetype: modify\nadd: member\nmember: CN=Nested,OU=Bench,%s\n\n' "$QPIMPORT_TEST_AD_BASE_DN" "$QPIMPORT_TEST_AD_BASE_DN" >"$dir/admins.ldif"
for change in "ldbadd groups" "ldbmodify admins"; do
	${change% *} -H "$QPIMPORT_SAMBA_DIR/private/sam.ldb" --configfile="$QPIMPORT_SAMBA_DIR/etc/smb.conf" --nosync \
		-o batch_mode:1 -o transaction_index_cache_size:200000 "$dir/${change#* }.ldif" >"$dir/add.log" 2>&1 || { tail -n 3 "$dir/add.log" >&2; exit 1; }
done

export QPIMPORT_STATE=$dir/state.db QPIMPORT_CUSTOMER=Bench
q() { "$dir/qpimport" -q "$@"; }
q customers create Bench >/dev/null
q customers create Sealed >/dev/null
q directories connect ad -c Sealed --url "$QPIMPORT_TEST_AD_STARTTLS_URL" --tls-server-name "$QPIMPORT_TEST_AD_TLS_NAME" \
	--bind kerberos --principal "$QPIMPORT_TEST_AD_PRINCIPAL" --keytab-from "file:$QPIMPORT_TEST_AD_KEYTAB" >/dev/null
q directories connect ad -c Bench --url "$QPIMPORT_TEST_AD_URL" --bind-dn "$QPIMPORT_TEST_AD_BIND_DN" --tls-server-name "$QPIMPORT_TEST_AD_TLS_NAME" \
	--bind-password-from "file:$QPIMPORT_TEST_AD_PASSWORD_FILE" --ca-file "$QPIMPORT_TEST_AD_CA" >/dev/null
attributes='objectGUID objectSid ms-DS-ConsistencyGuid sAMAccountName userPrincipalName displayName givenName sn initials
	mail proxyAddresses mailNickname employeeID department title company telephoneNumber mobile userAccountControl
	isCriticalSystemObject pwdLastSet accountExpires msExchRecipientTypeDetails primaryGroupID adminCount servicePrincipalName'
password=$(cat "$QPIMPORT_TEST_AD_PASSWORD_FILE")
for _ in 1 2 3; do
	# shellcheck disable=SC2086
	LDAPTLS_CACERT=$QPIMPORT_TEST_AD_CA LDAPTLS_REQCERT=allow /usr/bin/time -f 'ldapsearch: %e s, %U + %S s CPU' \
		ldapsearch -H "$QPIMPORT_TEST_AD_URL" -x -LLL -E pr=1000/noprompt -D "$QPIMPORT_TEST_AD_BIND_DN" -w "$password" \
		-b "$QPIMPORT_TEST_AD_BASE_DN" '(sAMAccountType=805306368)' $attributes >"$dir/ldapsearch.out"
	/usr/bin/time -f 'qpimport:   %e s, %U + %S s CPU, %M KiB' "$dir/qpimport" -q users -c Bench --source ad --all -o jsonl >"$dir/qpimport.out"
	/usr/bin/time -f 'sealed:     %e s, %U + %S s CPU, %M KiB' "$dir/qpimport" -q users -c Sealed --source ad --all -o jsonl >"$dir/sealed.out"
done
printf 'users: ldapsearch %s, qpimport %s; sealed they are %s\n' "$(grep -c '^dn:' "$dir/ldapsearch.out")" "$(wc -l <"$dir/qpimport.out")" \
	"$(cmp -s "$dir/qpimport.out" "$dir/sealed.out" && echo the same || echo others)"
go run ./bench/groups
