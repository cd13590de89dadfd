#!/usr/bin/env bash
# What a new machine does with a package, seen from inside one that systemd has just booted:
# installs it, runs the demo, sets a customer up, has the timer refresh it, upgrades, removes.
#
#   machine.sh deb|rpm VERSION    with /check/package, /check/testdata; called by check.sh
set -euo pipefail
kind=$1 version=$2
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
fail() { echo "machine.sh: $*" >&2; exit 1; }
is() { [[ $2 == "$3" ]] || fail "$1 is $2, and should be $3"; }

case $kind in
deb)
	install() { dpkg -i /check/package; }
	remove() { dpkg -r qpimport; }
	;;
rpm)
	install() { rpm --force-debian -U --replacepkgs /check/package; } # Debian's rpm wants to be told
	remove() { rpm --force-debian -e qpimport; }
	;;
esac
# as_service ARG…: qpimport as the user of the service, with its config
as_service() { runuser -u qpimport -- qpimport --config /etc/qpimport/config.yaml "$@"; }

install
is version "$(qpimport version -o csv | tail -n1 | cut -d, -f1)" "v$version"
is "owner and mode of the state" "$(stat -c '%U %a' /var/lib/qpimport)" 'qpimport 700'
is "owner and mode of the secrets" "$(stat -c '%U %a' /etc/qpimport/secrets)" 'qpimport 700'
is "the timer after installation" "$(systemctl is-enabled qpimport-refresh.timer || true)" disabled
systemd-analyze verify --man=no qpimport-refresh.service qpimport-refresh.timer
zcat /usr/share/man/man1/qpimport-refresh.1.gz | grep '^\.TH "QPIMPORT' >/dev/null
bash -n /usr/share/bash-completion/completions/qpimport
echo "== installed: $(qpimport version)"

/check/testdata/demo.sh "$(command -v qpimport)" >/tmp/demo.log
is "the demo's last line" "$(tail -n1 /tmp/demo.log | awk '{ print $2, $3 }')" 'import --help'
echo "== the demo ran: $(grep -c '^\$ qpimport' /tmp/demo.log) commands"

# The line of the unit, with nobody to refresh; then a customer from an export in which
# somebody is renamed.
line=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/qpimport-refresh.service)
runuser -u qpimport -- sh -c "$line"
cp /check/testdata/contoso/ad.ldif /srv/ad.ldif
as_service customers create Contoso
as_service directories connect ad -c Contoso --file /srv/ad.ldif
as_service import -c Contoso --source ad --password-sync off --ou corp.contoso.example/Staff -r --all >/dev/null
before=$(as_service accounts -c Contoso -o csv | sha256sum)
name=$(as_service accounts -c Contoso -o jsonl | sed -n '1s/.*"display_name":"\([^"]*\)".*/\1/p')
sed -i "s/^displayName: $name\$/displayName: $name-Renamed/" /srv/ad.ldif

mkdir -p /etc/systemd/system/qpimport-refresh.timer.d
printf '[Timer]\nOnCalendar=\nOnCalendar=*:*:0/5\nRandomizedDelaySec=0\nAccuracySec=1s\n' >/etc/systemd/system/qpimport-refresh.timer.d/soon.conf
systemctl daemon-reload
systemctl enable --now qpimport-refresh.timer
for ((i = 0; i < 60; i++)); do
	as_service history -o jsonl | grep '"command":"refresh"' >/dev/null && break
	sleep 1
done
systemctl stop qpimport-refresh.timer
[[ $(as_service accounts -c Contoso -o csv | sha256sum) != "$before" ]] || fail "nobody was renamed: $(journalctl -u qpimport-refresh --no-pager | tail -n 20)"
as_service accounts -c Contoso -o csv | grep -- "$name-Renamed" >/dev/null || fail "$name kept the name"
is "the refresh by the timer" "$(systemctl show -P Result qpimport-refresh.service)" success
echo "== the timer refreshed: $(as_service history -o csv | sed -n 2p)"
systemctl start qpimport-refresh.timer

echo '# mine' >>/etc/qpimport/config.yaml
install
is "the timer after an upgrade" "$(systemctl is-enabled qpimport-refresh.timer) $(systemctl is-active qpimport-refresh.timer)" 'enabled active'
is "the config after an upgrade" "$(tail -n1 /etc/qpimport/config.yaml)" '# mine'
echo "== upgraded"

remove
! command -v qpimport >/dev/null || fail "the program is still there"
is "the timer after removal" "$(systemctl is-active qpimport-refresh.timer || true)" inactive
[[ -s /var/lib/qpimport/state.db ]] || fail "the registry is gone"
[[ $kind != deb ]] || dpkg -P qpimport
[[ -s /var/lib/qpimport/state.db ]] || fail "the registry is gone"
echo "== removed, and the registry is still there"
