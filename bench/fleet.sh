#!/usr/bin/env bash
# Times a manifest of many customers, planned and applied twice, and says what the
# state file holds a person in.
#   bench/fleet.sh [CUSTOMERS [PEOPLE]]    5000 customers of 200 people by default
# Needs Go, sqlite3 and GNU time. Prints a table in Markdown.
set -euo pipefail
cd -- "$(dirname -- "$0")/.."
customers=${1:-5000} people=${2:-200}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$dir/qpimport" ./cmd/qpimport
go run ./bench/gen "$dir" "$people"
export QPIMPORT_STATE=$dir/state.db
{
	echo 'version: 1'
	echo 'defaults: {password_sync: "on", recursive: true}'
	echo 'customers:'
	for ((i = 1; i <= customers; i++)); do
		echo "  - {name: Customer $i, directories: {ad: {file: ad.ldif}, m365: {file: users.jsonl}}, import: [{source: ad, ou: [corp.example]}], match: {auto: true, by: display-name}}"
	done
} >"$dir/customers.yaml"

# timed NAME COMMAND…: wall time, CPU time and peak memory
timed() {
	local name=$1
	shift
	/usr/bin/time -o "$dir/time" -f '%e %U %S %M' "$dir/qpimport" -q "$@" >"$dir/out" 2>"$dir/err" || { cat "$dir/err" >&2; exit 1; }
	awk -v name="$name" '{printf "| %s | %.2f | %.2f | %d |\n", name, $1, $2 + $3, $4 / 1024}' "$dir/time"
}
# grown NAME: how large the state file is, for each person in it
grown() { echo "$1: $(($(stat -c %s "$QPIMPORT_STATE") / customers / people)) bytes a person"; }

printf '%s customers of %s people, %s, %s cores\n\n' "$customers" "$people" "$(go version | cut -d' ' -f3,4)" "$(nproc)"
printf '| command | wall s | CPU s | MiB |\n| --- | --- | --- | --- |\n'
timed 'plan into a file' plan -f "$dir/customers.yaml" --out "$dir/fleet.plan" --max-new "$people"
timed 'apply that file' apply "$dir/fleet.plan"
[ "$(sqlite3 "$QPIMPORT_STATE" "SELECT count(*) FROM accounts WHERE state = 'active'")" = $((customers * people)) ] || { echo 'people are missing' >&2; exit 1; }
timed 'apply the manifest again' apply -f "$dir/customers.yaml"
timed 'status of all' status
timed 'status of one' status -c 'Customer 7'
timed 'import of one again' import -c 'Customer 7' --source ad --ou corp.example -r --all
timed 'match of one again' match -c 'Customer 7' --auto
printf '\nThe plan has %s MB.\n' $(($(stat -c %s "$dir/fleet.plan") / 1000000))
grown 'State file'
sqlite3 "$QPIMPORT_STATE" "UPDATE runs SET at = '2020-01-01T00:00:00Z'"
"$dir/qpimport" -q history prune --older-than 1d --yes >/dev/null
"$dir/qpimport" -q backup "$dir/pruned.db" >/dev/null
QPIMPORT_STATE=$dir/pruned.db grown 'A copy without history'
