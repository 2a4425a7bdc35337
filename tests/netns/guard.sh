#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that lies: what a port may send, with each guard, with br_netfilter off and on.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$TOP/tests/lib/netd.sh"

FRAMES=$TOP/tests/lib/frames.py

setup()
{
	net_file lab <<- 'END'
	network "lab" { mode = "nat"  address = { "10.77.0.1/24", "fd77:0:0:1::1/64" } }
	network "loose" { mode = "nat"  address = "10.79.0.1/24"  guard = "mac" }
	network "open" { mode = "nat"  address = "10.80.0.1/24"  guard = "off" }
	network "apart" { mode = "nat"  address = "10.81.0.1/24"  isolated = true }
	END
	netd_start
	box lab web
	box lab bad
	box loose web2
	box loose bad2
	box open web3
	box open bad3
	wait_for 15 has_addr6 web
	wait_for 15 has_addr6 bad
}

# arrives FROM TO MARK KIND KEY=VALUE…: does a frame that carries MARK get from one to the other?
arrives()
{
	local from=$1 to=$2 mark=$3 kind=$4 out=$TEST_TMP/arrives
	shift 4
	: > "$out"
	ip netns exec "$to" python3 "$FRAMES" count eth0 1 "$mark" > "$out" &
	local pid=$!
	wait_for 5 grep -q listening "$out"
	ip netns exec "$from" python3 "$FRAMES" send eth0 "$kind" "$@"
	wait $pid
	[ "$(tail -n 1 "$out")" -gt 0 ]
}
blocked() { ! arrives "$@"; }

mark() { printf '%s' "$1" | od -An -tx1 | tr -d ' \n'; }

spoofs_are_dropped()
{
	local web bad
	web=$(addr4 web)
	bad=$(addr4 bad)
	step "the truth gets through"
	arrives bad web "$(mark truth1)" udp4 saddr="$bad" daddr="$web" payload=truth1
	step "another's MAC"
	blocked bad web "$(mark lie-mac)" udp4 src=52:54:00:99:99:99 saddr="$bad" daddr="$web" payload=lie-mac
	step "another's IPv4 address"
	blocked bad web "$(mark lie-ip)" udp4 saddr=10.77.0.1 daddr="$web" payload=lie-ip
	blocked bad web "$(mark lie-ip2)" udp4 saddr=10.77.0.77 daddr="$web" payload=lie-ip2
	step "ARP for the gateway, and with another's hardware address"
	arrives bad web "$(printf '%s' "0a4d00fe")" arp spa="$bad" tpa=10.77.0.254
	blocked bad web "$(printf '%s' "0a4d00fd")" arp spa=10.77.0.1 tpa=10.77.0.253
	blocked bad web "$(printf '%s' "0a4d00fc")" arp spa="$bad" sha=52:54:00:99:99:99 tpa=10.77.0.252
	step "IPv6: own addresses, the gateway's, another port's, a foreign prefix"
	arrives bad web "$(mark truth6)" udp6 saddr="$(addr6 bad)" daddr=ff02::1 payload=truth6
	arrives bad web "$(mark local6)" udp6 saddr=fe80::5 daddr=ff02::1 payload=local6
	blocked bad web "$(mark lie6-gw)" udp6 saddr=fd77:0:0:1::1 daddr=ff02::1 payload=lie6-gw
	blocked bad web "$(mark lie6-port)" udp6 saddr="$(port_json lab web addresses | grep -oE 'fd77[0-9a-f:]*')" daddr=ff02::1 payload=lie6-port
	blocked bad web "$(mark lie6-far)" udp6 saddr=2001:db8:9::1 daddr=ff02::1 payload=lie6-far
	step "a neighbour advertisement for the gateway"
	blocked bad web fd770000000000010000000000000001 na6 saddr=fe80::5 daddr=ff02::1 target=fd77:0:0:1::1
	step "a router advertisement, a DHCP server, a DHCPv6 server"
	blocked bad web 86004000 ra6 saddr=fe80::5 daddr=ff02::1
	blocked bad web "$(mark lie-dhcp)" udp4 saddr="$bad" daddr=255.255.255.255 sport=67 dport=68 payload=lie-dhcp
	blocked bad web "$(mark lie-dhcp6)" udp6 saddr=fe80::5 daddr=ff02::1 sport=547 dport=546 payload=lie-dhcp6
	step "another ethertype, a VLAN tag"
	blocked bad web 88b5 raw ethertype=88b5
	blocked bad web 8100 raw ethertype=8100
}

