# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Clean systems to install in: Debian of this machine's own release, in the
# cache. Sourced after lib.sh, never run. As root.

CHROOTS=$CACHE/chroots

# in_chroot FOLDER COMMAND...: mounts are this command's alone, and go with it.
# A kernel that is installed makes no initial ramdisk: nothing boots from there.
in_chroot() {
	local root=$1
	shift
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --propagation private sh -c '
		root=$1; shift
		mount -t proc proc "$root/proc" &&
		mount --rbind /dev "$root/dev" &&
		mount -t tmpfs tmpfs "$root/tmp" &&
		exec chroot "$root" "$@"' sh "$root" \
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

# chroot_debootstrap FOLDER: the smallest Debian, with this machine's suites.
chroot_debootstrap() {
	local root=$1 suite uri codename mirror
	read -r codename mirror < <(configured_mirrors | grep -v '^[^ ]*-') ||
		die "no package mirror is configured on this machine"
	rm -rf "$root"
	mkdir -p "$root"
	quietly "$root.log" debootstrap --variant=minbase \
		--include=ca-certificates "$codename" "$root" "$mirror" ||
		return
	configured_mirrors | while read -r suite uri; do
		printf 'deb %s %s main\n' "$uri" "$suite"
	done >"$root/etc/apt/sources.list"
	# Nothing is started in a chroot.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
	quietly "$root.log" chroot_apt "$root" update
}

# chroot_with NAME PACKAGE...: the folder of a chroot that has these packages,
# into the variable `chroot`. It is made anew when the list is another one.
chroot_with() {
	local name=$1 new
	shift
	chroot=$CHROOTS/$name
	[ "$(cat "$chroot/.packages" 2>/dev/null)" != "$*" ] || return 0
	say "chroot $name: installing $(($# + 1)) packages and what they need"
	mkdir -p "$CHROOTS"
	new=$CHROOTS/.new-$name
	chroot_debootstrap "$new" || return
	quietly "$new.log" chroot_apt "$new" install -y "$@" || return
	in_chroot "$new" apt-get clean
	printf '%s\n' "$*" >"$new/.packages"
	rm -rf "$chroot"
	mv "$new" "$chroot"
	rm -f "$new.log"
}
