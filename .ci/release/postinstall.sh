#!/bin/sh
# After the deb or the rpm was installed or upgraded: the user and the folders of the
# service, which is left disabled. Where there is no systemd there is no service.
set -e
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers qpimport.conf
	systemd-tmpfiles --create qpimport.conf
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
