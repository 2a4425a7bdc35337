#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netd's figures: at one network and at a thousand, beside ip and nft, and libvirt where it runs.
# shellcheck disable=SC2154 # measure() assigns by name
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$TOP/tests/lib/netd.sh"

T=$BUILD/tests/bench
now() { date +%s%N; }
# ms_of COMMAND…: its milliseconds, with two decimals
ms_of()
{
	local s e
	s=$(now)
	"$@" > /dev/null 2>&1
	e=$(now)
	printf '%d.%02d\n' $(((e - s) / 1000000)) $(((e - s) / 10000 % 100))
}
# median N COMMAND…
median()
{
	local n=$1
	shift
	for ((i = 0; i < n; i++)); do "$@"; done | sort -n | sed -n "$(((n + 1) / 2))p"
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", b ? a / b : 0 }'; }
row() { printf '%-58s %12s %10s  %s\n' "$@"; }

many()
{
	for i in $(seq 0 "$1"); do
		echo "network \"n$i\" { mode = \"nat\"  address = \"10.$((i / 250 + 100)).$((i % 250)).1/24\" }"
	done > "$ETC/networks/many.conf"
}

# The same network by hand: what an ifup script or libvirt does with programs.
by_hand()
{
	ip link add br-hand type bridge
	ip addr add 10.250.0.1/24 dev br-hand
	ip link set br-hand up
	sysctl -qw net.ipv4.conf.br-hand.forwarding=1
	nft add table ip hand
	nft add chain ip hand post '{ type nat hook postrouting priority 100; }'
	nft add rule ip hand post ip saddr 10.250.0.0/24 oifname != br-hand masquerade
	nft add chain ip hand fwd '{ type filter hook forward priority 0; }'
	nft add rule ip hand fwd iifname br-hand accept
	nft add rule ip hand fwd oifname br-hand ct state established,related accept
	nft add rule ip hand fwd oifname br-hand drop
}
hand_undo() { nft delete table ip hand; ip link del br-hand; }

# The kernel's part alone of one more network: the files are read before and after alike.
one_more()
{
	local with without
	without=$(ms_of netctl apply)
	echo 'network "extra" { mode = "nat"  address = "10.240.0.1/24" }' > "$ETC/networks/extra.conf"
	with=$(ms_of netctl apply)
	rm "$ETC/networks/extra.conf"
	netctl apply > /dev/null
	awk -v a="$with" -v b="$without" 'BEGIN { printf "%.2f\n", a - b }'
}

blast() { ip netns exec web "$T/udp_blast" 192.0.2.2 9 64 1; }

measure()
{
	hold lab warm
	read -r "attach_$1" "attach99_$1" <<< "$("$T/attach_bench" "$NETD_SOCKET" lab 300)"
	kill "$HELD"
	printf -v "more_$1" %s "$(median 5 one_more)"
	printf -v "list_$1" %s "$(median 5 ms_of netctl list)"
	printf -v "reload_$1" %s "$(median 3 ms_of netctl apply)"
	printf -v "pps_$1" %s "$(median 5 blast)"
}

# libvirt's network driver in this namespace, its directories empty and gone afterwards
libvirt()
{
	local pid
	lv_start=0 lv_list=0 lv_stop=0 lv_pss=0
	command -v libvirtd > /dev/null || return 0
	mount -t tmpfs tmpfs /var/lib/libvirt
	mount -t tmpfs tmpfs /etc/libvirt/qemu
	mkdir -p /run/libvirt /etc/libvirt/qemu/networks/autostart /var/lib/libvirt/dnsmasq
	printf 'auth_unix_rw = "none"\nunix_sock_group = "root"\nlog_outputs = "4:file:%s"\n' "$TEST_TMP/lv.log" > "$TEST_TMP/lv.conf"
	libvirtd -f "$TEST_TMP/lv.conf" > /dev/null 2>&1 &
	pid=$!
	wait_for 20 virsh -q -c qemu:///system version > /dev/null
	cat > "$TEST_TMP/lv.xml" <<- 'END'
	<network><name>lvnet</name><forward mode='nat'/><bridge name='virbr7'/>
	<ip address='10.99.0.1' netmask='255.255.255.0'><dhcp><range start='10.99.0.10' end='10.99.0.99'/></dhcp></ip></network>
	END
	virsh -q -c qemu:///system net-define "$TEST_TMP/lv.xml"
	lv_start=$(for _ in 1 2 3; do
		ms_of virsh -q -c qemu:///system net-start lvnet
		virsh -q -c qemu:///system net-destroy lvnet > /dev/null
	done | sort -n | sed -n 2p)
	virsh -q -c qemu:///system net-start lvnet > /dev/null
	lv_list=$(median 3 ms_of virsh -q -c qemu:///system net-list)
	lv_pss=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
	lv_stop=$(ms_of virsh -q -c qemu:///system net-destroy lvnet)
	kill "$pid"
}

outside
sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
echo 'network "lab" { mode = "nat"  address = { "10.77.0.1/24", "fd77:0:0:1::1/64" } }' > "$ETC/networks/lab.conf"
netd_start
box lab web > /dev/null
measure 1
rejoin=$("$T/rejoin_bench" br-lab lab-web 50)
many 999
cold_apply=$(ms_of netctl apply)
measure 1000
pss=$(awk '/^Pss:/ { print $2 }' "/proc/$(netd_pid)/smaps_rollup")
netd_kill
warm_start=$(ms_of netd_start)
rm "$ETC/networks/many.conf"
remove=$(ms_of netctl apply)
many 999
netd_stop
cold=$(ms_of netd_start)
hand=$(for _ in 1 2 3; do ms_of by_hand; hand_undo; done | sort -n | sed -n 2p)

netd_stop
libvirt

printf '\n%s, Linux %s, %s cores, br_netfilter off\n\n' "$(date +%F)" "$(uname -r)" "$(nproc)"
row "" measured target ""
row "attach to descriptors in hand, median, 1 network (us)" "$attach_1" 1000 "99th percentile $attach99_1"
row "the same with 1000 networks (us)" "$attach_1000" 1000 "99th percentile $attach99_1000"
row "  ratio 1000 : 1" "$(ratio "$attach_1000" "$attach_1")" 1.3 ""
row "one more network, kernel objects and rules, at 1 (ms)" "$more_1" 5 "ip and nft by hand: $hand ms, $(ratio "$hand" "$more_1")x"
row "  libvirt's net-start (ms)" "$lv_start" "" "$(ratio "$lv_start" "$more_1")x of ours, 40x is to reach; net-destroy $lv_stop"
row "one more network at 1000 (ms)" "$more_1000" 5 ""
row "netctl list at 1 (ms)" "$list_1" 5 "libvirt's net-list: $lv_list"
row "netctl list at 1000 (ms)" "$list_1000" "" "1000 lines"
row "forwarded packets per second at 1" "$pps_1" "" "64 bytes, NAT"
row "forwarded packets per second at 1000" "$pps_1000" "" ""
row "  cost of a packet 1000 : 1" "$(ratio "$pps_1" "$pps_1000")" 1.1 ""
row "cold start with 1000 networks (ms)" "$cold" 2000 ""
row "start with 1000 networks that are there (ms)" "$warm_start" "" "after kill -9"
row "999 networks by one apply (ms)" "$cold_apply" "" ""
row "reload without a change at 1000 (ms)" "$reload_1000" 50 "at 1: $reload_1"
row "re-join after a foreign detach, median (us)" "$rejoin" 1000 ""
row "PSS with 1000 networks (KiB)" "$pss" 12288 "libvirtd with one network: $lv_pss"
row "removing 1000 networks (ms)" "$remove" 25000 ""
