#!/usr/bin/env bash
# A picture of the report of the sample company: picture.sh QPIMPORT OUT.png
set -euo pipefail
bin=$(realpath -- "$1") out=$(realpath -- "$2")
cd -- "$(dirname -- "$0")/.."
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export QPIMPORT_STATE=$work/state.db QPIMPORT_CUSTOMER=Contoso
unset QPIMPORT_CONFIG QPIMPORT_OUTPUT QPIMPORT_TIMEOUT
q() { "$bin" -q "$@" >/dev/null; }
QPIMPORT_CUSTOMER='' q customers create Contoso
q directories connect ad --file testdata/contoso/ad.ldif
q directories connect m365 --file testdata/contoso/m365.json
q import --source ad --password-sync on --ou corp.contoso.example/Staff -r --all
q match --auto
q report --out "$work/report.html"
q match --pair rfletcher=bob.fletcher@contoso.example
q report --out "$work/report.html"
testdata/chromium.sh picture "$work/report.html" "$out"
