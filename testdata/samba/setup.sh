#!/usr/bin/env bash
# A throw-away Active Directory for tests: Debian's Samba as a domain controller
# of CORP.CONTOSO.EXAMPLE on a loopback address, with the sample company in it.
#
#   setup.sh install   Debian packages (apt-get)
#   setup.sh start     make the domain where there is none, run the controller
#   setup.sh load      put testdata/contoso/ad.ldif, the test accounts and groups in
#   setup.sh env       print KEY=VALUE lines for the live tests
#   setup.sh stop      end the controller; the domain stays
#
# Each may be called again at any time. Root is needed: Samba's LDAP ports are
# fixed below 1024, which is why the controller has an address of its own.
#   QPIMPORT_SAMBA_DIR    where the domain lives (default .cache/samba)
#   QPIMPORT_SAMBA_ADDR   any address in 127.0.0.0/8 (default one of the folder's own)
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd -P)
dir=${QPIMPORT_SAMBA_DIR:-$here/../../.cache/samba}
addr=${QPIMPORT_SAMBA_ADDR:-}
host=dc1.corp.contoso.example
base=DC=corp,DC=contoso,DC=example

fail() { echo "setup.sh: $*" >&2; exit 1; }

# logged FILE COMMAND…: shows the end of the log only when the command fails
logged() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 || { tail -n 15 "$log" >&2; fail "$1 failed, all of it in $log"; }
}

install_packages() {
	command -v samba ldbadd ldapsearch openssl kinit >/dev/null &&
		[[ -e /usr/share/samba/setup/provision.ldif ]] &&
		compgen -G '/usr/lib/*/samba/vfs/acl_xattr.so' >/dev/null && return 0
	export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 # level 1: no daemon is started
	logged "$dir/apt.log" apt-get -q -o Acquire::Retries=3 update
	logged "$dir/apt.log" apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends \
		samba samba-ad-provision samba-dsdb-modules samba-vfs-modules ldb-tools ldap-utils openssl krb5-user
}

# provision: the marker is made last, so that an interrupted one is begun anew; it says
# which address DNS knows
provision() {
	[[ $(cat "$dir/provisioned" 2>/dev/null) == "$addr" ]] && return 0
	rm -rf -- "${dir:?}"/{etc,private,state,cache,bind-dns,ncalrpc,run,loaded}
	# Instead of the machine's own smb.conf, and so that DNS knows no other address.
	printf '%s\n' '[global]' "interfaces = $addr/8" 'bind interfaces only = yes' >"$dir/empty.conf"
	(umask 077 && openssl rand -hex 16 | sed 's/$/aA1!/' >"$dir/admin.password")
	logged "$dir/provision.log" samba-tool domain provision --configfile="$dir/empty.conf" \
		--targetdir="$dir" --realm=CORP.CONTOSO.EXAMPLE --domain=CONTOSO --host-name=dc1 \
		--host-ip="$addr" --server-role=dc --dns-backend=SAMBA_INTERNAL --backend-store=mdb \
		--adminpass="$(<"$dir/admin.password")"
	echo "$addr" >"$dir/provisioned"
}

# certificate: Samba's own has no subjectAltName and no CA to trust
certificate() {
	[[ $(cat "$dir/tls/for" 2>/dev/null) == "$addr" ]] && return 0
	rm -rf -- "${dir:?}/tls"
	mkdir -m 700 "$dir/tls"
	printf '%s\n' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth' \
		"subjectAltName=DNS:$host,DNS:localhost,IP:$addr" >"$dir/tls/extensions"
	(
		umask 077 # Samba refuses a key that others may read
		cd "$dir/tls"
		logged ca.log openssl req -x509 -newkey rsa:2048 -nodes -days 3650 \
			-subj '/CN=Contoso test CA' -keyout ca.key -out ca.pem
		logged request.log openssl req -new -newkey rsa:2048 -nodes \
			-subj "/CN=$host" -keyout server.key -out server.csr
		logged sign.log openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
			-days 800 -extfile extensions -out server.pem
	)
	echo "$addr" >"$dir/tls/for"
}

# configure writes the configuration anew, and fails where it was so already
configure() {
	mkdir -p "$dir"/{etc,run,cache,ncalrpc,state}
	local before
	before=$(cat "$dir/etc/smb.conf" 2>/dev/null || true)
	# /8, since Samba takes a bare address only where an interface has it.
	cat >"$dir/etc/smb.conf" <<-CONF
	[global]
		netbios name = dc1
		realm = CORP.CONTOSO.EXAMPLE
		workgroup = CONTOSO
		server role = active directory domain controller
		server services = ldap, cldap, kdc, dns
		ldap server require strong auth = yes
		interfaces = $addr/8
		bind interfaces only = yes
		disable netbios = yes
		private dir = $dir/private
		state directory = $dir/state
		cache directory = $dir/cache
		lock directory = $dir
		pid directory = $dir/run
		ncalrpc dir = $dir/ncalrpc
		binddns dir = $dir/bind-dns
		log file = $dir/log.%m
		tls cafile = $dir/tls/ca.pem
		tls certfile = $dir/tls/server.pem
		tls keyfile = $dir/tls/server.key
		ldb:nosync = true
		old password allowed period = 0
	[sysvol]
		path = $dir/state/sysvol
	CONF
	[[ $before != "$(<"$dir/etc/smb.conf")" ]]
}

