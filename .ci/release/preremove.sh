#!/bin/sh
# Before the package is removed ("remove" says dpkg, 0 says rpm), and not before it is
# upgraded: no timer may start what is no longer there. A systemd that refuses keeps
# nobody from removing it.
set -e
case $1 in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now qpimport-refresh.timer || true
	fi
	;;
esac
