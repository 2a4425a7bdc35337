#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a network's mode means for its guests and for the host.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$(dirname "$0")/../lib/netd.sh"

sysctl_of() { cat "/proc/sys/net/$1"; }
# what the host had before netd came
switches() { for f in "${SWITCHES[@]}"; do echo "$f $(sysctl_of "$f")"; done; }
SWITCHES=(ipv4/ip_forward ipv4/conf/default/forwarding ipv4/conf/uplink/forwarding
	ipv6/conf/all/forwarding ipv6/conf/default/forwarding ipv6/conf/uplink/forwarding
	ipv6/conf/uplink/accept_ra)

setup()
{
	outside
	# a LAN that a foreign bridge leads to, with a DHCP server of its own
	add_ns lan
	ip link add br-lan type bridge
	ip link add lanport type veth peer name eth0 netns lan
	ip link set lanport master br-lan up
	ip link set br-lan up
	ip -n lan addr add 198.51.100.1/24 dev eth0
	ip -n lan link set eth0 up
	ip netns exec lan dnsmasq --conf-file=/dev/null --interface=eth0 --bind-dynamic --port=0 \
		--dhcp-range=198.51.100.50,198.51.100.60 --pid-file --dhcp-leasefile="$TEST_TMP/lan.leases"
	# an RA route on the uplink, which forwarding must not cost
	sysctl -q net.ipv6.conf.uplink.accept_ra=1
	ip -6 route add 2001:db8:5::/64 via 2001:db8::2 dev uplink proto ra
	switches > "$TEST_TMP/switches"
	net_file nat <<- 'END'
	network "nat" { mode = "nat"  address = { "10.77.0.1/24", "fd77:0:0:1::1/64" } }
	END
	net_file route <<- 'END'
	network "route" { mode = "route"  address = { "10.78.0.1/24", "2001:db8:78::1/64" } }
	END
	net_file isolated <<- 'END'
	network "isolated" { mode = "isolated"  address = { "10.79.0.1/24", "fd79:0:0:1::1/64" } }
	END
	net_file lan <<- 'END'
	network "lan" { mode = "bridge"  bridge = "br-lan" }
	END
	net_file auto <<- 'END'
	network "auto" { mode = "nat"  address = "auto" }
	END
	net_file missing <<- 'END'
	network "missing" { mode = "nat"  address = "10.80.0.1/24"  uplink = "eth9" }
	END
	ip link add br-taken type dummy 2> /dev/null || ip link add br-taken type veth peer name taken-peer
	net_file taken <<- 'END'
	network "taken" { mode = "nat"  address = "10.81.0.1/24" }
	END
	netd_start
	serve outside 8080 seen
}

teardown() { netd_stop; }

has_carrier_route() { ip -n "$1" -6 route show default | grep -q default; }
# who asked: the server's side of a connection
seen_as()
{
	ip netns exec "$1" python3 - "$2" << 'END'
import socket, sys
host = sys.argv[1]
s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
s.settimeout(5)
s.connect((host, 7))
print(s.recv(100).decode())
END
}
tell_who()
{
	ip netns exec outside python3 - << 'END' &
import socket
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('::', 7))
s.listen()
while True:
    c, a = s.accept()
    c.send(a[0].replace('::ffff:', '').encode())
    c.close()
END
	wait_for 10 eval '[ -n "$(ip netns exec outside ss -ltnH sport = :7)" ]'
}

t_nat_hides_guests_behind_the_host_in_both_families()
{
	tell_who
	box nat web > /dev/null
	eq "IPv4" 192.0.2.1 "$(seen_as web 192.0.2.2)"
	wait_for 20 has_addr6 web
	wait_for 20 has_carrier_route web
	eq "IPv6" 2001:db8::1 "$(seen_as web 2001:db8::2)"
}

t_route_shows_guests_as_they_are()
{
	ip -n outside route add 10.78.0.0/24 via 192.0.2.1
	ip -n outside route add 2001:db8:78::/64 via 2001:db8::1
	tell_who
	box route r1 > /dev/null
	eq "IPv4" "$(addr4 r1)" "$(seen_as r1 192.0.2.2)"
	wait_for 20 has_addr6 r1
	wait_for 20 has_carrier_route r1
	has "IPv6" '^2001:db8:78:' "$(seen_as r1 2001:db8::2)"
	step "and is reached from outside"
	in_ns outside ping -c 1 -W 5 "$(addr4 r1)"
}

t_isolated_reaches_nothing_beyond()
{
	box isolated i1 > /dev/null
	box isolated i2 > /dev/null
	in_ns i1 ping -c 1 -W 5 10.79.0.1
	in_ns i1 ping -c 1 -W 5 "$(addr4 i2)"
	eq "its name" "$(addr4 i2)" "$(in_ns i1 dig +short +time=2 @10.79.0.1 i2.isolated.internal)"
	ip -n i1 route replace default via 10.79.0.1
	negate in_ns i1 ping -c 1 -W 1 192.0.2.2
	step "and nobody beyond reaches it"
	ip -n outside route add 10.79.0.0/24 via 192.0.2.1
	negate in_ns outside ping -c 1 -W 1 "$(addr4 i1)"
}

