#!/usr/bin/env bash
# An MSI for the whole machine of a built qpimport.exe (amd64), the same to the byte each time.
#
#   msi.sh PROGRAM.exe VERSION EPOCH OUT.msi    needs wixl, msitools and faketime
set -euo pipefail
program=$1 version=$2 epoch=$3 out=$(realpath -m -- "$4")
cd -- "$(dirname -- "$0")/../.."

# uuid TEXT: an id made of a text, of the form that MSI wants
uuid() {
	local h
	h=$(printf 'qpimport %s' "$1" | sha256sum)
	printf '%s-%s-5%s-8%s-%s' "${h:0:8}" "${h:8:4}" "${h:13:3}" "${h:17:3}" "${h:20:12}" | tr a-f A-F
}

stage=$(mktemp -d)
trap 'rm -rf -- "$stage"' EXIT
cp -- "$program" "$stage/qpimport.exe"
cp LICENSE README.md CHANGELOG.md .ci/release/qpimport.wxs "$stage/"
TZ=UTC touch -d "@$epoch" "$stage"/*
cd -- "$stage" # wixl takes files from beside its source
content=$(sha256sum * | cut -d' ' -f1 | tr '\n' ' ')

# Windows compares three numbers: a release candidate has those of its release.
number=${version%%[-+]*}
at() { TZ=UTC faketime -f "$(TZ=UTC date -d "@$epoch" '+%Y-%m-%d %H:%M:%S')" "$@"; }
at wixl -a x64 -o "$out" -D Version="$version" -D Number="$number" -D ProductCode="$(uuid "product $version $content")" qpimport.wxs

# What wixl has no words for: an id of the package that is not by chance, the program in the system's PATH ("=-*": set when it
# is installed, taken out with it, of the machine), and that another build of the same number is taken for an older one (513:
# its features are kept, that number is included).
at msibuild "$out" -s "qpimport $version" qpimport 'x64;1033' "{$(uuid "package $version $content")}"
upgrade=$(msiinfo export "$out" Upgrade | tr -d '\r' | awk -F'\t' '$7 == "WIX_UPGRADE_DETECTED" { print $1 }')
at msibuild "$out" \
	-q 'CREATE TABLE `Environment` (`Environment` CHAR(72) NOT NULL, `Name` CHAR(255) NOT NULL LOCALIZABLE, `Value` CHAR(255) LOCALIZABLE, `Component_` CHAR(72) NOT NULL PRIMARY KEY `Environment`)' \
	"INSERT INTO \`Environment\` (\`Environment\`, \`Name\`, \`Value\`, \`Component_\`) VALUES ('Path', '=-*PATH', '[~];[INSTALLDIR]', 'Program')" \
	'INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('"'RemoveEnvironmentStrings'"', 3300)' \
	'INSERT INTO `InstallExecuteSequence` (`Action`, `Sequence`) VALUES ('"'WriteEnvironmentStrings'"', 5200)' \
	'DELETE FROM `Upgrade` WHERE `ActionProperty` = '"'WIX_UPGRADE_DETECTED'" \
	"INSERT INTO \`Upgrade\` (\`UpgradeCode\`, \`VersionMax\`, \`Attributes\`, \`ActionProperty\`) VALUES ('$upgrade', '$number', 513, 'WIX_UPGRADE_DETECTED')"
