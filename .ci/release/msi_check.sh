#!/usr/bin/env bash
# What an MSI holds, and what becomes of it on a Windows of Wine: it takes the place of another build of the same number, is
# there for the machine and in its PATH, and can be removed.
#
#   msi_check.sh FILE.msi VERSION    needs msitools, and Wine as testdata/wine/setup.sh has it
set -euo pipefail
msi=$(realpath -- "$1") version=$2
cd -- "$(dirname -- "$0")/../.."
fail() { echo "msi_check.sh: $*" >&2; exit 1; }

printf '    %s\n' $(msiextract -l "$msi")
[[ $(msiinfo export "$msi" Property | tr -d '\r' | awk -F'\t' '$1 == "ALLUSERS" { print $2 }') == 1 ]] || fail "it is not for the whole machine"
[[ $(msiinfo suminfo "$msi") == *"Subject: qpimport $version"* ]] || fail "it names another version"

testdata/wine/setup.sh install
testdata/wine/setup.sh start
wine() { timeout 120 .cache/wine/bin/run "$@" 2>/dev/null | tr -d '\r'; }
windows() { local path=${1//\//\\}; echo "Z:$path"; }
installed() { wine reg query 'HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall' /s | grep -c 'DisplayName.*qpimport' || true; }
in_path() { wine reg query 'HKLM\System\CurrentControlSet\Control\Session Manager\Environment' /v PATH | grep -c 'C:\\Program Files\\qpimport' || true; }
is() { [[ $2 == "$3" ]] || fail "$1: $2, and should be $3"; }
program='C:\Program Files\qpimport\qpimport.exe'

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
(cd -- "$scratch" && msiextract "$msi" >/dev/null)
.ci/release/msi.sh "$scratch/qpimport/qpimport.exe" "${version%%-*}-before" 1700000000 "$scratch/before.msi"

wine msiexec /i "$(windows "$scratch/before.msi")" /qn
is "installed before" "$(installed)" 1
wine msiexec /i "$(windows "$msi")" /qn
is "installed" "$(installed)" 1
is "in PATH" "$(in_path)" 1
said=$(wine "$program" version)
is "the program" "${said%% (*}" "qpimport v$version"
echo "    installed by msiexec, in the place of another build: $said"
wine msiexec /x "$(windows "$msi")" /qn
is "installed after removal" "$(installed)" 0
is "in PATH after removal" "$(in_path)" 0
[[ -z $(wine "$program" version) ]] || fail "the program is still there"
echo "    removed"
