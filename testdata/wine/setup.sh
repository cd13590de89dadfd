#!/usr/bin/env bash
# The program for Windows, run by Wine, so that the tests can start it from here.
#
#   setup.sh install   Debian packages (apt-get)
#   setup.sh start     make a Windows of our own where there is none, start it
#   setup.sh build     build qpimport.exe
#   setup.sh env       print KEY=VALUE lines for the tests
#   setup.sh stop      end all that runs in it
#
# Each may be called again at any time. What start leaves running ends by itself
# when nothing was run for ten minutes.
#   QPIMPORT_WINE_DIR    where it lives (default .cache/wine)
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd -P)
dir=${QPIMPORT_WINE_DIR:-$here/../../.cache/wine}
mkdir -p -- "$dir"
dir=$(cd -- "$dir" && pwd -P)
prefix=$dir/prefix
server=/usr/lib/wine/wineserver

fail() { echo "setup.sh: $*" >&2; exit 1; }

# logged FILE COMMAND…: shows the end of the log only when the command fails
logged() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null || { tail -n 15 "$log" >&2; fail "$1 failed, all of it in $log"; }
}

install_packages() {
	[[ -x /usr/lib/wine/wine64 && -x $server ]] && command -v x86_64-w64-mingw32-gcc >/dev/null && return 0
	export DEBIAN_FRONTEND=noninteractive
	logged "$dir/apt.log" apt-get -q -o Acquire::Retries=3 update
	logged "$dir/apt.log" apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends \
		wine64 gcc-mingw-w64-x86-64-win32
	[[ -x /usr/lib/wine/wine64 ]] || fail "the package wine64 has no /usr/lib/wine/wine64 here"
}

# wrapper NAME PROGRAM: a command that runs a program of Windows. Wine finds what runs
# already by TMPDIR, which each script has its own of. One place in memory has to be
# free, which random addresses took once in some thousand starts: setarch -R has none.
wrapper() {
	cat >"$dir/bin/$1" <<-SH
	#!/bin/sh
	unset TMPDIR
	export WINEPREFIX='$prefix' WINEDEBUG=fixme-all,-winediag,-ntlm WINEPATH='Z:$dir' LC_ALL=C.UTF-8
	exec setarch -R /usr/lib/wine/wine64 $2 "\$@"
	SH
	chmod +x "$dir/bin/$1"
}

# provision: the marker is made last, so that an interrupted one is begun anew
provision() {
	mkdir -p "$dir/bin" "$dir/share"
	wrapper run ''
	wrapper cmd cmd.exe
	wrapper qpimport "'$dir/qpimport.exe'"
	[[ -e $dir/provisioned ]] && return 0
	rm -rf -- "$prefix"
	WINEDLLOVERRIDES='mscoree,mshtml=' logged "$dir/boot.log" "$dir/bin/run" wineboot -i
	local system=$prefix/drive_c/windows/system32
	[[ -e $system/bcryptprimitives.dll ]] ||
		logged "$dir/gcc.log" x86_64-w64-mingw32-gcc -O2 -s -shared -o "$system/bcryptprimitives.dll" "$here/prng.c" -ladvapi32
	mkdir -p "$prefix/dosdevices/unc/files" # \\files\share
	ln -sfn "$dir/share" "$prefix/dosdevices/unc/files/share"
	stop
	touch "$dir/provisioned"
}

# start: what a command starts beside itself keeps its streams open, and whoever
# reads them waits. So that is started first, with none.
start() {
	[[ -x /usr/lib/wine/wine64 ]] || fail "Wine is not installed: setup.sh install"
	setarch -R true || fail "addresses cannot be made predictable here (setarch -R), as Wine needs"
	provision
	env -u TMPDIR WINEPREFIX="$prefix" "$server" -p600 </dev/null >/dev/null 2>&1 || true # it runs already
	logged "$dir/start.log" setsid "$dir/bin/cmd" /c ver
}

build() {
	cd "$here/../.."
	GOOS=windows CGO_ENABLED=0 go build -trimpath -o "$dir/qpimport.exe" ./cmd/qpimport
}

stop() { env -u TMPDIR WINEPREFIX="$prefix" "$server" -k -w 2>/dev/null || true; }

case ${1:-} in
install) install_packages ;;
start) start ;;
build) build ;;
stop) stop ;;
env) echo "QPIMPORT_TEST_WINE=$dir/bin" ;;
*) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
