#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Interfaces that others make join by their names, and are never netd's to delete.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$(dirname "$0")/../lib/netd.sh"

setup()
{
	net_file lab <<- 'END'
	network "lab" {
		mode = "nat"  address = { "10.77.0.1/24", "fd77:0:0:1::1/64" }
		ports = { "lab-*" }
		host "web" { mac = "52:54:00:12:34:56"  address = "10.77.0.10" }
	}
	END
	net_file other <<- 'END'
	network "other" { mode = "isolated"  address = "10.78.0.1/24"  ports = { "oth?" } }
	END
	netd_start
}

teardown() { netd_stop; }

link_is() { ip -d -o link show dev "$1" 2> /dev/null | grep -qE -- "$2"; }
port_state() { netctl ports "$1" | awk -v p="$2" '$2 == p { print $4 }'; }
port_is() { [ "$(port_state "$1" "$2")" = "$3" ]; }

# pair IFNAME NS [MAC]: a veth from us into a namespace, as someone else would make it
pair()
{
	add_ns "$2"
	ip link add "$1" type veth peer name eth0 netns "$2" ${3:+address "$3"}
	ip -n "$2" link set eth0 up
}

t_a_reserved_guest_joins_at_once()
{
	pair lab-web web 52:54:00:12:34:56
	wait_for 10 port_is lab web attached
	link_is lab-web 'master br-lab'
	link_is lab-web 'alias netd\+:lab/web'
	lease web > /dev/null
	eq "its address" 10.77.0.10 "$(addr4 web)"
	in_ns web ping -c 1 -W 5 10.77.0.1
}

t_an_unknown_guest_is_known_from_its_first_frame()
{
	pair lab-new new
	wait_for 10 link_is lab-new 'master br-lab'
	wait_for 20 eval 'lease new > /dev/null'
	wait_for 10 port_is lab new attached
	eq "its MAC" "$(in_ns new ip -o link show eth0 | grep -oE 'ether [0-9a-f:]+' | cut -c 7-)" \
		"$(port_json lab new mac)"
	wait_for 10 in_ns new ping -c 1 -W 1 10.77.0.1
	eq "its name" "$(addr4 new)" "$(resolve new new.lab.internal)"
}

t_nobody_takes_a_mac_that_is_pinned_elsewhere()
{
	pair lab-thief thief 52:54:00:12:34:56
	wait_for 10 link_is lab-thief 'master br-lab'
	in_ns thief ip addr add 10.77.0.10/24 dev eth0
	negate in_ns thief ping -c 2 -W 1 -i 0.2 10.77.0.1
	wait_for 10 in_ns web ping -c 1 -W 1 10.77.0.1
	port_is lab thief waiting
	ip link del lab-thief
	wait_for 10 eval '! netctl ports lab | grep -q thief'
}

t_a_tap_made_by_name_is_a_guest_too()
{
	ip tuntap add lab-tap mode tap user 1234
	wait_for 10 link_is lab-tap 'master br-lab'
	wait_for 5 port_is lab tap waiting
	ip link set lab-tap promisc on
	wait_for 10 eval '[ "$(port_json lab tap uid)" = 1234 ]'
	link_is lab-tap 'uid=1234'
	step "persistent and without a holder, it stays: it is not ours"
	sleep 0.2
	link_is lab-tap 'persist on'
	ip link del lab-tap
	wait_for 10 eval '! netctl ports lab | grep -q tap'
}

t_a_renamed_link_joins_and_foreign_ones_do_not()
{
	ip link add stranger type veth peer name stranger2
	ip link add early type veth peer name early2
	ip link set early name oth1
	wait_for 10 link_is oth1 'master br-other'
	link_is stranger2 'veth'
	negate link_is stranger 'master'
	ip link add br-mine type bridge
	ip link add lab-kept type veth peer name kept2
	ip link set lab-kept nomaster
	ip link del stranger
	ip link del oth1
}

t_a_foreign_detach_is_undone_and_ours_is_kept()
{
	ip link set lab-new nomaster
	wait_for 10 link_is lab-new 'master br-lab'
	netctl detach lab new
	negate link_is lab-new master
	link_is lab-new '[<,]UP' || link_is lab-new veth
	negate link_is lab-new alias
	ip link set lab-new down
	ip link set lab-new up
	sleep 0.2
	negate link_is lab-new master
}

t_the_pattern_comes_and_goes_with_the_configuration()
{
	sed -i 's/lab-\*/labx-*/' "$ETC/networks/lab.conf"
	netctl --json plan | grep -q 'release lab-web'
	netctl apply > /dev/null
	negate link_is lab-web master
	link_is lab-web veth
	sed -i 's/labx-\*/lab-*/' "$ETC/networks/lab.conf"
	netctl apply > /dev/null
	wait_for 10 port_is lab web attached
	link_is lab-web 'master br-lab'
}

t_joined_links_survive_netd_and_its_purge()
{
	netd_kill
	netd_start
	port_is lab web attached
	in_ns web ping -c 1 -W 5 10.77.0.1
	netctl purge > /dev/null
	link_is lab-web veth
	negate link_is lab-web 'alias|master'
	netctl apply > /dev/null
	wait_for 10 port_is lab web attached
}

run_tests "$@"
