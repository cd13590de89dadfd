#!/usr/bin/env bash
# Signs a file with the key that the environment brings, which no file of this machine keeps.
#
#   sign.sh FILE SIGNATURE
#   RELEASE_SIGNING_KEY   an OpenPGP secret key without a passphrase, as `gpg --armor --export-secret-keys` writes it
set -euo pipefail
if [[ -z ${RELEASE_SIGNING_KEY-} ]]; then
	echo "sign.sh: RELEASE_SIGNING_KEY holds no key: see CONTRIBUTING.md, or leave the signature out with --skip=sign" >&2
	exit 1
fi
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'gpgconf --kill all; rm -rf -- "$GNUPGHOME"' EXIT
gpg --quiet --batch --import <<<"$RELEASE_SIGNING_KEY"
gpg --quiet --batch --yes --armor --detach-sign --output "$2" "$1"
gpg --quiet --verify "$2" "$1"
