#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Raw frames for tests of the guard.

	frames.py send IF KIND [KEY=VALUE]…    one frame out of an interface
	frames.py count IF SECONDS FILTER      how many frames with FILTER's bytes (hex) arrive

Kinds: udp4 arp na6 ra6 udp6 raw. Keys: src (MAC), dst, saddr, daddr, sport, dport, sha, spa, tpa,
target, ethertype, payload.
"""
import socket
import struct
import sys
import time


def mac(s):
	return bytes.fromhex(s.replace(':', ''))


def own_mac(ifname):
	with open(f'/sys/class/net/{ifname}/address') as f:
		return f.read().strip()


def checksum(data):
	if len(data) % 2:
		data += b'\0'
	s = sum(struct.unpack(f'!{len(data) // 2}H', data))
	while s >> 16:
		s = (s & 0xffff) + (s >> 16)
	return ~s & 0xffff


def ip4(k, proto, payload):
	h = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0,
			socket.inet_aton(k['saddr']), socket.inet_aton(k['daddr']))
	return h[:10] + struct.pack('!H', checksum(h)) + h[12:] + payload


def ip6(k, proto, payload):
	saddr, daddr = (socket.inet_pton(socket.AF_INET6, k[x]) for x in ('saddr', 'daddr'))
	pseudo = saddr + daddr + struct.pack('!II', len(payload), proto)
	at = 2 if proto == 58 else 6
	payload = payload[:at] + struct.pack('!H', checksum(pseudo + payload)) + payload[at + 2:]
	return struct.pack('!IHBB', 6 << 28, len(payload), proto, 255) + saddr + daddr + payload


def udp(k):
	data = k.get('payload', 'x').encode()
	return struct.pack('!HHHH', int(k.get('sport', 9)), int(k.get('dport', 9)), 8 + len(data), 0) + data


def build(ifname, kind, k):
	src = mac(k.get('src', own_mac(ifname)))
	dst = mac(k.get('dst', 'ff:ff:ff:ff:ff:ff'))
	if kind == 'udp4':
		return dst + src + b'\x08\x00' + ip4(k, 17, udp(k))
	if kind == 'arp':
		body = struct.pack('!HHBBH', 1, 0x0800, 6, 4, int(k.get('op', 1)))
		body += mac(k.get('sha', own_mac(ifname))) + socket.inet_aton(k['spa'])
		return dst + src + b'\x08\x06' + body + bytes(6) + socket.inet_aton(k['tpa'])
	if kind == 'udp6':
		return dst + src + b'\x86\xdd' + ip6(k, 17, udp(k))
	if kind == 'na6':
		body = struct.pack('!BBHI', 136, 0, 0, 0x20000000) + socket.inet_pton(socket.AF_INET6, k['target'])
		return dst + src + b'\x86\xdd' + ip6(k, 58, body + b'\x02\x01' + src)
	if kind == 'ra6':
		return dst + src + b'\x86\xdd' + ip6(k, 58, struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0))
	if kind == 'raw':
		return dst + src + struct.pack('!H', int(k['ethertype'], 16)) + b'x' * 46
	raise SystemExit(f'unknown kind {kind}')


def main():
	if sys.argv[1] == 'send':
		keys = dict(a.split('=', 1) for a in sys.argv[4:])
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind((sys.argv[2], 0))
		s.send(build(sys.argv[2], sys.argv[3], keys))
	else:
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
		s.bind((sys.argv[2], 0))
		want, n, end = bytes.fromhex(sys.argv[4]), 0, time.monotonic() + float(sys.argv[3])
		print('listening', flush=True)
		while time.monotonic() < end:
			s.settimeout(max(end - time.monotonic(), 0.001))
			try:
				frame, addr = s.recvfrom(65536)
			except TimeoutError:
				break
			if addr[2] != socket.PACKET_OUTGOING and want in frame:
				n += 1
		print(n)


main()
