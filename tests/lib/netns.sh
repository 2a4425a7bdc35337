# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The frame of tests with real kernel objects. A suite is a bash script:
#
#	. "$(dirname "$0")/../lib/netns.sh"
#	setup() { … }                      # optional, once, before the first test
#	t_claim_in_words() { …; }          # one test each, in the order of the file
#	teardown() { … }                   # optional
#	run_tests "$@"                     # last line; names or globs choose tests
#
# Sourcing it re-executes the script in network, mount, pid, ipc and uts
# namespaces of its own: /run is an empty tmpfs there, /dev/net/tun and
# /dev/kvm have mode 0666 as on a normal host, lo is up, and every process
# left is gone when the script ends.
#
# A test runs in a subshell with errexit; what it prints is shown when it
# fails. fail "why" ends it; skip "why" too. Each suite ends with
# "N passed, N failed, N skipped".
#
# Environment: TOP (source tree), BUILD (build/), TEST_TMP (empty directory).

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
export TOP BUILD

if [ -z "${NETNS_INSIDE:-}" ]; then
	export NETNS_INSIDE=1
	exec unshare --net --mount --pid --ipc --uts --fork --kill-child --mount-proc \
		--propagation private -- bash "$0" "$@"
fi

# What a host would have, without touching this one's.
netns_world()
{
	local dev
	mount -t tmpfs tmpfs /run
	mkdir -p /run/netns /run/lock
	TEST_TMP=$(mktemp -d /var/tmp/netd-test.XXXXXX)
	mount -t tmpfs tmpfs "$TEST_TMP"
	dev=$TEST_TMP/.dev
	mkdir -p "$dev"
	if [ -e /dev/net/tun ]; then
		mknod -m 0666 "$dev/tun" c 10 200
		mount --bind "$dev/tun" /dev/net/tun
	fi
	if [ -e /dev/kvm ]; then
		mknod -m 0666 "$dev/kvm" c 10 232
		mount --bind "$dev/kvm" /dev/kvm
	fi
	export TEST_TMP HOME=$TEST_TMP
	ip link set lo up
	hostname testhost
	chmod 755 "$TEST_TMP"
}
netns_world

netns_end()
{
	local status=$?
	[ "$BASHPID" = "$$" ] || return "$status"
	umount -l "$TEST_TMP" 2> /dev/null
	rmdir "$TEST_TMP" 2> /dev/null
	return "$status"
}
trap netns_end EXIT

fail() { echo "FAILED: $*"; exit 1; }
skip() { echo "SKIPPED: $*"; exit 77; }

# The comment of a step, shown when the test fails.
step() { echo "  $*"; }

# wait_for SECONDS COMMAND…: until it succeeds; its last output is shown when it never does.
wait_for()
{
	local deadline=$(($(date +%s%N) + $1 * 1000000000)) out
	shift
	while ! out=$("$@" 2>&1); do
		if [ "$(date +%s%N)" -gt "$deadline" ]; then
			echo "gave up waiting for: $*"
			echo "$out" | tail -n 20
			return 1
		fi
		sleep 0.02
	done
}

negate() { ! "$@"; }
# wait_not SECONDS COMMAND…: until it fails.
wait_not()
{
	local s=$1
	shift
	wait_for "$s" negate "$@"
}

# eq WHAT EXPECTED GOT
eq() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }
# has WHAT REGEX TEXT
has() { grep -qE -- "$2" <<< "$3" || fail "$1: no match for '$2' in: $3"; }
hasnt() { ! grep -qE -- "$2" <<< "$3" || fail "$1: unexpected match for '$2' in: $3"; }

# A named namespace with lo up. Ends with the suite.
add_ns() { ip netns add "$1" && ip -n "$1" link set lo up; }
in_ns() { ip netns exec "$@"; }

# run_as UID COMMAND…: as an ordinary user without capabilities.
run_as()
{
	local uid=$1
	shift
	setpriv --reuid="$uid" --regid="$uid" --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"
}

run_tests()
{
	local passed=0 failed=0 skipped=0 status start secs tests t want p log=$TEST_TMP/.log
	# in the order of the file, not of the alphabet
	mapfile -t tests < <(grep -oE '^t_[A-Za-z0-9_]+ *\(\)' "$0" | grep -oE '^t_[A-Za-z0-9_]+')
	if declare -F setup > /dev/null; then
		# setup runs in this shell: what it starts and sets is there for the tests
		if ! setup > "$log" 2>&1; then
			echo "FAIL   setup"
			sed 's/^/       | /' "$log" | tail -n 60
			echo "0 passed, 1 failed, 0 skipped"
			exit 1
		fi
	fi
	for t in "${tests[@]}"; do
		if [ $# -gt 0 ]; then
			want=
			for p in "$@"; do
				# shellcheck disable=SC2053
				[[ ${t#t_} == $p || $t == $p ]] && want=1
			done
			[ -n "$want" ] || continue
		fi
		start=$(date +%s%N)
		(set -e; "$t") > "$log" 2>&1
		status=$?
		printf -v secs '%d.%02d' $((($(date +%s%N) - start) / 1000000000)) \
			$((($(date +%s%N) - start) / 10000000 % 100))
		case $status in
		0)
			passed=$((passed + 1))
			echo "PASS   $secs s  ${t#t_}"
			;;
		77)
			skipped=$((skipped + 1))
			echo "SKIP   $secs s  ${t#t_}: $(grep '^SKIPPED: ' "$log" | tail -n 1 | cut -c 10-)"
			;;
		*)
			failed=$((failed + 1))
			echo "FAIL   $secs s  ${t#t_}"
			sed 's/^/       | /' "$log" | tail -n 80
			if declare -F on_failure > /dev/null; then
				on_failure 2>&1 | sed 's/^/       | /' | tail -n 80
			fi
			;;
		esac
	done
	declare -F teardown > /dev/null && teardown > /dev/null 2>&1
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
