#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Which Debian package each tool and library comes from: here and nowhere else.
#
#   deps.sh list WHAT       the packages, one a line
#   deps.sh missing WHAT    those not installed
#   deps.sh install WHAT    installs what is missing (as root); says nothing when nothing is
# WHAT: build, run, demo, check, bench, soak
set -euo pipefail

build=(
	gcc make pkg-config libc6-dev linux-libc-dev
	libnl-3-dev libnl-route-3-dev   # rtnetlink
	libmnl-dev libnftnl-dev         # nftables
	libconfuse-dev                  # configuration
	libjansson-dev                  # JSON
	libseccomp-dev libcap-ng-dev    # sandbox
	liburing-dev                    # vmm's disks
	uthash-dev                      # name tables, header only
)
run=(
	dnsmasq-base                    # DHCP, DNS, RA, TFTP
	qemu-utils                      # qemu-storage-daemon: disks of other formats than raw
	graphviz                        # netctl graph --format svg
	iproute2 kmod
)
demo=(
	qemu-system-x86                 # a guest without KVM, and the test VM
	user-mode-linux                 # a real Linux guest as one process
	busybox-static cpio             # guests' user land
	udhcpc curl python3 iputils-ping bind9-dnsutils
	zstd xz-utils iperf3 util-linux
)
check=(
	clang-14 libclang-rt-14-dev     # fuzzing
	clang-format-14 shellcheck mandoc man-db groff # lint
	libcunit1-dev                   # unit tests
	nftables iptables conntrack tcpdump socat # to look at and to disturb what we made
	isc-dhcp-client dhcpcd5         # DHCP clients of others
	acpica-tools                    # iasl checks our ACPI tables
	debootstrap e2fsprogs fio       # a real root file system and its disk
	bash-completion systemd         # completion and systemd-analyze verify
	slirp4netns passt               # whose command line we speak; peers
)
bench=(libvirt-daemon-system libvirt-clients) # the peer of netd's figures

packages()
{
	case "$1" in
	build) printf '%s\n' "${build[@]}" ;;
	run) printf '%s\n' "${run[@]}" ;;
	demo) printf '%s\n' "${build[@]}" libcunit1-dev "${run[@]}" "${demo[@]}" ;;
	check | soak) printf '%s\n' "${build[@]}" "${run[@]}" "${demo[@]}" "${check[@]}" ;;
	bench) printf '%s\n' "${build[@]}" "${run[@]}" "${demo[@]}" "${check[@]}" "${bench[@]}" ;;
	*)
		echo "deps.sh: unknown set '$1': build, run, demo, check, soak or bench" >&2
		exit 2
		;;
	esac
}

missing()
{
	local p
	packages "$1" | sort -u | while read -r p; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
	done
}

install_missing()
{
	local -a want
	mapfile -t want < <(missing "$1")
	[ ${#want[@]} -eq 0 ] && return
	if [ "$(id -u)" -ne 0 ]; then
		echo "deps.sh: these packages are missing, run as root or install them: ${want[*]}" >&2
		exit 1
	fi
	echo "installing ${#want[@]} packages: ${want[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# A daemon that a package brings must not start: the host stays as it was.
	local policy=/usr/sbin/policy-rc.d made=
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' > $policy
		chmod 755 $policy
		made=1
	fi
	trap '[ -z "$made" ] || rm -f $policy' EXIT
	apt-get update -q > /dev/null || echo "deps.sh: apt-get update failed, going on with the old lists" >&2
	apt-get install -y -q --no-install-recommends "${want[@]}" > "${TMPDIR:-/tmp}/netd-deps.log" 2>&1 || {
		tail -n 20 "${TMPDIR:-/tmp}/netd-deps.log" >&2
		exit 1
	}
}

[ $# -eq 2 ] || { sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
case "$1" in
list) packages "$2" | sort -u ;;
missing) missing "$2" ;;
install) install_missing "$2" ;;
*) echo "deps.sh: unknown command '$1'" >&2; exit 2 ;;
esac
