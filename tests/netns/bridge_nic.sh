#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A bridge on the NIC: addresses and routes move to it and back, confirmed or reverted.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$(dirname "$0")/../lib/netd.sh"

# The LAN: a namespace with a router and DHCP server; our end of the cable is "nic".
setup()
{
	add_ns lan
	ip link add nic type veth peer name eth0 netns lan
	ip -n lan addr add 198.51.100.1/24 dev eth0
	ip -n lan addr add 2001:db8:1::1/64 dev eth0 nodad
	ip -n lan link set eth0 up
	ip -n lan addr add 203.0.113.1/32 dev lo
	ip -n lan route add 203.0.113.128/25 via 198.51.100.7
	ip netns exec lan dnsmasq --conf-file=/dev/null --interface=eth0 --bind-dynamic --port=0 \
		--dhcp-range=198.51.100.50,198.51.100.60 --pid-file --dhcp-leasefile="$TEST_TMP/lan.leases"
	ip addr add 198.51.100.7/24 dev nic
	ip addr add 198.51.100.8/24 dev nic
	ip addr add 2001:db8:1::7/64 dev nic nodad
	ip link set nic up
	ip route add default via 198.51.100.1
	ip route add 203.0.113.0/25 via 198.51.100.1 metric 50
	ip -6 route add default via 2001:db8:1::1
	netd_start
	nic_state > "$TEST_TMP/before"
}

teardown() { netd_stop; }

# addresses and routes of an interface, under the name X
nic_state() { { ip -o addr show dev "${1:-nic}" scope global; ip route show; ip -6 route show; } |
	grep -v 'fe80::\|dev lo' | sed "s/\b${1:-nic}\b/X/g; s/^[0-9]*: //; s/  */ /g; s/ *$//; s/ linkdown//" | sort; }
lan_file() { net_file lan <<- END
	network "lan" { mode = "bridge"  uplink = "${1:-nic}"  bridge = "br0" }
	END
}
no_lan() { rm -f "$ETC/networks/lan.conf"; }
link_is() { ip -d -o link show dev "$1" 2> /dev/null | grep -qE -- "$2"; }
online() { ping -c 1 -W 2 -I 198.51.100.7 203.0.113.1 > /dev/null; }
is_as_before() { [ "$(cat "$TEST_TMP/before")" = "$(nic_state nic)" ] && negate link_is br0 .; }
is_bridged() { link_is nic 'master br0' && [ "$(cat "$TEST_TMP/before")" = "$(nic_state br0)" ]; }

t_addresses_and_routes_move_in_one_step_and_guests_are_on_the_lan()
{
	local pings
	ping -q -i 0.02 198.51.100.1 > "$TEST_TMP/ping" 2>&1 &
	pings=$!
	lan_file
	netctl apply > /dev/null
	is_bridged || { nic_state br0; cat "$TEST_TMP/before"; false; }
	eq "the NIC's MAC" "$(ip -o link show nic | grep -oE 'ether [0-9a-f:]+')" \
		"$(ip -o link show br0 | grep -oE 'ether [0-9a-f:]+')"
	online
	kill -INT $pings
	wait $pings || true
	cat "$TEST_TMP/ping"
	has "hardly a packet lost" '(0|1|2|3)% packet loss|[0-9]+ packets transmitted' "$(cat "$TEST_TMP/ping")"
	add_ns guest
	netctl attach lan --name guest --netns guest
	lease guest > /dev/null
	has "a lease of the LAN" '^198\.51\.100\.5' "$(addr4 guest)"
	in_ns guest ping -c 1 -W 2 198.51.100.1
	step "nothing to do any more"
	netctl plan | grep -q 'nothing to do'
}

t_they_survive_netd()
{
	netd_kill
	netd_start
	is_bridged
	netctl plan | grep -q 'nothing to do'
}

t_they_move_back_when_the_network_goes()
{
	no_lan
	netctl apply > /dev/null
	is_as_before || { nic_state nic; false; }
	online
}

t_an_unconfirmed_apply_reverts_by_itself()
{
	lan_file
	netctl apply --confirm 1 > /dev/null
	is_bridged
	wait_for 15 is_as_before
	online
	step "and stays reverted over a restart, until the next apply"
	netd_stop
	netd_start
	is_as_before
	netctl apply > /dev/null
	is_bridged
	no_lan
	netctl apply > /dev/null
	is_as_before
}

t_a_confirmed_apply_stays()
{
	lan_file
	netctl apply --confirm 2 > /dev/null
	netctl confirm > /dev/null
	negate netctl confirm
	sleep 2.5
	is_bridged
	no_lan
	netctl apply > /dev/null
	is_as_before
}

t_a_pending_confirm_survives_netds_death()
{
	lan_file
	netctl apply --confirm 3 > /dev/null
	netd_kill
	is_bridged
	netd_start
	is_bridged
	wait_for 15 is_as_before
	step "also when the deadline passes while nobody runs"
	netctl apply --confirm 1 > /dev/null
	netd_kill
	sleep 1.5
	netd_start
	is_as_before
	online
	no_lan
	netctl apply > /dev/null
}

t_purge_gives_the_nic_back()
{
	lan_file
	netctl apply > /dev/null
	is_bridged
	netctl purge > /dev/null
	is_as_before
	no_lan
	netctl apply > /dev/null
}

t_what_cannot_be_bridged_is_refused_with_the_alternative()
{
	ip link add leased type veth peer name leased2
	ip addr add 192.0.2.9/24 dev leased valid_lft 3600 preferred_lft 3600
	lan_file leased
	has "a lease" 'leased IPv4 address.*DHCP client.*mode = "nat"' "$(netctl apply 2>&1)"
	has "in show too" 'leased IPv4 address' "$(netctl show lan)"
	ip addr show leased | grep -q 192.0.2.9
	ip link add br-other type bridge
	ip addr flush dev leased
	ip link set leased master br-other
	lan_file leased
	netctl apply > /dev/null 2>&1 || true
	has "another bridge's" 'belongs to br-other already' "$(netctl show lan)"
	lan_file br-other
	netctl apply > /dev/null 2>&1 || true
	has "a bridge itself" 'is a bridge, not a NIC' "$(netctl show lan)"
	no_lan
	netctl apply > /dev/null
	is_as_before
}

t_addresses_that_come_back_to_the_nic_move_again()
{
	lan_file
	netctl apply > /dev/null
	ip addr add 198.51.100.9/24 dev nic
	wait_for 10 eval 'ip addr show br0 | grep -q 198.51.100.9'
	negate eval 'ip addr show nic | grep -q 198.51.100.9'
	online
	ip addr del 198.51.100.9/24 dev br0
	no_lan
	netctl apply > /dev/null
	is_as_before
}

run_tests "$@"
