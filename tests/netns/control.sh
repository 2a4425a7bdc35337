#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The control socket and netctl: rights, errors, hostile clients, output, completion.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$TOP/tests/lib/netd.sh"

setup()
{
	net_file lab <<- 'END'
	network "lab" {
		mode    = "nat"
		address = "10.77.0.1/24"
		host "web" { mac = "52:54:00:12:34:56"  address = "10.77.0.10" }
		allow { users = { "daemon" }  groups = { "kvm", "games" }  max-ports = 2 }
	}
	network "lan" { mode = "isolated"  address = "10.78.0.1/24" }
	END
	netd_start
}

# as UID GID COMMAND…
as() { setpriv --reuid="$1" --regid="$2" --clear-groups --bounding-set=-all -- "${@:3}"; }
uid() { id -u "$1"; }
client() { as "$(uid daemon)" 1 "$BUILD/netctl" "$@"; }
# client_hold NAME: as the user "daemon", a port of lab that is kept open
client_hold()
{
	setpriv --reuid="$(uid daemon)" --regid=1 --clear-groups --bounding-set=-all -- \
		"$BUILD/netctl" run lab --name "$1" -- sleep 1000 &
	HELD=$!
	wait_for 10 port_is_there lab "$1"
}
# let_go PID NET NAME
let_go() { kill "$1"; wait_for 10 port_is_gone "$2" "$3"; }

t_an_ordinary_user_runs_a_command_with_a_tap()
{
	local out
	out=$(client run lab --name web -- sh -c 'echo "$NETD_TAP_FDS $NETD_MAC $NETD_MTU $NETD_ADDRESS $NETD_IFNAME"; ls -l /proc/self/fd/3')
	has "the environment" '^3 52:54:00:12:34:56 1500 10\.77\.0\.10 lab-web$' "$out"
	has "the tap" '/dev/net/tun' "$out"
	wait_for 5 eval '! netctl ports lab | grep -q web'
}

t_several_queues_are_several_fds()
{
	eq "four" 3:4:5:6 "$(client run lab --name multi --queues 4 -- sh -c 'echo $NETD_TAP_FDS')"
}

t_qemu_gets_its_options()
{
	has "one queue" '-netdev tap,id=netd0,fd=3.* -device virtio-net-pci,netdev=netd0,mac=52:54:00:12:34:56,host_mtu=1500' \
		"$(client run lab --name web --qemu -- echo)"
	has "two" 'fds=3:4.*mq=on,vectors=6' "$(client run lab --name q2 --qemu --queues 2 -- echo)"
}

t_groups_and_users_decide()
{
	as 4242 "$(getent group games | cut -d: -f3)" "$BUILD/netctl" show lab > /dev/null
	if as 4242 4242 "$BUILD/netctl" show lab 2> "$TEST_TMP/err"; then fail "anybody may"; fi
	has "the rule" 'network lab is for users daemon and groups kvm, games \(allow, .*lab.conf:[0-9]+\), not for uid 4242' "$(cat "$TEST_TMP/err")"
	hasnt "a list shows only what one may use" 'lan' "$(client list)"
	if client apply 2> "$TEST_TMP/err"; then fail "anybody may apply"; fi
	has "for root" 'for root' "$(cat "$TEST_TMP/err")"
	for verb in plan confirm purge; do
		if client $verb 2> /dev/null; then fail "anybody may $verb"; fi
	done
}

t_max_ports_is_per_user()
{
	client_hold a
	local a=$HELD
	client_hold b
	if client run lab --name c -- true 2> "$TEST_TMP/err"; then fail "a third one"; fi
	has "the limit" 'max-ports = 2' "$(cat "$TEST_TMP/err")"
	let_go "$a" lab a
	let_go "$HELD" lab b
}

t_a_name_is_taken_by_one()
{
	client_hold one
	if client run lab --name one -- true 2> "$TEST_TMP/err"; then fail "twice"; fi
	has "by whom" "the name 'one' is taken: .*uid $(uid daemon)" "$(cat "$TEST_TMP/err")"
	let_go "$HELD" lab one
	step "of eight who race for a name one wins"
	for _ in 1 2 3 4 5 6 7 8; do
		netctl run lan --name race -- sleep 3 2>> "$TEST_TMP/race" &
	done
	wait_for 5 eval '[ "$(grep -c "is taken" "$TEST_TMP/race")" = 7 ]'
}

