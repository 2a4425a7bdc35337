#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install and uninstall; what is installed verified: units, man pages, completion, examples.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"

ROOT=$TEST_TMP/root

setup() { make -s -C "$TOP" install DESTDIR="$ROOT" PREFIX=/usr; }

t_programs_pages_and_examples_are_there()
{
	for f in /usr/sbin/netd /usr/bin/netctl /usr/share/man/man8/netd.8 /usr/share/man/man5/netd.conf.5 \
		/usr/share/man/man1/netctl.1 /etc/netd/networks/default.conf /etc/netd/networks/lab.conf \
		/etc/netd/netd.conf /usr/lib/systemd/system/netd.service \
		/usr/share/bash-completion/completions/netctl; do
		[ -e "$ROOT$f" ] || fail "$f is missing"
	done
	has "the version" '^netd [0-9]' "$("$ROOT/usr/sbin/netd" --version)"
	for p in "$ROOT"/usr/share/man/man*/*; do
		man -l "$p" > "$TEST_TMP/page" 2> /dev/null
		has "$p" NAME "$(head -n 5 "$TEST_TMP/page")"
	done
}

t_every_shipped_example_is_good()
{
	"$ROOT/usr/bin/netctl" check "$ROOT/etc/netd"
	for f in lab lan isolated; do
		mkdir -p "$TEST_TMP/$f/networks"
		sed 's/^#\([^ ]\|$\)/\1/' "$ROOT/etc/netd/networks/$f.conf" > "$TEST_TMP/$f/networks/$f.conf"
		has "$f" 'good, 1 network' "$("$ROOT/usr/bin/netctl" check "$TEST_TMP/$f")"
	done
}

t_the_units_verify()
{
	# the paths in them are those of the real root
	sed -i "s|/usr/sbin/netd|$ROOT/usr/sbin/netd|" "$ROOT/usr/lib/systemd/system/netd.service"
	systemd-analyze verify "$ROOT/usr/lib/systemd/system/netd.service" > "$TEST_TMP/verify" 2>&1 || true
	hasnt "the service" 'netd\.(service|socket)' "$(grep -v 'man netd' "$TEST_TMP/verify")"
}

t_an_edited_file_survives_install_and_uninstall()
{
	echo '# mine' >> "$ROOT/etc/netd/networks/lab.conf"
	make -s -C "$TOP" install DESTDIR="$ROOT" PREFIX=/usr
	has "install" '# mine' "$(cat "$ROOT/etc/netd/networks/lab.conf")"
	make -s -C "$TOP" uninstall DESTDIR="$ROOT" PREFIX=/usr
	has "uninstall" '# mine' "$(cat "$ROOT/etc/netd/networks/lab.conf")"
	eq "nothing else is left" "$ROOT/etc/netd/networks/lab.conf" "$(find "$ROOT" -type f)"
}

run_tests "$@"
