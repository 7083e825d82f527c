# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # variables for those who source it
# What every script here shares. Sourced, never run.

# Where everything is: ROOT is the project, CACHE what was downloaded (never
# part of the source, safe to delete), BUILD what was made from the source.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${KCOPYD_CACHE:-$ROOT/.cache}
BUILD=$ROOT/.build
KERNELS_DIR=$CACHE/kernels
PROG=${0##*/}

say() { printf '%s\n' "$@"; }
warn() { printf '%s: %s\n' "$PROG" "$*" >&2; }
die() { warn "$@"; exit 1; }

# die_usage: print the comment block at the top of the calling script.
usage() { sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }
die_usage() { warn "$@"; usage >&2; exit 2; }

have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# The names that go into a kernel command line, a QEMU option or a make
# variable can't be quoted there: refuse early instead of failing oddly.
require_plain_path() {
	case $1 in
	*[!A-Za-z0-9_+/.-]*)
		die "the path '$1' has characters that QEMU and make can't take" ;;
	esac
}

# Only one script at a time may fill the cache. The lock lasts as long as
# the calling process, however it ends.
lock_cache() {
	mkdir -p "$CACHE"
	exec 9>"$CACHE/.lock"
	flock -n 9 || { say "waiting for another run to fill the cache"; flock 9; }
}

# quietly LOG COMMAND...: show a command's output only if it fails.
quietly() {
	local log=$1
	shift
	if ! "$@" >"$log" 2>&1; then
		cat "$log" >&2
		return 1
	fi
}

# emulator_slipped LOG: whether a machine has died of QEMU. A processor that is
# emulated beside another one can run the first byte, a breakpoint, of an
# instruction that the kernel has finished patching since. The kernel then dies
# of a breakpoint that is nobody's: no module can make that happen, and no real
# machine does.
emulator_slipped() { grep -q 'int3: 0000 \[#1\]' "$1" 2>/dev/null; }

# apt as root must not drop to a user that can't write into our cache.
apt_get() { apt-get -qq -o APT::Sandbox::User=root "$@"; }

# own_release: the code name of this machine's release.
own_release() {
	# shellcheck disable=SC1091 # a system file
	(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
}

# configured_mirrors: a line each, "SUITE URI", for every suite of this
# machine's own release, in whichever of apt's two formats they are written.
configured_mirrors() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --no-release-info 'Created-By: Packages' \
		--format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
		awk -v c="$(own_release)" '$2 == "main" &&
			($1 == c || index($1, c "-") == 1) { print $1, $3 }' | sort -u
}

# publish_kernel DIR VERSION NAME: from here on the kernel counts as complete.
publish_kernel() {
	rm -rf "${KERNELS_DIR:?}/$2"
	mv "$1" "$KERNELS_DIR/$2"
	ln -sfn "$2" "$KERNELS_DIR/.new-$3"
	mv -T "$KERNELS_DIR/.new-$3" "$KERNELS_DIR/$3"
}

# kernel_field NAME FIELD: what `scripts/kernels list` says (2 is the
# vmlinuz, 3 the build folder); fails when that kernel isn't at hand.
kernel_field() {
	"$ROOT/scripts/kernels" list |
		awk -v n="$1" -v f="$2" '$1 == n { print $f; ok = 1 } END { exit !ok }'
}
