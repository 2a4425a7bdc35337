#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What others change under netd is seen as an event and repaired, and the log says what it was.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$(dirname "$0")/../lib/netd.sh"

setup()
{
	net_file lab <<- 'END'
	network "lab" { mode = "nat"  address = { "10.77.0.1/24", "fd77:0:0:1::1/64" } }
	END
	netd_start
	box lab web
	# a guest on a tap: the holder only keeps the descriptors
	"$BUILD/netctl" run lab --name tapped -- sleep 1000000 > /dev/null 2>&1 &
	echo $! > "$TEST_TMP/holder"
	wait_for 10 link_is lab-tapped 'master br-lab'
}

teardown() { netd_stop; }

# attr IFNAME KEY: of `ip -d link`
link_is() { ip -d -o link show dev "$1" 2> /dev/null | grep -qE -- "$2"; }
reaches() { in_ns web ping -c 1 -W 2 10.77.0.1 > /dev/null; }
logged() { grep -qE -- "$1" "$NETD_LOG"; }

t_a_deleted_bridge_comes_back_with_its_ports()
{
	ip link del br-lab
	wait_for 10 link_is br-lab 'alias netd:lab'
	wait_for 10 link_is lab-web 'master br-lab'
	wait_for 10 link_is lab-tapped 'master br-lab'
	wait_for 10 reaches
	wait_for 5 logged 'network lab: changed, repairing: add bridge br-lab'
	eq "as before" "$(ip -o -d link show br-lab | grep -oE 'link/ether [0-9a-f:]+')" \
		"$(ip -o -d link show br-lab | grep -oE 'link/ether [0-9a-f:]+')"
	step "its DHCP and DNS too"
	wait_for 20 eval '[ -n "$(in_ns web dig +short +time=1 +tries=1 @10.77.0.1 web.lab.internal)" ]'
}

t_a_detached_port_joins_again()
{
	ip link set lab-tapped nomaster
	wait_for 10 link_is lab-tapped 'master br-lab'
	wait_for 5 logged 'lab-tapped.*master none → br-lab'
	ip link set lab-web nomaster
	wait_for 10 link_is lab-web 'master br-lab'
	wait_for 10 reaches
}

t_a_tap_holder_cannot_keep_a_changed_mac()
{
	local mac
	mac=$(ip -o link show lab-tapped | grep -oE 'ether [0-9a-f:]+' | cut -d ' ' -f 2)
	has "the tap's own" '^fe:' "$mac"
	ip link set lab-tapped address "$(port_json lab web mac)"
	wait_for 10 link_is lab-tapped "link/ether $mac"
	wait_for 5 logged "lab-tapped.*mac .* → $mac"
	wait_for 10 reaches
}

t_addresses_come_back_and_strange_ones_go()
{
	ip addr del 10.77.0.1/24 dev br-lab
	wait_for 10 eval 'ip addr show br-lab | grep -q "10.77.0.1/24"'
	ip -6 addr del fd77:0:0:1::1/64 dev br-lab
	wait_for 10 eval 'ip addr show br-lab | grep -q "fd77:0:0:1::1/64"'
	ip addr add 10.99.0.1/24 dev br-lab
	wait_for 10 eval '! ip addr show br-lab | grep -q 10.99.0.1'
	wait_for 5 logged 'by pid [0-9]+.*add address 10.77.0.1/24 to br-lab'
	wait_for 10 reaches
}

t_mtu_isolation_and_state_are_put_back()
{
	ip link set br-lab mtu 1400
	wait_for 10 link_is br-lab 'mtu 1500'
	ip link set lab-web mtu 1300
	wait_for 10 link_is lab-web 'mtu 1500'
	bridge link set dev lab-web isolated on
	wait_for 10 link_is lab-web 'isolated off'
	ip link set lab-web down
	wait_for 10 link_is lab-web '[<,]UP[,>]'
	ip link set br-lab down
	wait_for 10 link_is br-lab '[<,]UP[,>]'
	wait_for 10 eval 'ip addr show br-lab | grep -q "fd77:0:0:1::1/64"'
	ip link set br-lab alias stranger
	wait_for 10 link_is br-lab 'alias netd:lab'
	wait_for 10 reaches
}

