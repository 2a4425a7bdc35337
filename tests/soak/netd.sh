#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/run: limit 4000
# netd for an hour (or $SOAK_SECONDS): random edits, kills, drift and ports without end, under
# traffic; no reply lost, memory and descriptors flat.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$TOP/tests/lib/netd.sh"

SECONDS_WANTED=${SOAK_SECONDS:-3600}

setup()
{
	net_file lab <<< 'network "lab" { mode = "nat"  address = { "10.77.0.1/24", "fd77:0:0:1::1/64" } }'
	netd_start
	box lab one
	box lab two
}

edit()
{
	local n=$((RANDOM % 8))
	case $((RANDOM % 3)) in
	0) rm -f "$ETC/networks/r$n.conf" ;;
	*)
		net_file "r$n" <<- END
		network "r$n" {
			mode = "$([ $((RANDOM % 2)) = 0 ] && echo nat || echo isolated)"
			address = "10.9$n.$((RANDOM % 2)).1/24"
			mtu = $((1400 + RANDOM % 100))
			guard = "$([ $((RANDOM % 2)) = 0 ] && echo full || echo mac)"
		}
		END
		;;
	esac
	netctl apply > /dev/null
}

drift()
{
	case $((RANDOM % 5)) in
	0) ip link set lab-two nomaster ;;
	1) ip link set br-lab mtu 1300 ;;
	2) ip addr del 10.77.0.1/24 dev br-lab ;;
	3) nft flush ruleset 2> /dev/null || true ;;
	4) ip link set br-lab address 02:aa:bb:cc:dd:ee ;;
	esac
}

restart()
{
	netd_kill
	netd_start
}

port()
{
	timeout 20 "$BUILD/netctl" run lab --name "p$((RANDOM % 20))" -- true 2> /dev/null || true
}

fds() { find "/proc/$(netd_pid)/fd" -mindepth 1 | wc -l; }
rss() { awk '/^VmRSS:/ { print $2 }' "/proc/$(netd_pid)/status"; }

t_an_hour_of_everything_leaves_it_as_it_was()
{
	local end=$((SECONDS + SECONDS_WANTED)) rounds=0 fds0 rss0 sent
	for _ in $(seq 20); do edit; port; done
	fds0=$(fds)
	rss0=$(rss)
	# "one" never leaves its bridge: it must not lose a reply to edits of others, kills and ports
	ip netns exec one ping -i 0.05 -w "$SECONDS_WANTED" 10.77.0.1 > "$TEST_TMP/ping" 2>&1 &
	local ping=$!
	while [ $SECONDS -lt $end ]; do
		case $((RANDOM % 20)) in
		0) restart ;;
		1 | 2) drift ;;
		[3-9]) edit ;;
		*) port ;;
		esac
		rounds=$((rounds + 1))
	done
	wait $ping || true
	sent=$(grep -oE '[0-9]+ packets transmitted' "$TEST_TMP/ping")
	step "$rounds rounds, $sent"
	wait_for 20 ip netns exec two ping -c 1 -W 1 10.77.0.1
	rm -f "$ETC"/networks/r*.conf
	netctl apply > /dev/null
	step "descriptors: $fds0, now $(fds); memory: $rss0 KiB, now $(rss) KiB"
	[ "$(fds)" -le $((fds0 + 4)) ] || fail "descriptors grew"
	[ "$(rss)" -le $((rss0 * 3 / 2 + 2048)) ] || fail "memory grew"
	# drift of the gateway's address and MAC costs the packets of its moment, nothing more
	awk -F, '/packets transmitted/ { sub(/[^0-9]*/, "", $1); split($1, a, " "); split($2, b, " ");
		if (a[1] - b[1] > a[1] / 50) exit 1 }' "$TEST_TMP/ping" || fail "$(tail -n 3 "$TEST_TMP/ping")"
}

run_tests "$@"
