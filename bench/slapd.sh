#!/usr/bin/env bash
# Reads all users of OpenLDAP's slapd, which answers faster than any domain
# controller, with qpimport and with ldapsearch: what the client itself costs.
#   bench/slapd.sh [NUMBER]    people to put in, 50000 by default
# Needs Go, openssl, slapd and ldap-utils, and runs slapd on 127.0.53.8.
set -euo pipefail
cd -- "$(dirname -- "$0")/.."
n=${1:-50000}
dir=$(mktemp -d)
trap '[ ! -s "$dir/pid" ] || kill "$(cat "$dir/pid")"; rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$dir/qpimport" ./cmd/qpimport
go run ./bench/gen "$dir" "$n"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=slapd -addext subjectAltName=IP:127.0.53.8 \
	-keyout "$dir/key.pem" -out "$dir/ca.pem" 2>/dev/null

# AD's attributes under their own OIDs, as far as the made users have them.
syntax=1.3.6.1.4.1.1466.115.121.1
{
	while read -r oid name kind; do
		case $kind in
		text) rule="EQUALITY caseIgnoreMatch SYNTAX $syntax.15" ;;
		number) rule="EQUALITY integerMatch SYNTAX $syntax.27" ;;
		bytes) rule="EQUALITY octetStringMatch SYNTAX $syntax.40" ;;
		esac
		echo "attributetype ( $oid NAME '$name' $rule )"
	done <<-END
		1.3.6.1.4.1.4203.666.1.1 defaultNamingContext text
		1.2.840.113556.1.4.2 objectGUID bytes
		1.2.840.113556.1.4.146 objectSid bytes
		1.2.840.113556.1.4.221 sAMAccountName text
		1.2.840.113556.1.4.302 sAMAccountType number
		1.2.840.113556.1.4.656 userPrincipalName text
		1.2.840.113556.1.4.8 userAccountControl number
		1.2.840.113556.1.2.141 department text
		1.2.840.113556.1.2.210 proxyAddresses text
		1.2.840.113556.1.4.35 employeeID text
	END
	echo "objectclass ( 1.2.840.113556.1.5.67 NAME 'domainDNS' SUP domain STRUCTURAL MAY ( objectGUID \$ objectSid ) )"
	echo "objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY ( objectGUID \$ objectSid \$ sAMAccountName \$
		sAMAccountType \$ userPrincipalName \$ userAccountControl \$ department \$ proxyAddresses \$ employeeID ) )"
} >"$dir/ad.schema"
cat >"$dir/slapd.conf" <<END
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include $dir/ad.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $dir/pid
TLSCertificateFile $dir/ca.pem
TLSCertificateKeyFile $dir/key.pem
sizelimit size.soft=1000 size.hard=1000 size.prtotal=unlimited size.pr=1000
rootDSE $dir/root.ldif
database mdb
directory $dir/db
maxsize 1073741824
suffix DC=corp,DC=example
rootdn CN=bench,DC=corp,DC=example
rootpw bench
dbnosync
index objectClass,sAMAccountType eq
END
printf 'dn:\ndefaultNamingContext: DC=corp,DC=example\n' >"$dir/root.ldif"
mkdir "$dir/db"
cat >"$dir/base.ldif" <<'END'
dn: DC=corp,DC=example
objectClass: domainDNS
dc: corp
objectGUID:: AQIDBAUGBwgJCgsMDQ4PEA==
objectSid:: AQQAAAAAAAUVAAAAAQAAAAIAAAADAAAA

END
awk -v RS= -v ORS='\n\n' '/objectClass: user/' "$dir/ad.ldif" | sed 's/,OU=U[0-9]*,DC=corp,DC=example$/,DC=corp,DC=example/' >>"$dir/base.ldif"
slapadd -q -f "$dir/slapd.conf" -l "$dir/base.ldif"
slapd -f "$dir/slapd.conf" -h ldaps://127.0.53.8
until [ -s "$dir/pid" ]; do sleep 0.1; done

export QPIMPORT_STATE=$dir/state.db QPIMPORT_CUSTOMER=Bench BENCH_PASSWORD=bench
"$dir/qpimport" -q customers create Bench >/dev/null
"$dir/qpimport" -q directories connect ad --url ldaps://127.0.53.8 --bind-dn CN=bench,DC=corp,DC=example --base-dn DC=corp,DC=example \
	--bind-password-from env:BENCH_PASSWORD --ca-file "$dir/ca.pem" >/dev/null
read -r -a attributes <<<'objectGUID objectSid sAMAccountName userPrincipalName displayName givenName sn initials mail proxyAddresses employeeID
	department title company telephoneNumber mobile userAccountControl'
for _ in 1 2 3; do
	LDAPTLS_CACERT=$dir/ca.pem /usr/bin/time -f 'ldapsearch: %e s, %U + %S s CPU' \
		ldapsearch -H ldaps://127.0.53.8 -x -LLL -E pr=1000/noprompt -D CN=bench,DC=corp,DC=example -w bench \
		-b DC=corp,DC=example '(sAMAccountType=805306368)' "${attributes[@]}" >"$dir/ldapsearch.out"
	/usr/bin/time -f 'qpimport:   %e s, %U + %S s CPU, %M KiB' "$dir/qpimport" -q users --all -o jsonl >"$dir/qpimport.out"
done
printf 'users: ldapsearch %s, qpimport %s\n' "$(grep -c '^dn:' "$dir/ldapsearch.out")" "$(wc -l <"$dir/qpimport.out")"