t_networks_do_not_see_each_other()
{
	box nat n1 > /dev/null
	box route r2 > /dev/null
	negate in_ns n1 ping -c 1 -W 1 "$(addr4 r2)"
	negate in_ns r2 ping -c 1 -W 1 "$(addr4 n1)"
}

t_bridge_joins_an_existing_lan()
{
	add_ns guest
	netctl attach lan --name guest --netns guest
	lease guest
	has "an address of the LAN's own server" '^198\.51\.100\.' "$(addr4 guest)"
	in_ns guest ping -c 1 -W 5 198.51.100.1
	step "the foreign bridge stays as it is when the port leaves"
	netctl detach lan guest
	ip link show br-lan | grep -q UP
	eq "its port" 1 "$(ip -o link show master br-lan | wc -l)"
}

t_auto_takes_a_free_subnet_and_keeps_it()
{
	local before
	before=$(netctl --json show auto)
	has "an address" '"10\.[0-9]+\.[0-9]+\.1/24"' "$before"
	netd_stop
	netd_start
	eq "after a restart" "$(ip -4 -o addr show br-auto | awk '{ print $4 }')" \
		"$(grep -oE '10\.[0-9]+\.[0-9]+\.1/24' <<< "$before" | head -n 1)"
}

t_a_network_that_cannot_come_up_says_why_and_holds_up_nobody()
{
	has "missing uplink" 'uplink eth9 does not exist' "$(netctl show missing)"
	has "taken name" 'an interface br-taken exists that netd did not make' "$(netctl show taken)"
	has "the others" '^nat +nat +up' "$(netctl list)"
	add_ns nobody
	has "attach names the reason" 'eth9 does not exist' \
		"$(netctl attach missing --name a --netns nobody 2>&1)"
	step "and comes up when what it missed is there"
	ip link add eth9 type veth peer name eth9p
	ip addr add 203.0.113.1/24 dev eth9
	ip link set eth9 up
	wait_for 10 eval 'netctl list | grep -qE "^missing +nat +up"'
	step "and goes down, with the reason, when it is gone again"
	ip link del eth9
	wait_for 10 eval 'netctl list | grep -qE "^missing +nat +failed"'
	ip link del br-taken
	wait_for 10 eval 'netctl list | grep -qE "^taken +nat +up"'
}

t_long_names_have_a_short_interface_and_an_alternative_name()
{
	local long=a-network-with-quite-a-long-name
	net_file long <<- END
	network "$long" { mode = "isolated"  address = "10.82.0.1/24" }
	END
	netctl apply > /dev/null
	box $long and-a-guest-with-one > /dev/null
	ip link show dev "$long-and-a-guest-with-one" | grep -qE ': nd[0-9a-f]{12}@'
	ip link show type bridge | grep -qE ': br-a-net[0-9a-f]{7}:'
	in_ns and-a-guest-with-one ping -c 1 -W 5 10.82.0.1
	rm "$ETC/networks/long.conf"
	netctl apply > /dev/null
}

t_the_host_keeps_its_ra_routes_and_routes_for_nobody_else()
{
	ip -6 route show proto ra | grep -q 2001:db8:5::
	add_ns stranger
	ip link add foreign type veth peer name eth0 netns stranger
	ip addr add 203.0.113.1/24 dev foreign
	ip link set foreign up
	ip -n stranger addr add 203.0.113.2/24 dev eth0
	ip -n stranger link set eth0 up
	ip -n stranger route add default via 203.0.113.1
	ip -n outside route add 203.0.113.0/24 via 192.0.2.1
	in_ns stranger ping -c 1 -W 5 203.0.113.1
	negate in_ns stranger ping -c 1 -W 1 192.0.2.2
	ip link del foreign
}

t_purge_leaves_the_host_as_it_was()
{
	netctl purge
	eq "switches" "$(cat "$TEST_TMP/switches")" "$(switches)"
	hasnt "links" 'netd:' "$(ip -d link show)"
	eq "tables" "" "$(nft list tables | grep netd)"
	ip -6 route show proto ra | grep -q 2001:db8:5::
	eq "dnsmasq" "" "$(pgrep -a dnsmasq | grep /run/netd)"
	eq "state" "" "$(ls "$STATE")"
	step "and apply brings everything back"
	rm "$ETC/networks/missing.conf"
	netctl apply > /dev/null
	box nat again > /dev/null
	in_ns again ping -c 1 -W 5 192.0.2.2
}

run_tests "$@"