# pid: of our controller, by where its log goes: the folder, and a pid file in it, may
# have been made anew under it
pid() {
	local out p
	for out in /proc/[0-9]*/fd/1; do
		p=${out#/proc/} p=${p%%/*}
		[[ $(readlink "$out") == "$dir/samba.log"?( (deleted)) && $(cat "/proc/$p/comm") == samba ]] || continue
		echo "$p"
		return 0
	done 2>/dev/null
	return 1
}

answers() {
	LDAPTLS_CACERT=$dir/tls/ca.pem LDAPCONF=/dev/null ldapsearch -LLL -x -o nettimeout=5 \
		-H "ldaps://$addr" -s base -b '' dnsHostName 2>/dev/null | grep -qi "^dnsHostName: $host"
}

start() {
	((EUID == 0)) || fail "must be root"
	command -v samba >/dev/null || fail "Samba is not installed: setup.sh install"
	provision
	certificate
	local changed=1
	configure || changed=0
	if pid >/dev/null; then
		((changed)) || ! answers || return 0
		stop # that of another address or configuration, or of a folder that was deleted since
	fi
	# -i ends at the end of its input, so that must not be a pipe.
	setsid samba -i -M single --debug-stdout -s "$dir/etc/smb.conf" </dev/null >"$dir/samba.log" 2>&1 &
	local child=$! tries
	for ((tries = 0; tries < 300; tries++)); do
		answers && return 0
		kill -0 "$child" 2>/dev/null || break
		sleep 0.1
	done
	tail -n 15 "$dir/samba.log" >&2
	fail "the controller did not come up, see $dir/samba.log"
}

load() {
	[[ -e $dir/provisioned ]] || fail "there is no domain yet: setup.sh start"
	local ldif=$here/../contoso/ad.ldif sum
	sum=$(cat "$ldif" "$here/load.py" | sha256sum)
	[[ $(cat "$dir/loaded" 2>/dev/null) == "$sum" && -e $dir/test.keytab ]] && return 0
	[[ -e $dir/test.password ]] ||
		(umask 077 && openssl rand -hex 16 | sed 's/$/aA1!/' >"$dir/test.password")
	logged "$dir/load.log" /usr/bin/python3 "$here/load.py" "$dir" "$ldif"
	rm -f -- "$dir/test.keytab" # of the password before
	(umask 077 && logged "$dir/keytab.log" samba-tool domain exportkeytab "$dir/test.keytab" \
		--principal=svc-qpimport@CORP.CONTOSO.EXAMPLE -s "$dir/etc/smb.conf")
	echo "$sum" >"$dir/loaded"
}

stop() {
	local p tries
	p=$(pid) || return 0
	kill "$p"
	for ((tries = 0; tries < 100; tries++)); do
		[[ -e /proc/$p ]] || return 0
		sleep 0.1
	done
	kill -9 "$p"
}

print_env() {
	cat <<-ENV
	QPIMPORT_TEST_AD=required
	QPIMPORT_TEST_AD_URL=ldaps://$addr
	QPIMPORT_TEST_AD_STARTTLS_URL=ldap://$addr
	QPIMPORT_TEST_AD_TLS_NAME=$host
	QPIMPORT_TEST_AD_CA=$dir/tls/ca.pem
	QPIMPORT_TEST_AD_BASE_DN=$base
	QPIMPORT_TEST_AD_BIND_DN=svc-qpimport@corp.contoso.example
	QPIMPORT_TEST_AD_PASSWORD_FILE=$dir/test.password
	QPIMPORT_TEST_AD_PRINCIPAL=svc-qpimport@CORP.CONTOSO.EXAMPLE
	QPIMPORT_TEST_AD_KEYTAB=$dir/test.keytab
	QPIMPORT_TEST_AD_ADDR=$addr
	ENV
}

mkdir -p -- "$dir"
dir=$(cd -- "$dir" && pwd -P)
if [[ -z $addr ]]; then # of the folder, so that two checkouts do not get in each other's way
	sum=$(cksum <<<"$dir") && sum=${sum%% *}
	addr=127.$((64 + sum / 65000 % 64)).$((sum / 250 % 250)).$((1 + sum % 250))
fi
[[ $addr =~ ^127(\.[0-9]{1,3}){3}$ ]] || fail "QPIMPORT_SAMBA_ADDR must be in 127.0.0.0/8, not $addr"
case ${1:-} in
install) install_packages ;;
start) start ;;
load) load ;;
stop) stop ;;
env) print_env ;;
*) sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
