#!/usr/bin/env bash
# Shells for tests of completion: zsh and fish, and what Bash completes with.
#
#   shells.sh install    the packages (apt-get, root)
set -euo pipefail

bash_completion=/usr/share/bash-completion/bash_completion

install_packages() {
	command -v zsh >/dev/null && command -v fish >/dev/null && [[ -r $bash_completion ]] && return 0
	local log
	log=$(mktemp)
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get -q -o Acquire::Retries=3 update &&
		apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends bash-completion zsh fish; } >"$log" 2>&1 ||
		{ tail -n 15 "$log" >&2; echo "shells.sh: apt-get failed, all of it in $log" >&2; exit 1; }
	rm -f -- "$log"
}

case ${1-} in
install) install_packages ;;
*) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 1 ;;
esac
