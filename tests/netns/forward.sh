#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Forwards and the ways out: from outside, from the host, hairpin; NAT, routing, isolation.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$TOP/tests/lib/netd.sh"

setup()
{
	outside
	ip addr add 192.0.2.9/24 dev uplink
	net_file lab <<- 'END'
	network "lab" {
		mode    = "nat"
		address = { "10.77.0.1/24", "fd77:0:0:1::1/64" }
		host "web" { address = "10.77.0.10" }
		forward "tcp/2222" { to = "web:80" }
		forward "tcp/8000-8002" { to = "web:9000" }
		forward "udp/5353" { to = "web:5353" }
		forward "tcp/7777" { to = "10.77.0.10:80"  listen = "192.0.2.9" }
	}
	network "other" { mode = "nat"  address = "10.78.0.1/24" }
	network "routed" { mode = "route"  address = { "10.90.0.1/24", "2001:db8:90::1/64" } }
	network "closed" { mode = "isolated"  address = "10.91.0.1/24" }
	END
	ip -n outside route add 10.90.0.0/24 via 192.0.2.1
	ip -n outside -6 route add 2001:db8:90::/64 via 2001:db8::1
	netd_start
	box lab web
	box lab peer
	box other far
	box routed r1
	box closed c1
	serve web 80 web80
	serve web 9001 web9001
	wait_for 15 has_addr6 web
	wait_for 15 has_addr6 r1
}

t_from_outside()
{
	eq "tcp" web80 "$(fetch outside http://192.0.2.1:2222/)"
	eq "IPv6" web80 "$(fetch outside 'http://[2001:db8::1]:2222/')"
	eq "a range's middle" web9001 "$(fetch outside http://192.0.2.1:8001/)"
	if fetch outside http://10.77.0.10/; then fail "a nat network was entered without a forward"; fi
}

t_udp_from_outside()
{
	ip netns exec web timeout 20 socat -u UDP6-RECV:5353 "CREATE:$TEST_TMP/udp" &
	wait_for 5 eval 'ip netns exec web ss -uln | grep -q :5353'
	wait_for 5 eval 'echo ping | ip netns exec outside socat -u - UDP:192.0.2.1:5353; grep -q ping "$TEST_TMP/udp"'
}

t_from_the_host_itself()
{
	eq "127.0.0.1" web80 "$(curl -s --max-time 5 http://127.0.0.1:2222/)"
	eq "its uplink's address" web80 "$(curl -s --max-time 5 http://192.0.2.1:2222/)"
	eq "the gateway's address" web80 "$(curl -s --max-time 5 http://10.77.0.1:2222/)"
}

t_hairpin_from_the_same_network()
{
	eq "peer" web80 "$(fetch peer http://192.0.2.1:2222/)"
	sysctl -qw net.bridge.bridge-nf-call-iptables=0 # with it a frame does not go back where it came from
	eq "web itself" web80 "$(fetch web http://192.0.2.1:2222/)"
	eq "by the gateway's address" web80 "$(fetch peer http://10.77.0.1:2222/)"
}

t_a_listen_address_is_the_only_one()
{
	eq "there" web80 "$(fetch outside http://192.0.2.9:7777/)"
	if fetch outside http://192.0.2.1:7777/; then fail "it answered on another address"; fi
}

t_127_from_a_guest_is_dropped()
{
	ip netns exec peer ip route add 127.0.0.9/32 via 10.77.0.1 table 9 2> /dev/null
	serve - 6060 loopback
	ip netns exec peer sysctl -qw net.ipv4.conf.eth0.route_localnet=1 net.ipv4.conf.all.route_localnet=1
	ip netns exec peer ip rule add pref 0 to 127.0.0.1 iif lo lookup 9
	ip netns exec peer ip rule del pref 0 lookup local || true
	ip netns exec peer ip route add 127.0.0.1/32 via 10.77.0.1 table 9
	if ip netns exec peer curl -s --max-time 2 --interface eth0 http://127.0.0.1:6060/; then fail "the host's loopback was reached"; fi
}

t_nat_shows_the_hosts_address()
{
	ip netns exec outside timeout 20 python3 -c '
import socket
s = socket.create_server(("192.0.2.2", 99))
print(s.accept()[1][0], flush=True)' > "$TEST_TMP/peer" &
	wait_for 5 eval 'ip netns exec outside ss -tln | grep -q :99'
	ip netns exec web socat -u /dev/null TCP:192.0.2.2:99
	wait_for 5 grep -q 192.0.2 "$TEST_TMP/peer"
	has "the source" '^192\.0\.2\.[19]$' "$(cat "$TEST_TMP/peer")"
	eq "IPv4" outside "$(fetch web http://192.0.2.2/)"
	eq "NAT66" outside "$(fetch web 'http://[2001:db8::2]/')"
}

t_route_keeps_the_address_and_lets_in()
{
	eq "out" outside "$(fetch r1 http://192.0.2.2/)"
	eq "out over IPv6" outside "$(fetch r1 'http://[2001:db8::2]/')"
	ip netns exec outside ping -c 1 -w 5 "$(addr4 r1)"
	ip netns exec outside ping -6 -c 1 -w 5 "$(addr6 r1)"
}

t_isolated_has_no_way_out_and_little_of_the_host()
{
	ip netns exec c1 ip route replace default via 10.91.0.1
	if ip netns exec c1 ping -c 1 -W 1 192.0.2.2; then fail "it got out"; fi
	ip netns exec c1 ping -c 1 -w 5 10.91.0.1
	serve - 6061 host
	if ip netns exec c1 curl -s --max-time 1 http://10.91.0.1:6061/; then fail "it reached a service of the host"; fi
	eq "nat does" 0 "$(ip netns exec web curl -s -o /dev/null --max-time 5 http://10.77.0.1:6061/; echo $?)"
	has "DNS answers" . "$(ip netns exec c1 dig +short +time=2 @10.91.0.1 c1.closed.internal)"
}

t_an_uplink_is_the_only_way_out()
{
	add_ns second
	ip link add up2 type veth peer name eth0 netns second
	ip addr add 198.51.100.1/24 dev up2
	ip link set up2 up
	ip -n second addr add 198.51.100.2/24 dev eth0
	ip -n second link set eth0 up
	ip netns exec web ping -c 1 -w 5 198.51.100.2
	sed -i '/network "lab"/a uplink = "uplink"' "$ETC/networks/lab.conf"
	netctl apply
	if ip netns exec web ping -c 1 -W 1 198.51.100.2; then fail "it left by another interface"; fi
	eq "by its uplink" outside "$(fetch web http://192.0.2.2/)"
}

t_a_removed_forward_ends_at_once()
{
	ip netns exec outside timeout 60 python3 -c '
import socket, time
s = socket.create_connection(("192.0.2.1", 2222)); print("open", flush=True)
time.sleep(40)' > "$TEST_TMP/open" &
	wait_for 5 grep -q open "$TEST_TMP/open"
	has "its entry" 'dport=2222' "$(conntrack -L -p tcp --dport 2222 2> /dev/null)"
	sed -i '/tcp\/2222/d' "$ETC/networks/lab.conf"
	netctl apply
	if fetch outside http://192.0.2.1:2222/; then fail "it still answers"; fi
	wait_for 5 eval '! conntrack -L -p tcp --dport 2222 2> /dev/null | grep -q "ESTABLISHED.*dport=2222"'
	eq "others stay" web9001 "$(fetch outside http://192.0.2.1:8001/)"
}

run_tests "$@"
