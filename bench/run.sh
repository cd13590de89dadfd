#!/usr/bin/env bash
# Times whole commands on made data against their yardsticks, in the same run.
#   bench/run.sh [NUMBER]    people in the company, 100000 by default
# Needs Go, sqlite3 and GNU time. Prints a table in Markdown.
set -euo pipefail
cd -- "$(dirname -- "$0")/.."
n=${1:-100000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$dir/qpimport" ./cmd/qpimport
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$dir/bare" ./bench/bare
go run ./bench/gen "$dir" "$n"
export QPIMPORT_STATE=$dir/state.db QPIMPORT_CUSTOMER=Bench
q() { "$dir/qpimport" -q "$@"; }

# timed NAME COMMAND…: wall time, CPU time and peak memory
timed() {
	local name=$1
	shift
	/usr/bin/time -o "$dir/time" -f '%e %U %S %M' "$@" >"$dir/out" 2>"$dir/err" || { cat "$dir/err" >&2; exit 1; }
	awk -v name="$name" '{printf "| %s | %.2f | %.2f | %d |\n", name, $1, $2 + $3, $4 / 1024}' "$dir/time"
}

printf '%s people, %s, %s cores\n\n' "$n" "$(go version | cut -d' ' -f3,4)" "$(nproc)"
printf '| command | wall s | CPU s | MiB |\n| --- | --- | --- | --- |\n'
timed 'a bare cobra program' "$dir/bare" version
timed 'version' "$dir/qpimport" version
q customers create Bench >/dev/null
q directories connect ad --file "$dir/ad.ldif" >/dev/null
q directories connect m365 --file "$dir/users.jsonl" >/dev/null
import=("$dir/qpimport" -q import --source ad --password-sync on --ou DC=corp,DC=example -r --all -o json)
timed 'import into an empty state' "${import[@]}"

# The yardstick: sqlite3 takes the same rows into the same tables. Its .import
# writes '' for NULL, hence without the checks and triggers.
tables=(accounts people changes) imports=()
for table in "${tables[@]}"; do
	where=$([ "$table" != changes ] || echo "WHERE entity = 'account'")
	sqlite3 "$QPIMPORT_STATE" '.mode csv' ".output $dir/$table.csv" "SELECT * FROM $table $where"
	imports+=(".import $dir/$table.csv $table")
done
sqlite3 "$QPIMPORT_STATE" ".schema ${tables[0]}" ".schema ${tables[1]}" ".schema ${tables[2]}" |
	sed -e '/^CREATE TRIGGER/,/^END/d' -e "s/m365_id IS NOT NULL;/m365_id <> '';/" | sqlite3 "$dir/yard.db"
timed 'sqlite3 .import of the same rows' sqlite3 "$dir/yard.db" 'PRAGMA ignore_check_constraints = on' '.mode csv' "${imports[@]}"
[ "$(sqlite3 "$dir/yard.db" 'SELECT count(*) FROM accounts')" = "$n" ] || { echo 'the yardstick lost rows' >&2; exit 1; }

timed 'the same import again' "${import[@]}"
timed 'match by display name' "$dir/qpimport" -q match --auto -o json
[ "$(sqlite3 "$QPIMPORT_STATE" "SELECT count(*) FROM accounts WHERE state = 'active'")" = "$n" ] || { echo 'the match missed people' >&2; exit 1; }
timed 'the same match again' "$dir/qpimport" -q match --auto -o json
timed 'refresh, nothing changed' "$dir/qpimport" -q refresh -o json
timed 'customers' "$dir/qpimport" customers
