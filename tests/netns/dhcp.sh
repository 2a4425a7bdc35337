#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DHCP and DNS as guests see them: clients of several kinds, options, names, records.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$TOP/tests/lib/netd.sh"

setup()
{
	mkdir -p "$TEST_TMP/tftp"
	echo "boot me" > "$TEST_TMP/tftp/pxe.0"
	chmod 755 "$TEST_TMP/tftp"
	echo 'dnsmasq-idle = 1' > "$ETC/netd.conf"
	net_file lab <<- END
	network "lab" {
		mode    = "nat"
		address = { "10.77.0.1/24", "fd77:0:0:1::1/64" }
		mtu     = 1400
		dhcp {
			range = "10.77.0.100-10.77.0.199"
			lease = "1h"
			option "42" { value = "10.77.0.1" }
			bootfile = "pxe.0"
			tftp-root = "$TEST_TMP/tftp"
		}
		dns {
			domain = "lab.internal"
			record "ntp" { address = { "10.77.0.1", "fd77:0:0:1::1" } }
			srv "_ldap._tcp" { target = "web" port = 389 priority = 1 weight = 2 }
			txt "info" { text = "hello there" }
		}
		host "web" { mac = "52:54:00:12:34:56"  address = "10.77.0.10" }
	}
	network "second" { mode = "nat"  address = "10.79.0.1/24" }
	END
	netd_start
	box lab web
	box lab peer
}

t_an_address_comes_from_the_reservation_or_the_range()
{
	eq "web" 10.77.0.10 "$(addr4 web)"
	has "peer" '^10\.77\.0\.1[0-9][0-9]$' "$(addr4 peer)"
	has "web's MAC" 52:54:00:12:34:56 "$(ip -n web link show eth0)"
	eq "the port says so too" "['10.77.0.10'" "$(port_json lab web addresses | sed 's/,.*//')"
}

t_options_reach_the_client()
{
	LEASE_ENV=$TEST_TMP/lease.env ip netns exec web busybox udhcpc -i eth0 -q -n -f -O ntpsrv -O mtu \
		-s "$TEST_TMP/udhcpc.script"
	has "gateway" '^router=10.77.0.1$' "$(cat "$TEST_TMP/lease.env")"
	has "DNS" '^dns=10.77.0.1$' "$(cat "$TEST_TMP/lease.env")"
	has "domain" '^domain=lab.internal$' "$(cat "$TEST_TMP/lease.env")"
	has "MTU" '^mtu=1400$' "$(cat "$TEST_TMP/lease.env")"
	has "option 42" '^ntpsrv=10.77.0.1$' "$(cat "$TEST_TMP/lease.env")"
	has "lease time" '^lease=3600$' "$(cat "$TEST_TMP/lease.env")"
	has "boot file" 'pxe.0' "$(cat "$TEST_TMP/lease.env")"
}

t_names_resolve_while_the_port_is_there()
{
	eq "web" 10.77.0.10 "$(resolve peer web.lab.internal)"
	eq "peer" "$(addr4 peer)" "$(resolve web peer.lab.internal)"
	has "web over IPv6" '^fd77:' "$(resolve peer web.lab.internal AAAA)"
	eq "the other way round" web.lab.internal. "$(resolve peer 10.0.77.10.in-addr.arpa PTR)"
	add_ns brief
	netctl attach lab --name brief --netns brief
	has "from the moment attach returns" '^10\.77\.0' "$(resolve peer brief.lab.internal)"
	netctl detach lab brief
	wait_for 5 eval '[ -z "$(resolve peer brief.lab.internal)" ]'
}

t_a_name_with_a_lease_stops_resolving_too()
{
	box lab leased
	has "it resolves" '^10\.77\.0' "$(resolve peer leased.lab.internal)"
	netctl detach lab leased
	wait_for 5 eval '[ -z "$(resolve peer leased.lab.internal)" ]'
	step "and after a restart of netd, with files left behind"
	ip netns del leased
	box lab leased
	netd_kill
	ip link del lab-leased
	netd_start
	wait_for 10 eval '[ -z "$(resolve peer leased.lab.internal)" ]'
	eq "others stay" 10.77.0.10 "$(resolve peer web.lab.internal)"
}

t_records_are_served()
{
	eq "A" 10.77.0.1 "$(resolve peer ntp.lab.internal)"
	eq "AAAA" fd77:0:0:1::1 "$(resolve peer ntp.lab.internal AAAA)"
	eq "SRV" "1 2 389 web.lab.internal." "$(resolve peer _ldap._tcp.lab.internal SRV)"
	eq "TXT" '"hello there"' "$(resolve peer info.lab.internal TXT)"
}

t_other_names_go_to_the_forwarders_and_only_there()
{
	ip addr add 192.0.2.53/32 dev lo
	dnsmasq --conf-file=/dev/null --no-daemon --no-resolv --no-hosts --listen-address=192.0.2.53 --bind-interfaces \
		--address=/elsewhere.test/203.0.113.7 --pid-file="$TEST_TMP/up.pid" > "$TEST_TMP/up.log" 2>&1 &
	local pid=$!
	wait_for 5 eval '[ -n "$(dig +short +time=1 +tries=1 @192.0.2.53 elsewhere.test)" ]'
	net_file asking <<< 'network "asking" { mode = "nat"  address = "10.82.0.1/24"  dns { forwarders = { "192.0.2.53" } } }'
	netctl apply
	box asking q
	eq "forwarded" 203.0.113.7 "$(resolve q elsewhere.test)"
	eq "its own domain is not" "" "$(resolve q nobody.asking.internal)"
	hasnt "its own domain is not" 'asking.internal' "$(cat "$TEST_TMP/up.log")"
	kill $pid
	rm "$ETC/networks/asking.conf"
	netctl apply
}

