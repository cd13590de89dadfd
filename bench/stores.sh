#!/usr/bin/env bash
# Times whole commands with the registry in a file and in PostgreSQL, side by side.
#   bench/stores.sh [NUMBER…]          people in the company, 10000 and 100000 by default
#   bench/stores.sh runners [CUSTOMERS]  eight runners and one, each customer of 200 people; 500 for each by default
# Needs Go, GNU time and testdata/postgres/setup.sh start. Prints tables in Markdown.
set -euo pipefail
cd -- "$(dirname -- "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"; sql "DROP SCHEMA IF EXISTS bench CASCADE"' EXIT
eval "$(testdata/postgres/setup.sh env)"
sql() { psql -q -h "$QPIMPORT_TEST_POSTGRES_SOCKET" -U postgres registry -tAc "$1" 2>/dev/null; }
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$dir/qpimport" ./cmd/qpimport
stores=("$dir/state.db" "postgres://qpimport@/registry?host=$QPIMPORT_TEST_POSTGRES_SOCKET&search_path=bench")
q() { "$dir/qpimport" -q "$@" >/dev/null; }

# timed COMMAND…: wall time, CPU time of the program, and peak memory
timed() {
	/usr/bin/time -o "$dir/time" -f '%e %U %S %M' "$@" >"$dir/out" 2>"$dir/err" || { cat "$dir/err" >&2; exit 1; }
	awk '{printf " %.2f | %.2f | %d |", $1, $2 + $3, $4 / 1024}' "$dir/time"
}

# both NAME COMMAND…: the command on either store
both() {
	local name=$1
	shift
	printf '| %s |' "$name"
	for store in "${stores[@]}"; do timed "$dir/qpimport" --state "$store" -q "$@"; done
	echo
}

fresh() {
	rm -f "$dir"/state.db*
	sql 'DROP SCHEMA IF EXISTS bench CASCADE'
}

company() {
	local n=$1 in=$dir/$1
	mkdir "$in"
	go run ./bench/gen "$in" "$n"
	fresh
	for store in "${stores[@]}"; do
		q --state "$store" customers create Bench
		q --state "$store" directories connect ad -c Bench --file "$in/ad.ldif"
		q --state "$store" directories connect m365 -c Bench --file "$in/users.jsonl"
	done
	printf '\n%s people, %s, %s cores\n\n' "$n" "$(go version | cut -d' ' -f3,4)" "$(nproc)"
	printf '| command | file: wall s | CPU s | MiB | PostgreSQL: wall s | CPU s | MiB |\n| --- | --- | --- | --- | --- | --- | --- |\n'
	both 'import' import -c Bench --source ad --password-sync on --ou DC=corp,DC=example -r --all -o json
	sql 'ANALYZE' # as autovacuum does a minute later
	both 'the same import again' import -c Bench --source ad --password-sync on --ou DC=corp,DC=example -r --all -o json
	both 'match by display name' match -c Bench --auto -o json
	both 'the same match again' match -c Bench --auto -o json
	both 'status' status -o json
	both 'accounts' accounts -c Bench -o jsonl
	printf '| size | %s MiB | | | %s MiB | | |\n' "$(($(stat -c %s "$dir/state.db") >> 20))" \
		"$(sql "SELECT (sum(pg_total_relation_size(c.oid)) / 1048576)::int FROM pg_class c WHERE relnamespace = 'bench'::regnamespace AND relkind = 'r'")"
}

# runners: each has customers of its own
runners() {
	local customers=$1 count=8 i
	for ((i = 0; i < count; i++)); do
		go run ./testdata/bulk -customers "$customers" -users 200 "$dir/r$i"
		sed -i -e "s/name: Customer/name: R$i Customer/" -e "s/itglue: \"/itglue: \"R$i-/" "$dir/r$i/customers.yaml"
	done
	printf '\n%s customers of 200 for each runner, %s cores\n\n' "$customers" "$(nproc)"
	printf '| | file | PostgreSQL |\n| --- | --- | --- |\n'
	for count in 1 8; do
		printf '| %s runner(s) at once: customers a second |' "$count"
		for store in "${stores[@]}"; do
			fresh
			q --state "$store" customers create First
			local begun=$EPOCHREALTIME pids=()
			for ((i = 0; i < count; i++)); do
				# Again where others kept the registry busy for too long.
				{ q --state "$store" apply -f "$dir/r$i/customers.yaml" || q --state "$store" apply -f "$dir/r$i/customers.yaml"; } &
				pids+=($!)
			done
			for i in "${pids[@]}"; do wait "$i"; done
			awk -v from="$begun" -v to="$EPOCHREALTIME" -v n=$((customers * count)) 'BEGIN {printf " %.1f |", n / (to - from)}'
			# Nothing is lost, and nothing there twice: each runner has brought in the same.
			"$dir/qpimport" --state "$store" status -o jsonl | tail -n +1 | python3 -c "
import json, sys
found = {}
for line in sys.stdin:
    c = json.loads(line)
    found.setdefault(c['name'].split()[0], []).append(c['accounts'])
runners = [found[k] for k in sorted(found) if k != 'First']
assert len(runners) == $count and all(r == runners[0] and len(r) == $customers for r in runners), found"
		done
		echo
	done
}

case ${1:-} in
runners) runners "${2:-500}" ;;
'') company 10000 && company 100000 ;;
*) for n; do company "$n"; done ;;
esac
