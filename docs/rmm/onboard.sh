#!/bin/sh
# RMM task for Linux and macOS: bring one customer's people in, idempotently.
# The RMM gives the settings as environment variables:
#   QP_CUSTOMER        customer, made where there is none
#   QP_AD_DOMAIN       corp.example                QP_AD_PRINCIPAL, QP_AD_KEYTAB (a file); no password is sent
#   or QP_AD_URL       ldaps://dc1.corp.example    QP_AD_BIND_DN, QP_AD_PASSWORD, QP_AD_CA (a file, optional)
#   QP_TENANT          tenant id or domain         QP_CLIENT_ID, QP_CLIENT_SECRET
#   QP_OU              OU to import, below it as well
#   QP_PASSWORD_SYNC   on or off
# Instead of QP_AD_DOMAIN and QP_TENANT, QP_AD_FILE and QP_M365_FILE name exports.
# The first line of output is the status; the exit status is qpimport's.
set -u
qp=${QPIMPORT:-qpimport}
export QPIMPORT_CUSTOMER="$QP_CUSTOMER"

# fail STATUS TEXT: one line that an RMM shows, then the way out
fail() {
	case $1 in
	3) why="some items need a hand" ;;
	12) why="refused by a rule" ;;
	13) why="credentials or permission refused" ;;
	14) why="a directory did not answer completely: will be tried again" ;;
	15) why="the state file is busy or unusable" ;;
	*) why="failed" ;;
	esac
	printf 'qpimport %s: %s (%s)\n%s\n' "$QP_CUSTOMER" "$why" "$1" "$2"
	exit "$1"
}

# step COMMAND…: keeps what it says for the end, ends the task where it fails
log=
step() {
	out=$("$qp" "$@" 2>&1) || fail "$?" "$out"
	log="$log$(printf '%s\n' "$out" | head -n 1)
"
}

"$qp" -q customers show "$QP_CUSTOMER" >/dev/null 2>&1 || step customers create "$QP_CUSTOMER"

if [ -n "${QP_AD_FILE:-}" ]; then
	step -q directories connect ad --file "$QP_AD_FILE"
elif [ -n "${QP_AD_DOMAIN:-}" ]; then
	step -q directories connect ad --domain "$QP_AD_DOMAIN" --bind kerberos \
		--principal "$QP_AD_PRINCIPAL" --keytab-from "file:$QP_AD_KEYTAB"
elif [ -n "${QP_AD_URL:-}" ]; then
	step -q directories connect ad --url "$QP_AD_URL" --bind-dn "$QP_AD_BIND_DN" \
		--bind-password-from env:QP_AD_PASSWORD ${QP_AD_CA:+--ca-file "$QP_AD_CA"}
fi
if [ -n "${QP_M365_FILE:-}" ]; then
	step -q directories connect m365 --file "$QP_M365_FILE"
elif [ -n "${QP_TENANT:-}" ]; then
	step -q directories connect m365 --tenant "$QP_TENANT" --client-id "$QP_CLIENT_ID" \
		--client-secret-from env:QP_CLIENT_SECRET
fi

step -q import --source ad --ou "$QP_OU" -r --all --password-sync "$QP_PASSWORD_SYNC"
[ "$QP_PASSWORD_SYNC" = off ] || step -q match --auto --by evidence

printf '%s\n' "$("$qp" -q status | head -n 1)"
printf '%s' "$log"
