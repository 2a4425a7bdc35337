# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Real Linux guests for tests and the demo: an initramfs of busybox that loads
# modules and runs a script, booted by User Mode Linux or QEMU.
#
#	guest_initramfs OUT MODULES-DIR "MODULE…" SCRIPT   SCRIPT: a file, run as /init's child by sh
#	guest_uml INITRAMFS APPEND…                         in the foreground, console on stdio
#	guest_qemu INITRAMFS FLAVOUR [QEMU-OPTION…]         TCG, Debian's kernel of that flavour
#
# The script finds /bin/busybox's applets, `dhcp IF` (udhcpc until it has a
# lease, IPv4; resolv.conf too) and ends the guest when it ends. Lines that it
# prints to /dev/console are the guest's output.

GUEST_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# The files of a module and what it depends on, in loading order; nothing for what is built in.
guest_module_deps()
{
	local dir=$1 name=${2//-/_} line dep
	line=$(awk -F: -v n="$name" '{ f = $1; sub(/.*\//, "", f); sub(/\.ko.*/, "", f); gsub(/-/, "_", f)
		if (f == n) { print; exit } }' "$dir/modules.dep")
	[ -n "$line" ] || return 0 # built in
	for dep in $(echo "${line#*:}" | tr ' ' '\n' | tac); do
		echo "$dir/$dep"
	done
	echo "$dir/${line%%:*}"
}

guest_initramfs()
{
	local out=$1 modules=$2 wanted=$3 script=$4 tmp file
	tmp=$(mktemp -d "${TEST_TMP:-/tmp}/guest.XXXXXX")
	mkdir -p "$tmp"/{bin,dev,proc,sys,etc,tmp,run,modules,root}
	cp "$(command -v busybox)" "$tmp/bin/busybox"
	for file in $(for m in $wanted; do guest_module_deps "$modules" "$m"; done | awk '!seen[$0]++'); do
		cp "$file" "$tmp/modules/"
		basename "$file" >> "$tmp/modules/order"
	done
	cp "$script" "$tmp/script"
	cat > "$tmp/dhcp.script" <<- 'END'
	#!/bin/sh
	[ "$1" = bound ] || [ "$1" = renew ] || exit 0
	ip addr replace "$ip/$mask" dev "$interface"
	[ -n "$router" ] && ip route replace default via "$router" dev "$interface"
	[ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
	{ [ -n "$domain" ] && echo "search $domain"; for d in $dns; do echo "nameserver $d"; done; } > /etc/resolv.conf
	[ -n "$hostname" ] && hostname "$hostname"
	exit 0
	END
	cat > "$tmp/bin/dhcp" <<- 'END'
	#!/bin/sh
	ip link set "$1" up
	exec udhcpc -i "$1" -q -n -f -t 20 -T 1 -s /dhcp.script
	END
	cat > "$tmp/init" <<- 'END'
	#!/bin/busybox sh
	/bin/busybox --install -s /bin
	export PATH=/bin HOME=/root
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs devtmpfs /dev 2> /dev/null
	[ -e /modules/order ] && while read -r m; do insmod "/modules/$m" || echo "insmod $m failed"; done < /modules/order
	ip link set lo up
	echo 0 > /proc/sys/kernel/printk
	sh /script
	sync
	poweroff -f
	END
	chmod 755 "$tmp/init" "$tmp/bin/dhcp" "$tmp/dhcp.script"
	(cd "$tmp" && find . | cpio -o -H newc --quiet) | gzip -1 > "$out"
	rm -rf "$tmp"
}

guest_uml_modules() { echo /usr/lib/uml/modules/*; }

guest_uml()
{
	local initramfs=$1
	shift
	linux.uml mem="${GUEST_MEMORY:-256M}" initrd="$initramfs" root=/dev/ram0 con0=fd:0,fd:1 con=null \
		quiet "$@"
}

guest_qemu()
{
	local initramfs=$1 flavour=$2 kernel
	shift 2
	kernel=$("$GUEST_TOP/scripts/kernels" "$flavour")
	qemu-system-x86_64 -accel tcg -m "${GUEST_MEMORY:-256}" -nodefaults -no-user-config -display none \
		-no-reboot -serial stdio -kernel "$kernel/vmlinuz" -initrd "$initramfs" \
		-append "console=ttyS0 quiet panic=-1 ${GUEST_APPEND:-}" "$@"
}
