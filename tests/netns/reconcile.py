#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/run: limit 400
"""Two hundred random edits of the configuration, each applied; every so often what they led to is
compared with what a fresh netd makes of the same files in an empty namespace."""
import json
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'lib'))
import harness  # noqa: E402
from harness import run, wait_for  # noqa: E402

harness.isolate()

EDITS = 200 * (50 if os.environ.get('SOAK') else 1)
COMPARE_EVERY = 8
NAMES = ['lab', 'web', 'dmz', 'a-network-with-a-long-name', 'db', 'x1']
TOP = harness.tempdir()


class Netd:
	"""One daemon in a network namespace of its own."""

	def __init__(self, name, config):
		self.name, self.config = name, config
		self.runtime, self.state = f'{TOP}/{name}.run', f'{TOP}/{name}.state'
		self.log = open(f'{TOP}/{name}.log', 'a')
		run(f'ip netns add {name} && ip -n {name} link set lo up')
		run(f'ip -n {name} link add eth0 type veth peer name far && ip -n {name} addr add '
		    f'192.0.2.1/24 dev eth0 && ip -n {name} link set eth0 up')
		self.start()

	def start(self):
		self.process = subprocess.Popen(
			['ip', 'netns', 'exec', self.name, f'{harness.BUILD}/netd', '--config', self.config,
			 '--runtime', self.runtime, '--state', self.state], stderr=self.log)
		wait_for(lambda: os.path.exists(f'{self.runtime}/netd.sock') and
			 self.netctl('list', check=False)[0] == 0, 30, 'the socket')

	def netctl(self, *args, check=True):
		r = subprocess.run([f'{harness.BUILD}/netctl', '--socket', f'{self.runtime}/netd.sock', *args],
				   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
		if check and r.returncode:
			self.log.flush()
			raise AssertionError(f'netctl {args}: {r.stdout}\n' + run(f'tail -n 20 {self.log.name}'))
		return r.returncode, r.stdout

	def end(self):
		self.netctl('purge', check=False)
		self.process.terminate()
		self.process.wait(20)
		run(f'ip netns del {self.name}')
		shutil.rmtree(self.state, ignore_errors=True)
		shutil.rmtree(self.runtime, ignore_errors=True)

	def snapshot(self):
		"""What is in the kernel, without what differs from one boot to the next."""
		out = {}
		for l in json.loads(run(f'ip -n {self.name} -j -d addr show')):
			if l.get('linkinfo', {}).get('info_kind') != 'bridge':
				continue
			data = l['linkinfo']['info_data']
			out[l['ifname']] = {
				'mtu': l['mtu'], 'mac': l['address'], 'alias': l.get('ifalias'),
				'up': 'UP' in l['flags'], 'stp': data['stp_state'],
				'addresses': sorted(f"{a['local']}/{a['prefixlen']}" for a in l['addr_info'])}
			for s in ('ipv4/conf/{}/forwarding', 'ipv4/conf/{}/route_localnet',
				  'ipv6/conf/{}/accept_ra'):
				out[l['ifname']][s] = run(
					f'ip netns exec {self.name} cat /proc/sys/net/' + s.format(l['ifname']))
		out['rules'] = rules(self.name)
		return out


def rules(ns):
	found = []
	for o in json.loads(run(f'ip netns exec {ns} nft -j list ruleset'))['nftables']:
		for kind, v in o.items():
			if kind == 'metainfo':
				continue
			v.pop('handle', None)
			v.pop('index', None)
			if 'elem' in v:
				v['elem'] = sorted(json.dumps(e, sort_keys=True) for e in v['elem'])
			found.append(json.dumps({kind: v}, sort_keys=True))
	return sorted(found)


def make_network(r, name):
	n = NAMES.index(name)
	mode = r.choice(['nat', 'nat', 'route', 'isolated'])
	subnet = f'10.{80 + n}.{r.randrange(3)}'
	lines = [f'network "{name}" {{',
		 f'	mode = "{mode}"',
		 f'	address = {{ "{subnet}.1/24"' +
		 (f', "fd{80 + n}:0:0:{r.randrange(3)}::1/64"' if r.random() < .7 else '') + ' }',
		 f'	mtu = {r.choice([1280, 1400, 1500, 9000])}',
		 f'	guard = "{r.choice(["full", "mac", "off"])}"',
		 f'	isolated = {r.choice(["true", "false"])}']
	if r.random() < .3:
		lines.append(f'	bridge = "brx{n}{r.randrange(2)}"')
	if mode != 'isolated' and r.random() < .3:
		lines.append('	uplink = "eth0"')
	if r.random() < .5:
		lines.append(f'	dhcp {{ range = "{subnet}.{r.randrange(10, 99)}-{subnet}.199" }}')
	for i in range(r.randrange(3)):
		lines.append(f'	host "h{i}" {{ mac = "52:54:00:00:0{n}:0{i}"  address = "{subnet}.{200 + i}" }}')
	for i in range(r.randrange(3) if mode != 'isolated' else 0):
		lines.append(f'	forward "{r.choice(["tcp", "udp"])}/{2000 + 100 * n + 10 * i}'
			     f'{r.choice(["", f"-{2000 + 100 * n + 10 * i + 5}"])}" '
			     f'{{ to = "{subnet}.{200 + i}:80" }}')
	return '\n'.join(lines + ['}', ''])


def edit(r, config):
	name = r.choice(NAMES)
	path = f'{config}/networks/{name}.conf'
	if os.path.exists(path) and r.random() < .25:
		os.unlink(path)
		return
	with open(path, 'w') as f:
		f.write(make_network(r, name))


def difference(a, b):
	keys = [k for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)]
	text = ''
	for k in keys:
		if k == 'rules':
			text += 'rules only after the edits: ' + '\n'.join(set(a[k]) - set(b[k])) + '\n'
			text += 'rules only when fresh: ' + '\n'.join(set(b[k]) - set(a[k])) + '\n'
		else:
			text += f'{k}: {a.get(k)}\nfresh: {b.get(k)}\n'
	return text


def t_random_edits_lead_where_a_fresh_apply_leads():
	seed = int(os.environ.get('SEED', random.randrange(1 << 30)))
	r = random.Random(seed)
	print(f'  SEED={seed}')
	config = f'{TOP}/etc'
	os.makedirs(f'{config}/networks')
	netd = Netd('edited', config)
	for i in range(EDITS):
		for _ in range(r.randrange(1, 3)):
			edit(r, config)
		planned = json.loads(netd.netctl('--json', 'plan')[1])
		done = json.loads(netd.netctl('--json', 'apply')[1])
		assert planned == done, f'edit {i}, seed {seed}: plan {planned}\napply {done}'
		again = json.loads(netd.netctl('--json', 'plan')[1])
		assert again in ([], {'steps': []}), f'edit {i}, seed {seed}: still to do: {again}'
		if i % COMPARE_EVERY == COMPARE_EVERY - 1:
			fresh = Netd('fresh', config)
			try:
				text = difference(netd.snapshot(), fresh.snapshot())
			finally:
				fresh.end()
			assert not text, f'edit {i}, seed {seed}:\n{text}'
	netd.end()


harness.main(globals())
