# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# netd in a suite's namespace: sourced after netns.sh.
#
#	net_file NAME << END … END     writes $ETC/networks/NAME.conf
#	netd_start [OPTION…]           returns when the socket answers; log in $NETD_LOG
#	netd_kill                      kill -9; netd_stop: SIGTERM
#	netctl …                       the client, on this daemon's socket
#	outside                        namespace "outside" beyond the uplink: 192.0.2.2, 2001:db8::2,
#	                               serving its name over HTTP on port 80
#	box NET NAME                   namespace NAME attached to NET, with an address by DHCP
#	lease NS                       udhcpc in NS until it has a lease

ETC=$TEST_TMP/etc
STATE=$TEST_TMP/state
NETD_LOG=$TEST_TMP/netd.log
export NETD_SOCKET=/run/netd/netd.sock
mkdir -p "$ETC/networks" "$STATE"

cat > "$TEST_TMP/udhcpc.script" << 'END'
#!/bin/sh
case $1 in
deconfig) ip -4 addr flush dev "$interface" ;;
bound | renew)
	ip addr replace "$ip/$mask" dev "$interface"
	[ -n "$router" ] && ip route replace default via "$router" dev "$interface"
	[ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
	env > "${LEASE_ENV:-/dev/null}"
	;;
esac
exit 0
END
chmod 755 "$TEST_TMP/udhcpc.script"

netctl() { "$BUILD/netctl" "$@"; }

net_file() { cat > "$ETC/networks/$1.conf"; }

netd_ready() { netctl list > /dev/null 2>&1; }

netd_start()
{
	"$BUILD/netd" --config "$ETC" --runtime /run/netd --state "$STATE" "$@" >> "$NETD_LOG" 2>&1 &
	NETD_PID=$!
	echo "$NETD_PID" > "$TEST_TMP/netd.pid"
	if ! wait_for 20 netd_ready; then
		tail -n 30 "$NETD_LOG"
		return 1
	fi
}

# A test runs in a subshell: the pid that another one started is in the file.
netd_pid() { cat "$TEST_TMP/netd.pid"; }
netd_gone() { ! kill -0 "$1" 2> /dev/null || grep -q '^State:.Z' "/proc/$1/status" 2> /dev/null; }
netd_kill() { local p; p=$(netd_pid); kill -9 "$p"; wait_for 10 netd_gone "$p"; }
netd_stop() { local p; p=$(netd_pid); kill -TERM "$p"; wait_for 10 netd_gone "$p"; }
netd_alive() { ! netd_gone "$(netd_pid)"; }

# shown when a test fails
on_failure()
{
	echo "--- netd's log"
	tail -n 25 "$NETD_LOG"
}

outside()
{
	add_ns outside
	ip link add uplink type veth peer name eth0 netns outside
	ip addr add 192.0.2.1/24 dev uplink
	ip addr add 2001:db8::1/64 dev uplink nodad
	ip link set uplink up
	ip -n outside addr add 192.0.2.2/24 dev eth0
	ip -n outside addr add 2001:db8::2/64 dev eth0 nodad
	ip -n outside link set eth0 up
	ip route add default via 192.0.2.2
	ip -6 route add default via 2001:db8::2
	serve outside 80 outside
}

# serve NS PORT TEXT: HTTP on every address of the namespace ("-": this one)
serve()
{
	local dir=$TEST_TMP/www.$1.$2
	mkdir -p "$dir"
	echo "$3" > "$dir/index.html"
	if [ "$1" = - ]; then
		busybox httpd -f -p "$2" -h "$dir" &
		wait_for 10 curl -s -o /dev/null --max-time 1 "http://127.0.0.1:$2/"
	else
		ip netns exec "$1" busybox httpd -f -p "$2" -h "$dir" &
		wait_for 10 serving "$1" "$2"
	fi
}
serving() { ip netns exec "$1" curl -s -o /dev/null --max-time 1 "http://127.0.0.1:$2/"; }
# fetch NS URL
fetch() { ip netns exec "$1" curl -sg --max-time 5 "$2"; }

lease()
{
	ip netns exec "$1" busybox udhcpc -i "${2:-eth0}" -q -n -f -t 20 -T 1 -s "$TEST_TMP/udhcpc.script" \
		2>&1
}

box()
{
	add_ns "$2"
	netctl attach "$1" --name "$2" --netns "$2" "${@:3}"
	lease "$2"
}

# hold NET NAME [OPTION…]: a port with a tap that is kept open; HELD is the process that has it
hold()
{
	"$BUILD/netctl" run "$1" --name "$2" "${@:3}" -- sleep 1000 &
	HELD=$!
	wait_for 10 port_is_there "$1" "$2"
}
port_is_there() { netctl ports "$1" | grep -q "^$1  *$2 "; }
port_is_gone() { ! port_is_there "$@"; }

# addr4 NS, addr6 NS: of eth0, global
addr4() { ip -n "$1" -4 -o addr show dev eth0 scope global | awk '{ sub(/\/.*/, "", $4); print $4; exit }'; }
addr6() { ip -n "$1" -6 -o addr show dev eth0 scope global -tentative | awk '{ sub(/\/.*/, "", $4); print $4; exit }'; }
has_addr6() { [ -n "$(addr6 "$1")" ]; }
# resolve NS NAME [TYPE]: what the gateway's DNS answers
resolve() { ip netns exec "$1" dig +short +time=2 +tries=2 "@$(gateway "$1")" "$2" "${3:-A}"; }
gateway() { ip -n "$1" -4 route show default | awk '{ print $3; exit }'; }
port_json() { netctl --json ports "$1" | python3 -c '
import json, sys
print(next((p.get(sys.argv[2]) for p in json.load(sys.stdin) if p["name"] == sys.argv[1]), ""))' "$2" "$3"; }
