# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Clean systems to install or to build in: Debian of this machine's own release
# or of another one, in the cache. Sourced after lib.sh, never run. As root.

CHROOTS=$CACHE/chroots
# Folders of this machine that a chroot's commands see, by the same path.
chroot_binds=()

# in_chroot FOLDER COMMAND...: mounts are this command's alone, and go with it.
# A kernel that is installed makes no initial ramdisk: nothing boots from there.
in_chroot() {
	local root=$1
	shift
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --propagation private sh -c '
		root=$1; binds=$2; shift 2
		mount -t proc proc "$root/proc" &&
		mount --rbind /dev "$root/dev" &&
		mount -t tmpfs tmpfs "$root/tmp" || exit
		for bind in $binds; do
			mkdir -p "$root$bind" &&
			mount --bind "$bind" "$root$bind" || exit
		done
		exec chroot "$root" "$@"' sh "$root" "${chroot_binds[*]}" \
		/usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 INITRD=No \
		DEBIAN_FRONTEND=noninteractive \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} "$@" </dev/null
}

chroot_apt() {
	local root=$1
	shift
	in_chroot "$root" apt-get -qq -o APT::Sandbox::User=root \
		-o Dpkg::Use-Pty=0 -o APT::Install-Recommends=false "$@"
}

# suites_of RELEASE: a line each, "SUITE URI": this machine's own, by the name
# of that release. One that is not its own has backports among them.
suites_of() {
	local own
	own=$(own_release)
	configured_mirrors | sed "s/^$own/$1/"
	[ "$1" = "$own" ] || configured_mirrors |
		awk -v own="$own" -v new="$1" '$1 == own { print new "-backports", $2 }'
}

# chroot_debootstrap FOLDER RELEASE: the smallest Debian there is.
chroot_debootstrap() {
	local root=$1 release=$2 suite uri mirror
	read -r _ mirror < <(suites_of "$release" | grep -v '^[^ ]*-') ||
		die "no package mirror is configured on this machine"
	rm -rf "$root"
	mkdir -p "$root"
	quietly "$root.log" debootstrap --variant=minbase \
		--include=ca-certificates "$release" "$root" "$mirror" ||
		return
	suites_of "$release" | while read -r suite uri; do
		printf 'deb %s %s main\n' "$uri" "$suite"
	done >"$root/etc/apt/sources.list"
	# Nothing is started in a chroot.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
	quietly "$root.log" chroot_apt "$root" update
}

# chroot_of RELEASE NAME PACKAGE...: the folder of a chroot that has these
# packages, into the variable `chroot`. Another list, and it is made anew.
chroot_of() {
	local release=$1 name=$2 new
	shift 2
	chroot=$CHROOTS/$name
	[ "$(cat "$chroot/.packages" 2>/dev/null)" != "$*" ] || return 0
	say "chroot $name: installing $(($# + 1)) packages and what they need"
	mkdir -p "$CHROOTS"
	new=$CHROOTS/.new-$name
	chroot_debootstrap "$new" "$release" || return
	quietly "$new.log" chroot_apt "$new" install -y "$@" || return
	in_chroot "$new" apt-get clean
	printf '%s\n' "$*" >"$new/.packages"
	rm -rf "$chroot"
	mv "$new" "$chroot"
	rm -f "$new.log"
}

# chroot_with NAME PACKAGE...: the same, of this machine's own release.
chroot_with() { chroot_of "$(own_release)" "$@"; }

# newest_headers FOLDER PREFIX: the newest kernel of that name that a chroot's
# suites have headers of.
newest_headers() {
	in_chroot "$1" apt-cache pkgnames "linux-headers-$2" |
		sed -n 's/^linux-headers-\([0-9.]*\(+[^-]*\)\?-amd64\)$/\1/p' |
		sort -V | tail -n 1 | grep .
}
