#!/usr/bin/env bash
# The section of CHANGELOG.md about a version, for the release's page.
#
#   notes.sh            prints the version that CHANGELOG.md begins with
#   notes.sh VERSION    prints what it says about it
set -euo pipefail
changes=$(dirname -- "$0")/../../CHANGELOG.md
if (($# == 0)); then
	awk '/^## / { print $2; exit }' "$changes"
	exit
fi
notes=$(awk -v version="$1" '/^## / { on = $2 == version; next } on' "$changes")
[[ -n $notes ]] || { echo "notes.sh: CHANGELOG.md has no section \"## $1\"" >&2; exit 1; }
printf '%s\n' "$notes"
