#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hooks: run on events with the event, one after another, never in the daemon's way.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/netd.sh
. "$TOP/tests/lib/netd.sh"

hook()
{
	mkdir -p "$ETC/hooks.d"
	cat > "$ETC/hooks.d/$1"
	chmod 755 "$ETC/hooks.d/$1"
}

setup()
{
	echo 'hook-timeout = 1' > "$ETC/netd.conf"
	net_file lab <<< 'network "lab" { mode = "nat"  address = "10.77.0.1/24" }'
	hook 10-record <<- END
	#!/bin/sh
	echo "\$NETD_EVENT \$NETD_NETWORK \$NETD_PORT \$NETD_MAC \$1" >> $TEST_TMP/events
	cat >> $TEST_TMP/json
	echo >> $TEST_TMP/json
	echo "seen \$NETD_EVENT"
	END
	netd_start
}

t_events_come_with_their_object()
{
	wait_for 5 grep -q '^network-up lab' "$TEST_TMP/events"
	box lab web
	wait_for 5 grep -qE '^port-up lab web ([0-9a-f]{2}:){5}[0-9a-f]{2} port-up$' "$TEST_TMP/events"
	wait_for 5 grep -q '^lease-add lab web' "$TEST_TMP/events"
	netctl detach lab web
	wait_for 5 grep -q '^port-down lab web' "$TEST_TMP/events"
	python3 -c '
import json, sys
events = [json.loads(l) for l in open(sys.argv[1]) if l.strip()]
assert any(e.get("port") == "web" and e.get("network") == "lab" for e in events), events' "$TEST_TMP/json"
}

t_output_goes_to_the_log()
{
	wait_for 5 grep -q 'hook .*/10-record: seen port-up' "$NETD_LOG"
}

t_a_hook_that_hangs_is_ended_and_holds_up_nobody()
{
	hook 20-hang <<- 'END'
	#!/bin/sh
	sleep 1000
	END
	add_ns quick
	timeout 3 "$BUILD/netctl" attach lab --name quick --netns quick
	wait_for 10 grep -q '20-hang: not done after 1 s, killed' "$NETD_LOG"
	rm "$ETC/hooks.d/20-hang"
	netctl detach lab quick
	wait_for 15 grep -q '^port-down lab quick' "$TEST_TMP/events"
}

t_a_hook_that_fails_or_floods_is_survived()
{
	hook 30-fail <<- 'END'
	#!/bin/sh
	yes | head -c 1000000
	exit 3
	END
	add_ns f
	netctl attach lab --name f --netns f
	wait_for 10 grep -q '30-fail: exit status 3' "$NETD_LOG"
	[ "$(wc -c < "$NETD_LOG")" -lt 200000 ] || fail "the flood is in the log"
	rm "$ETC/hooks.d/30-fail"
}

t_what_others_can_write_is_not_run()
{
	hook 40-open <<- END
	#!/bin/sh
	touch $TEST_TMP/pwned
	END
	chmod 777 "$ETC/hooks.d/40-open"
	hook 50-dot.bak <<< '#!/bin/sh'
	add_ns g
	netctl attach lab --name g --netns g
	wait_for 10 grep -q '40-open: not owned by root or writable by others' "$NETD_LOG"
	wait_for 5 grep -q '^port-up lab g' "$TEST_TMP/events"
	[ ! -e "$TEST_TMP/pwned" ] || fail "it ran"
}

run_tests "$@"
