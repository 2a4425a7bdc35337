#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# netd/nft by itself: transactions, adoption, repair, in both kinds of table.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"

TOOL=$BUILD/tests/netns/nft_tool
WEB=lab/web,lab-web,52:54:00:12:34:56,10.77.0.10,fd77:0:0:1::10

setup()
{
	mkdir -p "$TEST_TMP/etc/networks"
	cat > "$TEST_TMP/etc/networks/lab.conf" <<- 'END'
	network "lab" {
		mode    = "nat"
		address = { "10.77.0.1/24", "fd77:0:0:1::1/64" }
		host "web" { mac = "52:54:00:12:34:56"  address = "10.77.0.10" }
		forward "tcp/2222" { to = "web:22" }
	}
	END
}

tool() { "$TOOL" "$@"; }
# ports_of SET: the elements nft shows
elements() { nft -j list set "$1" netd "$2" | python3 -c '
import json, sys
for o in json.load(sys.stdin)["nftables"]:
    if "set" in o:
        print(*sorted(json.dumps(e) for e in o["set"].get("elem", [])), sep="\n")'; }

t_an_owned_table_is_adopted_with_its_elements()
{
	tool "$TEST_TMP/etc" $WEB | grep -q 'committed, owned' || skip "the kernel has no persistent owned tables"
	has "the guard" 52:54:00:12:34:56 "$(elements bridge macs)"
	step "the next process takes it over and changes only what differs"
	tool "$TEST_TMP/etc" "${WEB/10.77.0.10/10.77.0.99}" | grep -q 'committed, owned'
	has "the new address" 10.77.0.99 "$(elements bridge addr4)"
	hasnt "the old address" '10.77.0.10"' "$(elements bridge addr4)"
	step "what nobody wants any more is swept"
	tool "$TEST_TMP/etc" > /dev/null
	eq "elements left" "" "$(elements bridge macs)"
}

t_an_owned_table_outlives_a_foreign_flush()
{
	mkfifo "$TEST_TMP/hold"
	tool --hold "$TEST_TMP/etc" $WEB < "$TEST_TMP/hold" > "$TEST_TMP/owned.out" &
	local pid=$!
	exec 7> "$TEST_TMP/hold"
	wait_for 5 grep -q committed "$TEST_TMP/owned.out"
	grep -q owned "$TEST_TMP/owned.out" || skip "the kernel has no persistent owned tables"
	nft flush ruleset
	has "the guard" 52:54:00:12:34:56 "$(elements bridge macs)"
	if nft delete table inet netd 2> /dev/null; then fail "another process deleted our table"; fi
	exec 7>&-
	wait $pid
}

t_a_plain_table_is_watched_and_repaired()
{
	nft delete table inet netd 2> /dev/null || true
	nft delete table bridge netd 2> /dev/null || true
	mkfifo "$TEST_TMP/hold2"
	tool --plain --hold "$TEST_TMP/etc" $WEB < "$TEST_TMP/hold2" > "$TEST_TMP/plain.out" &
	local pid=$!
	exec 7> "$TEST_TMP/hold2"
	wait_for 5 grep -q 'committed, plain' "$TEST_TMP/plain.out"
	nft -s list ruleset > "$TEST_TMP/before"
	step "the whole ruleset is flushed"
	nft flush ruleset
	wait_for 5 grep -q 'drift: .* by nft (pid known)' "$TEST_TMP/plain.out"
	nft -s list ruleset > "$TEST_TMP/after"
	cmp "$TEST_TMP/before" "$TEST_TMP/after"
	step "an element is taken out"
	nft delete element bridge netd guarded '{ "lab-web" }'
	wait_for 5 eval '[ "$(grep -c drift "$TEST_TMP/plain.out")" = 2 ]'
	step "one is put in"
	nft add element bridge netd addr4 '{ "lab-web" . 10.9.9.9 }'
	wait_for 5 eval '[ "$(grep -c drift "$TEST_TMP/plain.out")" = 3 ]'
	step "a rule is deleted, another added"
	nft flush chain bridge netd guard
	nft add rule inet netd forward accept
	wait_for 5 eval '[ "$(grep -c drift "$TEST_TMP/plain.out")" -ge 5 ]'
	nft -s list ruleset > "$TEST_TMP/after"
	cmp "$TEST_TMP/before" "$TEST_TMP/after"
	exec 7>&-
	wait $pid
}

t_a_thousand_networks_are_one_transaction()
{
	mkdir -p "$TEST_TMP/many/networks"
	for i in $(seq 0 999); do
		echo "network \"n$i\" { mode = \"nat\" address = \"10.$((i / 250 + 100)).$((i % 250)).1/24\" }"
	done > "$TEST_TMP/many/networks/all.conf"
	tool --plain "$TEST_TMP/many" > /dev/null
	eq "bridges in force" 1000 "$(elements inet bridges | wc -l)"
}

run_tests "$@"
