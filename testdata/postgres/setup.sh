#!/usr/bin/env bash
# A throw-away PostgreSQL for tests: Debian's, as a user without rights, on a Unix
# socket and over TLS on a loopback address of its own.
#
#   setup.sh install   Debian packages (apt-get)
#   setup.sh start     make the cluster where there is none, run the server
#   setup.sh crash     end the server as a power cut does; start recovers it
#   setup.sh env       print KEY=VALUE lines for the tests
#   setup.sh stop      end the server and forget the cluster
#
# Each may be called again at any time. As root the server runs as the user postgres.
# The cluster lies in a temporary folder, since that user may not reach this one.
#   QPIMPORT_POSTGRES_DIR   what is remembered of it (default .cache/postgres)
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd -P)
dir=${QPIMPORT_POSTGRES_DIR:-$here/../../.cache/postgres}

fail() { echo "setup.sh: $*" >&2; exit 1; }

# logged FILE COMMAND…: shows the end of the log only when the command fails
logged() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 || { tail -n 15 "$log" >&2; fail "$1 failed, all of it in $log"; }
}

# bin: the programs of the newest version that is here
bin() {
	local found
	found=$(compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' | sort -V | tail -n 1) || return 1
	echo "${found%/pg_ctl}"
}

as_server() {
	if ((EUID == 0)); then
		(cd / && setpriv --reuid postgres --regid postgres --clear-groups -- "$@")
	else
		"$@"
	fi
}

install_packages() {
	bin >/dev/null && command -v openssl setpriv >/dev/null && return 0
	export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 # level 1: no daemon is started
	logged "$dir/apt.log" apt-get -q -o Acquire::Retries=3 update
	logged "$dir/apt.log" apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends \
		postgresql postgresql-client openssl util-linux
}

# cluster: where it lies; the marker in it is made last, so that an interrupted one is
# begun anew
cluster() {
	local at
	at=$(cat "$dir/cluster" 2>/dev/null) && [[ -e $at/made ]] && echo "$at"
}

# addresses CLUSTER: the address of a cluster's own, so that no two get in each other's
# way, also where a checkout was removed whose server runs on; beside it one that the
# certificate does not name.
addresses() {
	local sum net
	sum=$(cksum <<<"$1") && sum=${sum%% *}
	net=127.$((128 + sum / 65000 % 64)).$((sum / 250 % 250))
	addr=$net.$((1 + sum % 250)) other=$net.254
}

make_cluster() {
	cluster >/dev/null && return 0
	local at
	at=$(mktemp -d "${TMPDIR:-/tmp}/qpimport-postgres.XXXXXX")
	addresses "$at"
	echo "$at" >"$dir/cluster"
	if ((EUID == 0)); then chown postgres: "$at"; fi
	logged "$dir/initdb.log" as_server "$(bin)/initdb" -D "$at/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync
	(
		umask 077
		openssl rand -hex 16 >"$dir/password"
		mkdir -p "$dir/tls" && cd "$dir/tls"
		printf '%s\n' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth' "subjectAltName=IP:$addr" >extensions
		logged ca.log openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=test CA' -keyout ca.key -out ca.pem
		logged request.log openssl req -new -newkey rsa:2048 -nodes -subj /CN=db -keyout server.key -out server.csr
		logged sign.log openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 800 -extfile extensions -out server.pem
	)
	install -m 600 "$dir/tls/server.key" "$dir/tls/server.pem" "$at/data"
	cat >>"$at/data/postgresql.conf" <<-CONF
	listen_addresses = '$addr,$other'
	unix_socket_directories = '$at'
	ssl = on
	ssl_cert_file = 'server.pem'
	ssl_key_file = 'server.key'
	fsync = on
	max_connections = 200
	shared_buffers = 128MB
	CONF
	cat >"$at/data/pg_hba.conf" <<-CONF
	local all all trust
	host all all 127.0.0.0/8 scram-sha-256
	CONF
	if ((EUID == 0)); then chown -R postgres: "$at"; fi
	run "$at"
	"$(bin)/psql" -q -v ON_ERROR_STOP=1 -h "$at" -U postgres postgres <<-SQL
	CREATE ROLE qpimport LOGIN PASSWORD '$(<"$dir/password")';
	CREATE ROLE reader LOGIN PASSWORD '$(<"$dir/password")';
	CREATE DATABASE registry OWNER qpimport;
	SQL
	printf '%s\n' '[registry]' "host=$addr" user=qpimport dbname=registry "sslrootcert=$dir/tls/ca.pem" >"$dir/services"
	touch "$at/made"
}

run() {
	as_server "$(bin)/pg_ctl" -D "$1/data" status >/dev/null && return 0
	logged "$dir/start.log" as_server "$(bin)/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 start
}

start() {
	bin >/dev/null || fail "PostgreSQL is not installed: setup.sh install"
	make_cluster
	run "$(cluster)"
}

end() { # the way of pg_ctl
	local at
	at=$(cluster) || return 0
	as_server "$(bin)/pg_ctl" -D "$at/data" status >/dev/null || return 0
	as_server "$(bin)/pg_ctl" -D "$at/data" -m "$1" -w stop >/dev/null
}

stop() {
	end immediate
	local at
	at=$(cat "$dir/cluster" 2>/dev/null) || return 0
	[[ $at == *qpimport-postgres.* ]] && rm -rf -- "$at"
	rm -f -- "$dir/cluster"
}

print_env() {
	local at
	at=$(cluster) || fail "there is no cluster yet: setup.sh start"
	addresses "$at"
	cat <<-ENV
	QPIMPORT_TEST_POSTGRES=required
	QPIMPORT_TEST_POSTGRES_SOCKET=$at
	QPIMPORT_TEST_POSTGRES_ADDR=$addr
	QPIMPORT_TEST_POSTGRES_OTHER_ADDR=$other
	QPIMPORT_TEST_POSTGRES_CA=$dir/tls/ca.pem
	QPIMPORT_TEST_POSTGRES_PASSWORD_FILE=$dir/password
	QPIMPORT_TEST_POSTGRES_SERVICES=$dir/services
	ENV
}

mkdir -p -- "$dir"
dir=$(cd -- "$dir" && pwd -P)
case ${1:-} in
install) install_packages ;;
start) start ;;
crash) end immediate ;;
stop) stop ;;
env) print_env ;;
*) sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
