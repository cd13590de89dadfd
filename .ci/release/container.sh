#!/usr/bin/env bash
# A new Debian, booted by systemd in a container of this machine, in which a package is tried.
#
#   container.sh deb|rpm PACKAGE VERSION WORK    WORK is a folder for it; needs root, mmdebstrap, systemd-container
set -euo pipefail
kind=$1 package=$2 version=$3 work=$4
here=$(cd -- "$(dirname -- "$0")" && pwd -P)
mkdir -p -- "$work"

# The system as it is after its installation is kept: it takes a minute or two to make.
if [[ ! -s $work/debian.tar ]]; then
	mmdebstrap --quiet --format=tar --variant=minbase --include=systemd,systemd-sysv,dbus,rpm bookworm "$work/debian.tar.part"
	mv -- "$work/debian.tar.part" "$work/debian.tar"
fi

root=$work/$kind
trap 'rm -rf --one-file-system -- "$root"' EXIT
rm -rf --one-file-system -- "$root"
mkdir -p -- "$root"
tar -C "$root" -xf "$work/debian.tar"
mkdir "$root/check"
cp -r "$here/machine.sh" "$here/../../testdata" "$root/check/"
cp -- "$package" "$root/check/package"
cat >"$root/etc/systemd/system/check.service" <<UNIT
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/check/machine.sh $kind $version; echo \$? >/check/status'
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=file:/check/log
StandardError=inherit
[Install]
WantedBy=multi-user.target
UNIT
systemctl --root="$root" --quiet enable check.service
timeout --kill-after=20 "${QPIMPORT_CONTAINER_SECONDS:-600}" systemd-nspawn --quiet --register=no --keep-unit --private-network \
	--machine="qpimport-check-$$" --directory="$root" --boot >"$work/$kind.boot.log" 2>&1 </dev/null || true
if [[ $(cat "$root/check/status" 2>/dev/null) != 0 ]]; then
	tail -n 30 "$root/check/log" >&2 2>/dev/null || tail -n 30 "$work/$kind.boot.log" >&2
	echo "container.sh: the $kind failed on a new Debian" >&2
	exit 1
fi
sed -n 's/^== /    /p' "$root/check/log"