t_switches_are_put_back()
{
	local f
	for f in ipv4/conf/br-lab/forwarding ipv6/conf/br-lab/forwarding; do
		[ -e /proc/sys/net/ipv6/conf/br-lab/force_forwarding ] && [ $f != ${f#ipv6} ] && continue
		echo 0 > /proc/sys/net/$f
		wait_for 10 grep -qx 1 /proc/sys/net/$f
	done
}

t_a_flushed_ruleset_is_filled_again()
{
	# where the table is owned the kernel refuses; a plain one is filled again
	nft flush ruleset || true
	nft delete table inet netd || true
	wait_for 10 eval 'nft list set bridge netd macs | grep -q lab-web'
	wait_for 10 eval 'nft list table inet netd | grep -q br-lab'
}

t_a_killed_dnsmasq_is_started_again()
{
	local pid
	pid=$(pgrep -o -f '^dnsmasq.*/run/netd')
	kill -9 "$pid"
	wait_for 20 eval '[ "$(in_ns web dig +short +time=1 +tries=1 @10.77.0.1 web.lab.internal)" = "$(port_json lab web addresses | tr -dc "0-9., " | tr , "\n" | head -n 1 | tr -d " ")" ]'
	lease web > /dev/null
}

t_a_persistent_tap_without_a_holder_is_removed()
{
	"$BUILD/netctl" run lab --name sticky -- python3 -c '
import fcntl, os, time
fcntl.ioctl(int(os.environ["NETD_TAP_FDS"].split(":")[0]), 0x400454cb, 1)
open("'"$TEST_TMP"'/sticky", "w").close()
time.sleep(1000000)' > /dev/null 2>&1 &
	wait_for 20 test -e "$TEST_TMP/sticky"
	link_is lab-sticky 'persist on'
	kill $!
	wait_for 20 eval '! ip link show lab-sticky'
	wait_for 10 eval '! netctl ports lab | grep -q sticky'
	wait_for 5 logged 'port lab/sticky.*persistent'
}

t_a_port_ends_with_its_last_descriptor()
{
	kill "$(cat "$TEST_TMP/holder")"
	wait_for 20 eval '! netctl ports lab | grep -q tapped'
	negate link_is lab-tapped .
	eq "its name" "" "$(in_ns web dig +short +time=1 +tries=1 @10.77.0.1 tapped.lab.internal)"
	hasnt "no false alarm" 'ERROR' "$(cat "$NETD_LOG")"
}

t_a_port_ends_with_its_namespace()
{
	box lab shortlived > /dev/null
	ip netns del shortlived
	wait_for 20 eval '! netctl ports lab | grep -q shortlived'
}

t_floods_of_notices_lose_nothing()
{
	# a buffer of netd's size overflows only when it may not read: stop it for the flood
	kill -STOP "$(netd_pid)"
	python3 - << 'END'
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
i = socket.if_nametoindex('br-lab')
def attr(t, d): return struct.pack('=HH', 4 + len(d), t) + d + b'\0' * (-len(d) % 4)
# 40,000 changes of a foreign link's alias, one acknowledged message in a hundred
lo = struct.pack('=BBHiII', 0, 0, 0, 1, 0, 0)
for n in range(0, 40000, 100):
    batch = b''
    for k in range(100):
        body = lo + attr(20, b'alias %d\0' % (n + k))
        batch += struct.pack('=IHHII', 16 + len(body), 16, 1, n + k, 0) + body
    s.send(batch)
END
	ip link set lo alias ''
	ip link set lab-web nomaster
	ip addr del 10.77.0.1/24 dev br-lab
	ip link add lab-foreign type veth peer name foreign-peer
	kill -CONT "$(netd_pid)"
	wait_for 20 link_is lab-web 'master br-lab'
	wait_for 20 eval 'ip addr show br-lab | grep -q 10.77.0.1/24'
	wait_for 20 reaches
	logged 'notices were lost'
}

run_tests "$@"
