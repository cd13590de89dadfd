#!/usr/bin/env bash
# The main job on the sample company, from its exports: both modes, with the
# state file in a temporary place. Called by `make demo` with the built binary.
set -euo pipefail
bin=$(cd -- "$(dirname -- "$1")" && pwd -P)/$(basename -- "$1")
cd -- "$(dirname -- "$0")/.."
export QPIMPORT_STATE
QPIMPORT_STATE=$(mktemp -d)/state.db
unset QPIMPORT_CUSTOMER QPIMPORT_CONFIG QPIMPORT_OUTPUT QPIMPORT_TIMEOUT

say() { printf '\n# %s\n' "$*"; }
# q ARG…: show the command as it would be typed, then run it
q() {
	local arg line=qpimport
	for arg; do [[ $arg =~ ^[A-Za-z0-9_./=@,:-]+$ ]] && line+=" $arg" || line+=" \"$arg\""; done
	printf '\n$ %s\n' "$line"
	"$bin" "$@"
}

say "Contoso has Active Directory alone: password sync off. E-mail comes from AD."
q customers create "Contoso AD"
q directories connect ad -c "Contoso AD" --file testdata/contoso/ad.ldif
q ous -c "Contoso AD"
q import -c "Contoso AD" --source ad --password-sync off --ou corp.contoso.example/Staff -r --all
q accounts -c "Contoso AD" --state needs_email

say "The same company as a hybrid without AD Connect: password sync on. Every AD user needs its mailbox."
q customers create "Contoso Hybrid"
q directories connect ad -c "Contoso Hybrid" --file testdata/contoso/ad.ldif
q directories connect m365 -c "Contoso Hybrid" --file testdata/contoso/m365.json
q import -c "Contoso Hybrid" --source ad --password-sync on --ou corp.contoso.example/Staff -r --all

say "First the summary, then the match by display name. Two of one name are never guessed."
q match -c "Contoso Hybrid" --auto --dry-run
q match -c "Contoso Hybrid" --auto | sed -n '1,3p' # the first line says it

say "One by hand: Robert is Bob in Microsoft 365."
q match -c "Contoso Hybrid" --pair rfletcher=bob.fletcher@contoso.example
q accounts show -c "Contoso Hybrid" rfletcher

say "Where everybody stands."
q status

cat <<END

The state file of this demo: $QPIMPORT_STATE
Try next, with QPIMPORT_STATE set to it:
  $bin accounts -c "Contoso Hybrid" --state pending_match
  $bin match -c "Contoso Hybrid" --auto --by evidence --dry-run
  $bin import --help
END