t_a_guest_cannot_claim_a_name()
{
	ip netns exec peer busybox udhcpc -i eth0 -q -n -f -x hostname:ns1 -F ns1.lab.internal -s "$TEST_TMP/udhcpc.script"
	eq "ns1" "" "$(resolve web ns1.lab.internal)"
}

t_ipv6_by_slaac_and_dhcpv6()
{
	wait_for 15 has_addr6 web
	has "SLAAC" '^fd77::1:' "$(addr6 web)"
	ip netns exec web ping -6 -c 1 -w 5 fd77:0:0:1::1
	has "default route" 'default via fe80' "$(ip -n web -6 route)"
	has "MTU" 'mtu 1400' "$(ip -n web link show eth0)"
	step "DHCPv6 gives what netd assigned"
	ip netns exec web dhclient -6 -1 -lf "$TEST_TMP/6.leases" -pf "$TEST_TMP/6.pid" -sf /bin/true -d eth0 > "$TEST_TMP/6.out" 2>&1 &
	local pid=$!
	wait_for 20 grep -q iaaddr "$TEST_TMP/6.leases"
	kill $pid
	has "the address" "$(resolve peer web.lab.internal AAAA)" "$(cat "$TEST_TMP/6.leases")"
}

t_dhclient_and_dhcpcd_get_addresses_too()
{
	add_ns old
	netctl attach lab --name old --netns old
	ip -n old link set eth0 up
	ip netns exec old dhclient -4 -1 -lf "$TEST_TMP/old.leases" -pf "$TEST_TMP/old.pid" -sf /bin/true -d eth0 > "$TEST_TMP/old.out" 2>&1 &
	local pid=$!
	wait_for 20 grep -q fixed-address "$TEST_TMP/old.leases"
	kill $pid
	has "dhclient" "fixed-address $(port_json lab old addresses | grep -oE '10\.77[0-9.]*')" "$(cat "$TEST_TMP/old.leases")"
	netctl detach lab old
	add_ns cpcd
	netctl attach lab --name cpcd --netns cpcd
	ip -n cpcd link set eth0 up
	mkdir -p /run/dhcpcd
	timeout 30 ip netns exec cpcd dhcpcd -4 -1 -B -c /bin/true eth0 > "$TEST_TMP/cpcd.out" 2>&1 || true
	has "dhcpcd" "leased $(port_json lab cpcd addresses | grep -oE '10\.77[0-9.]*')" "$(cat "$TEST_TMP/cpcd.out")"
	netctl detach lab cpcd
}

t_a_boot_file_is_served_by_tftp()
{
	ip netns exec web busybox tftp -g -r pxe.0 -l "$TEST_TMP/got" 10.77.0.1
	eq "the file" "boot me" "$(cat "$TEST_TMP/got")"
}

t_leases_are_listed()
{
	wait_for 5 eval 'netctl leases lab | grep -q "lab *web *10.77.0.10 *52:54:00:12:34:56"'
}

t_dnsmasq_comes_with_the_first_port_and_goes_after_the_last()
{
	hasnt "before" 'dnsmasq pid' "$(netctl show second)"
	add_ns visitor
	netctl attach second --name visitor --netns visitor
	has "with a port" 'dnsmasq pid' "$(netctl show second)"
	netctl detach second visitor
	wait_for 10 eval '! netctl show second | grep -q "dnsmasq pid"'
}

t_a_dead_dnsmasq_is_started_again()
{
	local pid
	pid=$(netctl --json show lab | python3 -c 'import json,sys; print(json.load(sys.stdin)["dnsmasq"])')
	kill -9 "$pid"
	wait_for 10 eval '[ "$(netctl --json show lab | python3 -c "import json,sys; print(json.load(sys.stdin)[\"dnsmasq\"])")" -gt 0 ]'
	wait_for 10 eval '[ "$(resolve peer web.lab.internal)" = 10.77.0.10 ]'
	has "the log" "network lab: dnsmasq pid $pid ended unasked" "$(cat "$NETD_LOG")"
}

t_a_taken_port_53_is_named_with_who_has_it()
{
	netctl detach lab web
	netctl detach lab peer
	wait_for 10 eval '! netctl show lab | grep -q "dnsmasq pid"'
	python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 53))
print("bound", flush=True)
time.sleep(60)' > "$TEST_TMP/bound" &
	local pid=$!
	wait_for 5 grep -q bound "$TEST_TMP/bound"
	add_ns late
	if netctl attach lab --name late --netns late 2> "$TEST_TMP/err"; then fail "it attached"; fi
	has "the reason" 'port 53 is taken by python3 \(pid' "$(cat "$TEST_TMP/err")"
	has "show says so" 'port 53 is taken' "$(netctl show lab)"
	step "and it works again when the port is free"
	kill $pid
	wait $pid 2> /dev/null || true
	wait_for 20 netctl attach lab --name late --netns late
	has "show no longer" 'lab: nat, up$' "$(netctl show lab)"
}

run_tests "$@"