t_a_duplicate_mac_is_refused()
{
	hold lan m1 --mac 52:54:00:00:00:07
	if netctl run lan --name m2 --mac 52:54:00:00:00:07 -- true 2> "$TEST_TMP/err"; then fail "twice"; fi
	has "whose" '52:54:00:00:00:07 is that of .*m1' "$(cat "$TEST_TMP/err")"
	let_go "$HELD" lan m1
}

t_near_names_are_offered()
{
	if netctl show lba 2> "$TEST_TMP/err"; then fail "there is one"; fi
	has "near" "no network 'lba'" "$(cat "$TEST_TMP/err")"
	has "near" 'did you mean: la' "$(cat "$TEST_TMP/err")"
	if netctl shwo lab 2> "$TEST_TMP/err"; then fail "there is one"; fi
	has "a verb" "did you mean 'show'" "$(cat "$TEST_TMP/err")"
}

t_exit_statuses_are_0_1_2()
{
	netctl list > /dev/null
	eq "failed" 1 "$(netctl show nope > /dev/null 2>&1; echo $?)"
	eq "usage" 2 "$(netctl show > /dev/null 2>&1; echo $?)"
	eq "no daemon" 1 "$(netctl --socket /nonexistent list > /dev/null 2>&1; echo $?)"
	for v in list show ports leases monitor graph metrics check plan apply confirm purge attach detach run; do
		has "$v --help" "^Usage: netctl $v" "$(netctl $v --help)"
	done
}

t_json_is_json()
{
	hold lab j
	for v in list "show lab" ports leases plan graph metrics "check $ETC"; do
		netctl --json $v | python3 -m json.tool > /dev/null || fail "$v"
	done
	netctl --json show nope 2> /dev/null | python3 -m json.tool > /dev/null
	kill "$HELD"
}

t_only_the_owner_and_root_detach()
{
	client_hold mine
	if as 4242 "$(getent group games | cut -d: -f3)" "$BUILD/netctl" detach lab mine 2> "$TEST_TMP/err"; then fail "anybody may"; fi
	has "whose it is" "belongs to uid $(uid daemon)" "$(cat "$TEST_TMP/err")"
	client detach lab mine
	wait_for 5 eval '! netctl ports lab | grep -q mine'
}

t_a_namespace_needs_its_owner()
{
	add_ns foreign
	cp /proc/self/ns/net "$TEST_TMP/x" 2> /dev/null || true
	if client attach lab --name ns --netns /run/netns/foreign 2> "$TEST_TMP/err"; then fail "anybody may"; fi
	has "why" 'namespace belongs to another user|Permission denied' "$(cat "$TEST_TMP/err")"
}

t_monitor_streams_events()
{
	netctl --json monitor > "$TEST_TMP/events" &
	local pid=$!
	wait_for 5 grep -q '"event":"monitor"' "$TEST_TMP/events"
	netctl run lab --name ev -- true
	wait_for 5 grep -q '"event":"port-up".*"port":"ev"' "$TEST_TMP/events"
	wait_for 5 grep -q '"event":"port-down".*"port":"ev"' "$TEST_TMP/events"
	kill $pid
}

t_metrics_count()
{
	local text
	hold lab met
	text=$(netctl metrics)
	has "networks" '^netd_network_up\{network="lab"\} 1$' "$text"
	has "ports" '^netd_port_transmit_bytes_total\{network="lab",port="met"\} [0-9]+$' "$text"
	has "refusals" '^netd_refusals_total [1-9]' "$text"
	kill "$HELD"
}

t_graph_draws_all()
{
	hold lab gr
	has "text" '─ gr  tap  lab-gr' "$(netctl graph)"
	has "dot" '"network lab" -- "port lab/gr"' "$(netctl graph --format dot --interval 0)"
	has "svg" '<svg ' "$(netctl graph --format svg --interval 0)"
	kill "$HELD"
}