t_guard_full_with_br_netfilter_off()
{
	sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-arptables=0
	spoofs_are_dropped
}

t_guard_full_with_br_netfilter_on()
{
	sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 net.bridge.bridge-nf-call-arptables=1
	spoofs_are_dropped
}

t_guard_mac_holds_to_the_mac_and_serves_nobody()
{
	local web bad
	web=$(addr4 web2)
	bad=$(addr4 bad2)
	arrives bad2 web2 "$(mark other-ip)" udp4 saddr=10.79.0.200 daddr="$web" payload=other-ip
	blocked bad2 web2 "$(mark lie-mac)" udp4 src=52:54:00:99:99:99 saddr="$bad" daddr="$web" payload=lie-mac
	blocked bad2 web2 "$(mark lie-dhcp)" udp4 saddr="$bad" daddr=255.255.255.255 sport=67 dport=68 payload=lie-dhcp
	arrives bad2 web2 88b5 raw ethertype=88b5
}

t_guard_off_lets_everything_pass()
{
	arrives bad3 web3 "$(mark any-mac)" udp4 src=52:54:00:99:99:99 saddr=1.2.3.4 daddr="$(addr4 web3)" payload=any-mac
}

t_guests_of_a_network_reach_each_other_whatever_br_netfilter_says()
{
	for v in 0 1; do
		sysctl -qw net.bridge.bridge-nf-call-iptables=$v net.bridge.bridge-nf-call-ip6tables=$v
		ip netns exec web ping -c 1 -w 5 "$(addr4 bad)"
		ip netns exec web ping -6 -c 1 -w 5 "$(addr6 bad)"
	done
}

t_networks_do_not_reach_each_other()
{
	if ip netns exec web ping -c 1 -W 1 "$(addr4 web2)"; then fail "nat reached nat"; fi
	if ip netns exec web2 ping -c 1 -W 1 "$(addr4 web)"; then fail "nat reached nat"; fi
}

t_isolated_ports_reach_only_the_gateway()
{
	box apart one
	box apart two
	ip netns exec one ping -c 1 -w 5 10.81.0.1
	if ip netns exec one ping -c 1 -W 1 "$(addr4 two)"; then fail "one reached two"; fi
}

t_a_foreign_forward_drop_eats_what_is_forwarded_but_not_the_bridge()
{
	sysctl -qw net.bridge.bridge-nf-call-iptables=0
	nft add table inet foreign
	nft add chain inet foreign forward '{ type filter hook forward priority 0; policy drop; }'
	ip netns exec web ping -c 1 -w 5 "$(addr4 bad)"
	nft delete table inet foreign
}

t_a_rogue_dhcp_server_on_a_port_gives_nobody_an_address()
{
	ip netns exec bad ip addr add 10.66.0.1/24 dev eth0
	ip netns exec bad dnsmasq --conf-file=/dev/null --no-daemon --interface=eth0 --bind-dynamic --port=0 \
		--dhcp-range=10.66.0.10,10.66.0.20,1h --dhcp-leasefile="$TEST_TMP/rogue" --pid-file="$TEST_TMP/rogue.pid" \
		> "$TEST_TMP/rogue.log" 2>&1 &
	local pid=$!
	wait_for 5 grep -qi 'DHCP' "$TEST_TMP/rogue.log"
	box lab fresh
	has "its address" '^10\.77\.0\.' "$(addr4 fresh)"
	kill $pid
	ip netns exec bad ip addr del 10.66.0.1/24 dev eth0
}

t_the_guard_holds_after_netd_was_killed()
{
	netd_kill
	blocked bad web "$(mark lie-ip3)" udp4 saddr=10.77.0.1 daddr="$(addr4 web)" payload=lie-ip3
	netd_start
	blocked bad web "$(mark lie-ip4)" udp4 saddr=10.77.0.1 daddr="$(addr4 web)" payload=lie-ip4
	arrives bad web "$(mark truth2)" udp4 saddr="$(addr4 bad)" daddr="$(addr4 web)" payload=truth2
}

run_tests "$@"
