#!/usr/bin/env bash
# A browser for tests of what people are shown: Debian's headless Chromium.
#
#   chromium.sh install                      the package, and a font (apt-get, root)
#   chromium.sh picture FILE.html OUT.png    what a page looks like, 900 pixels wide
set -euo pipefail

browser=chromium-headless-shell

install_packages() {
	command -v $browser >/dev/null && [[ -n $(fc-list : family 2>/dev/null) ]] && return 0
	local log
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get -q -o Acquire::Retries=3 update &&
		apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends $browser fontconfig fonts-dejavu-core; } >"$log" 2>&1 ||
		{ tail -n 15 "$log" >&2; echo "chromium.sh: apt-get failed, all of it in $log" >&2; exit 1; }
	rm -f -- "$log"
}

picture() {
	local sandbox=
	((EUID)) || sandbox=--no-sandbox # Chromium's own does not run as root
	$browser $sandbox --disable-gpu --hide-scrollbars --force-color-profile=srgb --window-size=900,1180 \
		--screenshot="$(realpath -- "$2")" "file://$(realpath -- "$1")" 2>/dev/null
}

case ${1-} in
install) install_packages ;;
picture) picture "$2" "$3" ;;
*) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 1 ;;
esac
