# SPDX-License-Identifier: GPL-2.0-or-later
"""The frame of tests in Python, in namespaces of their own.

	import os, sys
	sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'lib'))
	import harness
	harness.isolate()               # re-executes in net, mount, pid namespaces; lo up

	def t_claim_in_words(): ...     # one test each; assert, or raise harness.Skip("why")
	def setup(): ...                # optional; teardown() too

	harness.main(globals())

Ends with "N passed, N failed, N skipped". harness.TOP, harness.BUILD.
"""
import fnmatch
import os
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILD = os.environ.get('BUILD', os.path.join(TOP, 'build'))


class Skip(Exception):
	pass


def isolate():
	if not os.environ.get('NETNS_INSIDE'):
		os.environ['NETNS_INSIDE'] = '1'
		os.execvp('unshare', ['unshare', '--net', '--mount', '--pid', '--ipc', '--uts', '--fork',
				      '--kill-child', '--mount-proc', '--propagation', 'private', '--',
				      '/usr/bin/python3', *sys.argv])
	run('mount -t tmpfs tmpfs /run && mkdir -p /run/netns && ip link set lo up')


def run(command, check=True, timeout=60):
	"""A shell command; its output as text."""
	r = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
			   text=True, timeout=timeout)
	if check and r.returncode:
		raise AssertionError(f'{command}: exit {r.returncode}\n{r.stdout}')
	return r.stdout


def wait_for(condition, seconds=5, what='condition'):
	"""Until condition() is true; returns its value."""
	end = time.monotonic() + seconds
	while True:
		value = condition()
		if value:
			return value
		if time.monotonic() > end:
			raise AssertionError(f'gave up waiting for {what}')
		time.sleep(0.01)


def tempdir():
	return tempfile.mkdtemp(prefix='netd-test.', dir='/run')


def main(names):
	tests = [(n, f) for n, f in names.items() if n.startswith('t_') and callable(f)]
	wanted = sys.argv[1:]
	if wanted:
		tests = [(n, f) for n, f in tests
			 if any(fnmatch.fnmatch(n, w) or fnmatch.fnmatch(n[2:], w) for w in wanted)]
	passed = failed = skipped = 0
	try:
		if 'setup' in names:
			names['setup']()
	except Exception:
		print('FAIL   setup')
		print(traceback.format_exc())
		print('0 passed, 1 failed, 0 skipped')
		sys.exit(1)
	for name, fn in tests:
		start = time.monotonic()
		try:
			fn()
			word, why = 'PASS', ''
			passed += 1
		except Skip as e:
			word, why = 'SKIP', f': {e}'
			skipped += 1
		except Exception:
			word, why = 'FAIL', '\n' + ''.join(
				'       | ' + line for line in traceback.format_exc().splitlines(True))
			failed += 1
		print(f'{word}   {time.monotonic() - start:.2f} s  {name[2:]}{why}', flush=True)
	if 'teardown' in names:
		try:
			names['teardown']()
		except Exception:
			traceback.print_exc()
	print(f'{passed} passed, {failed} failed, {skipped} skipped', flush=True)
	sys.exit(1 if failed else 0)
