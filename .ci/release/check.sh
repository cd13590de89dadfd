#!/usr/bin/env bash
# Makes a release of the last commit as it would be published, publishes nothing, and tries what it made: called by
# `make release-check`. Debian and root.
#
#   RELEASE_TARGETS   which builds, such as "linux_amd64 windows_amd64": these two it needs
#   RELEASE_FRESH=1   the second build compiles everything anew, which takes minutes more
set -euo pipefail
cd -- "$(dirname -- "$0")/../.."
repo=$PWD work=$PWD/.cache/release-check
targets=${RELEASE_TARGETS:-linux_amd64 linux_arm64 windows_amd64 darwin_arm64}
version=$(.ci/release/notes.sh)
commit=$(git rev-parse HEAD)
fail() { echo "release-check: $*" >&2; exit 1; }
say() { printf '%s release-check: %s\n' "$(date +%T)" "$*"; }
# quietly LOG COMMAND…: shows the end of its output only when it fails
quietly() {
	local log=$work/$1
	shift
	"$@" >"$log" 2>&1 </dev/null || { tail -n 25 "$log" >&2; fail "$1 failed, all of it in $log"; }
}

install_packages() {
	local need=(wixl msitools faketime rpm mmdebstrap systemd-container mandoc gnupg jq)
	dpkg-query -W -f '${Status}\n' "${need[@]}" 2>/dev/null | grep -c '^install ok installed$' | grep -qx "${#need[@]}" && return
	export DEBIAN_FRONTEND=noninteractive
	quietly apt.log apt-get -q -o Acquire::Retries=3 update
	quietly apt.log apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "${need[@]}"
}

# release FOLDER: a clone of the last commit that has the tag, and a release of it
release() {
	rm -rf -- "$work/$1"
	git clone --quiet -- "$repo" "$work/$1"
	(
		cd -- "$work/$1"
		git checkout --quiet --detach "$commit"
		git -c tag.gpgSign=false tag "v$version"
		sed -E "s/^    goos: .*/    targets: [${targets// /, }]/; /^    goarch: /d" .goreleaser.yaml >"$work/goreleaser.yaml"
		.ci/release/notes.sh "$version" >"$work/notes.md"
		PATH=$repo/.cache/bin:$PATH quietly "$1.log" nice goreleaser release --clean --skip=publish,announce \
			--config "$work/goreleaser.yaml" --release-notes "$work/notes.md"
	)
}

mkdir -p -- "$work"
install_packages
.cache/bin/goreleaser check --quiet || fail ".goreleaser.yaml is not right: goreleaser check"
[[ -z $(git status --porcelain) ]] || say "note: what is not committed is not in it"

say "a key for this run alone"
keys=$(mktemp -d)
trap 'GNUPGHOME=$keys gpgconf --kill all; rm -rf -- "$keys"' EXIT
GNUPGHOME=$keys gpg --quiet --batch --passphrase '' --quick-generate-key 'qpimport release check <release@qpimport.example>' ed25519 sign 1d 2>/dev/null
RELEASE_SIGNING_KEY=$(GNUPGHOME=$keys gpg --quiet --armor --export-secret-keys)
export RELEASE_SIGNING_KEY
GNUPGHOME=$keys gpg --quiet --armor --export >"$work/qpimport.asc"

say "a release of v$version for $targets"
release first
dist=$work/first/dist
(cd -- "$dist" && ls -ld --block-size=1K -- qpimport_*.* checksums* | awk '/^-/ { printf "    %6d KiB  %s\n", $5, $9 }')

say "the same again, from another folder"
[[ ${RELEASE_FRESH-} != 1 ]] || { GOCACHE=$(mktemp -d -p "$keys"); export GOCACHE; }
release second
! grep -q 'checksums.txt' "$dist/checksums.txt" || fail "checksums.txt was altered after it was signed"
compared=$(grep -v sbom "$dist/checksums.txt")
diff <(echo "$compared") <(grep -v sbom "$work/second/dist/checksums.txt") || fail "two builds differ"
same=$(wc -l <<<"$compared")
plain() { jq -S 'del(.documentNamespace, .creationInfo.created)' "$1"; }
for sbom in "$dist"/*.sbom.json; do
	diff -q <(plain "$sbom") <(plain "$work/second/dist/${sbom##*/}") >/dev/null || fail "two lists of parts differ: ${sbom##*/}"
	(($(jq '.packages | length' "$sbom") > 50)) || fail "${sbom##*/} lists next to nothing"
	grep -q '"modernc.org/sqlite"' "$sbom" || fail "${sbom##*/} lacks a module that is in the program"
done
echo "    $same files are the same to the byte, and the lists of parts but for their time and id"

say "the download is verified as README.md says"
export GNUPGHOME=$keys/user
mkdir -m 700 -- "$GNUPGHOME"
cp -r -- "$dist" "$keys/download"
(
	cd -- "$keys/download"
	gpg --quiet --import "$work/qpimport.asc" 2>/dev/null
	gpg --quiet --verify checksums.txt.asc checksums.txt 2>/dev/null || fail "the signature is not good"
	sha256sum --quiet --ignore-missing --check checksums.txt || fail "a checksum is not right"
	echo >>checksums.txt
	! gpg --quiet --verify checksums.txt.asc checksums.txt 2>/dev/null || fail "what was altered has a good signature"
)
rm -r -- "$keys/download"
! (cd -- "$work/first" && RELEASE_SIGNING_KEY='' .ci/release/sign.sh README.md "$keys/none" 2>/dev/null) || fail "it signs without a key"
unset GNUPGHOME
echo "    good; altered: refused; without a key: refused"

say "the manual"
[[ $(find "$work/first/.cache/release/manual/man" -type f | wc -l) -gt 60 ]] || fail "pages are missing"
mandoc -T lint -W warning "$work"/first/.cache/release/manual/man/* || fail "mandoc has remarks"
echo "    $(find "$work/first/.cache/release/manual/man" -type f | wc -l) pages, and mandoc has nothing to say"

say "manifests"
sum() { awk -v f="$1" '$2 == f { print $1 }' "$dist/checksums.txt"; }
zip=$(sum "qpimport_${version}_windows_amd64.zip") tar=$(sum "qpimport_${version}_linux_amd64.tar.gz")
grep -q "InstallerSha256: $zip" "$dist"/winget/manifests/q/qpimport/qpimport/"$version"/*.installer.yaml || fail "winget has another checksum"
grep -q "\"hash\": \"$zip\"" "$dist/scoop/qpimport.json" || fail "scoop has another checksum"
grep -q "sha256 \"$tar\"" "$dist/homebrew/Casks/qpimport.rb" || fail "brew has another checksum"
echo "    winget, scoop and brew have the archives' checksums"

say "the archive"
mkdir -- "$keys/archive"
tar -C "$keys/archive" -xzf "$dist/qpimport_${version}_linux_amd64.tar.gz"
[[ $("$keys/archive/qpimport" version) == *"v$version"* ]] || fail "the program says another version"
testdata/demo.sh "$keys/archive/qpimport" >"$work/demo.log" 2>&1 || fail "the demo failed, all of it in $work/demo.log"
echo "    $("$keys/archive/qpimport" version); the demo ran"

for kind in deb rpm; do
	say "the $kind on a new Debian that systemd has booted"
	.ci/release/container.sh "$kind" "$dist/qpimport_${version}_linux_amd64.$kind" "$version" "$work"
done

say "the MSI"
.ci/release/msi_check.sh "$dist/qpimport_${version}_windows_amd64.msi" "$version"
say "all of it passed"
