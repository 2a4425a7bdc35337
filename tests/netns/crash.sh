#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/run: limit 400
# kill -9 at any point, restart: everything is as it was, and no packet of a guest is lost.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$(dirname "$0")/../lib/netd.sh"

KILLS=$((${SOAK:+40} + 50))

setup()
{
	outside
	net_file lab <<- 'END'
	network "lab" {
		mode = "nat"  address = { "10.77.0.1/24", "fd77:0:0:1::1/64" }
		ports = { "join-*" }
		forward "tcp/2222" { to = "web:80" }
		allow { users = { "nobody" } }
	}
	END
	net_file other <<- 'END'
	network "other" { mode = "isolated"  address = "10.78.0.1/24" }
	END
	netd_start
	box lab web
	box lab peer
	setpriv --reuid="$(id -u nobody)" --clear-groups "$BUILD/netctl" run lab --name tapped --queues 2 \
		-- sleep 1000000 &
	add_ns joined
	ip link add join-j type veth peer name eth0 netns joined
	ip -n joined link set eth0 up
	lease joined
	wait_for 10 eval 'netctl ports lab | grep -qE "joined +attached"'
	wait_for 10 eval 'netctl ports lab | grep -q tapped'
}

teardown() { netd_stop; }

ports() { netctl --json ports lab | python3 -c '
import json, sys
for p in sorted(json.load(sys.stdin), key=lambda p: p["name"]):
    if not p["name"].startswith("t"+"mp"):
        print(*(p[k] for k in ("name", "kind", "state", "ifname", "ifindex", "mac", "addresses", "uid", "queues", "since")))'; }
links() { ip -o -d link show | grep -E 'alias netd.?:lab' | grep -v 'lab/tmp' | sed 's/ gc_timer.*group_fwd_mask//; s/_timer *[0-9.]*//g; s/promiscuity.*mtu//' |
	awk '{ print $1, $2 }' | sort; }
guards() { nft list set bridge netd macs | grep -oE '"[^"]+" \. [0-9a-f:]+' | grep -v tmp | sort; }
snapshot() { ports; links; guards; netctl leases lab | sed 's/  *[0-9-]* [0-9:]*$//' | sort; }

# What clients do meanwhile: some of it is cut off, which must leave nothing half-way.
meddle()
{
	set +e
	while :; do
		netctl attach lab --name tmp1 --netns meddler --ifname t1
		printf 'network "other" { mode = "isolated"  address = "10.78.%d.1/24" mtu = %d }\n' \
			$((RANDOM % 4)) $((1300 + RANDOM % 100)) > "$ETC/networks/.new"
		mv "$ETC/networks/.new" "$ETC/networks/other.conf"
		netctl apply
		netctl attach other --name tmp2 --netns meddler --ifname t2
		netctl detach lab tmp1
		netctl detach other tmp2
	done > /dev/null 2>&1
}

t_kill_9_at_random_moments_loses_nothing()
{
	local before i after pings meddler
	add_ns meddler
	before=$(snapshot)
	echo "$before"
	has "the tap's owner" "tapped tap attached.* $(id -u nobody) 2 " "$before"
	ip netns exec web ping -q -i 0.005 192.0.2.2 > "$TEST_TMP/ping.out" 2>&1 &
	pings=$!
	ip netns exec peer ping -q -i 0.005 "$(addr4 web)" > "$TEST_TMP/ping.bridge" 2>&1 &
	pings="$pings $!"
	meddle &
	meddler=$!
	for ((i = 0; i < KILLS; i++)); do
		sleep "0.0$((RANDOM % 100))"
		netd_kill
		netd_start
	done
	kill $meddler
	wait $meddler 2> /dev/null || true
	netctl detach lab tmp1 > /dev/null 2>&1 || true
	for i in $pings; do
		kill -INT "$i"
		wait "$i" || true
	done
	cat "$TEST_TMP/ping.out" "$TEST_TMP/ping.bridge"
	has "through NAT" ' 0% packet loss' "$(cat "$TEST_TMP/ping.out")"
	has "on the bridge" ' 0% packet loss' "$(cat "$TEST_TMP/ping.bridge")"
	after=$(snapshot)
	eq "what is there" "$before" "$after"
	step "and all of it still works"
	netctl plan | grep -q 'nothing to do' || { netctl plan; netctl apply; netctl plan | grep -q 'nothing to do'; }
	eq "names" "$(addr4 web)" "$(resolve web web.lab.internal)"
	serve web 80 hello
	eq "the forward" hello "$(fetch outside http://192.0.2.1:2222/)"
	lease web > /dev/null
}

t_a_port_that_left_while_netd_was_dead_is_forgotten()
{
	"$BUILD/netctl" run lab --name leaver -- sleep 1000000 &
	wait_for 10 eval 'netctl ports lab | grep -q leaver'
	netd_kill
	kill $!
	wait_for 10 eval '! ip link show lab-leaver'
	netd_start
	hasnt "the port" leaver "$(netctl ports lab)"
	hasnt "its guard" leaver "$(nft list set bridge netd macs)"
	eq "its name" "" "$(resolve web leaver.lab.internal)"
}

t_a_network_that_left_while_netd_was_dead_is_removed()
{
	add_ns m2
	netctl attach other --name m2 --netns m2
	netd_kill
	mv "$ETC/networks/other.conf" "$TEST_TMP/"
	netd_start
	negate ip link show br-other
	ip -o -d link show other-m2 | grep -q 'state DOWN'
	step "and its port is there again when the network is"
	mv "$TEST_TMP/other.conf" "$ETC/networks/"
	netctl apply > /dev/null
	wait_for 5 eval 'ip -o -d link show other-m2 | grep -q "master br-other"'
	netctl ports other | grep -qE 'm2 +veth +attached'
}

t_an_invalid_file_at_the_start_leaves_everything_running()
{
	netd_kill
	echo 'network "lab" { mode = "nonsense" }' > "$ETC/networks/zz.conf"
	negate "$BUILD/netd" --config "$ETC" --runtime /run/netd --state "$STATE"
	in_ns web ping -c 1 -W 2 192.0.2.2
	rm "$ETC/networks/zz.conf"
	netd_start
	in_ns web ping -c 1 -W 2 192.0.2.2
}

run_tests "$@"