t_hostile_clients_cost_their_own_connection()
{
	python3 - "$NETD_SOCKET" <<- 'END'
	import json, socket, struct, sys, time, array
	path = sys.argv[1]
	def connect():
	    s = socket.socket(socket.AF_UNIX); s.settimeout(15); s.connect(path); return s
	def ended(s):
	    try:
	        while s.recv(65536): pass
	        return True
	    except ConnectionError:
	        return True
	    except TimeoutError:
	        return False
	for junk in (b'{\0', b'[]\0', b'\0', b'\xff\xfe\0', b'{"method":7}\0', b'{"method":"io.netd.List","parameters":[]}\0'):
	    s = connect(); s.sendall(junk); assert ended(s), junk
	s = connect()
	try:
	    for _ in range(40): s.sendall(b' ' * 65536)
	except (ConnectionError, TimeoutError):
	    pass
	assert ended(s)
	slow = connect(); slow.sendall(b'{"method":')
	deep = connect(); deep.sendall(b'{"method":"io.netd.List","parameters":' + b'{"a":' * 5000 + b'1' + b'}' * 5001 + b'\0'); assert ended(deep)
	s = connect()
	socket.send_fds(s, [b'{"method":"io.netd.List"}\0'], [0] * 60)
	assert b'networks' in s.recv(1 << 20)
	start = time.monotonic()
	assert ended(slow) and time.monotonic() - start < 14, 'a slow client stays'
	many = []
	try:
	    for _ in range(600): many.append(connect())
	except OSError:
	    pass
	END
	netctl list > /dev/null
	netd_alive
}

t_bad_calls_are_named()
{
	python3 - "$NETD_SOCKET" <<- 'END'
	import json, socket, sys
	def call(method, **p):
	    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
	    s.sendall(json.dumps({'method': method, 'parameters': p}).encode() + b'\0')
	    b = b''
	    while b'\0' not in b: b += s.recv(65536)
	    return json.loads(b[:b.index(b'\0')])
	assert call('io.netd.Nope')['error'] == 'org.varlink.service.MethodNotFound'
	for p in ({}, {'network': 7}):
	    assert call('io.netd.Show', **p)['parameters']['parameter'] == 'network', p
	for bad in ({'name': 'A b'}, {'name': ''}, {'name': 'x' * 64}, {'name': 'ok', 'queues': 0}, {'name': 'ok', 'queues': 17},
	            {'name': 'ok', 'queues': 'x'}, {'name': 'ok', 'mac': 'ff:ff:ff:ff:ff:ff'}, {'name': 'ok', 'mac': 'zz'}):
	    r = call('io.netd.Attach', network='lab', **bad)
	    assert r['error'] == 'org.varlink.service.InvalidParameter', (bad, r)
	r = call('io.netd.AttachNamespace', network='lab', name='x', namespace_fd=0)
	assert r['error'] == 'org.varlink.service.InvalidParameter', r
	info = call('org.varlink.service.GetInterfaceDescription', interface='io.netd')
	assert 'method Attach(' in info['parameters']['description']
	END
}

t_completion_completes()
{
	complete()
	{
		bash -c '
			. '"$TOP"'/etc/completions/netctl
			PATH='"$BUILD"':$PATH
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _netctl; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
	}
	eq "a verb" show "$(complete netctl sh)"
	eq "a network" lab "$(complete netctl show lab)"
	has "options" '--queues' "$(complete netctl run --q)"
}

t_wrong_files_change_nothing()
{
	hold lab stays
	echo 'network "lab" { mode = "nta" }' > "$ETC/networks/broken.conf"
	if netctl apply 2> "$TEST_TMP/err"; then fail "applied"; fi
	has "file and line" 'broken.conf:1: mode = "nta": expected nat, route, isolated or bridge' "$(cat "$TEST_TMP/err")"
	netctl ports lab | grep -q stays
	rm "$ETC/networks/broken.conf"
	kill "$HELD"
}

run_tests "$@"
