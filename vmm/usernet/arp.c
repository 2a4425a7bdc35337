// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ARP: see arp.h. A reply of the guest is not answered, but teaches its MAC.
 */
#include "arp.h"

#include "bytes.h"

enum { OP_REQUEST = 1, OP_REPLY = 2 };
enum { AT_OP = 6, AT_SENDER_MAC = 8, AT_SENDER = 14, AT_TARGET_MAC = 18, AT_TARGET = 24 };

static const uint8_t head[6] = { 0, 1, 8, 0, 6, 4 }; /* Ethernet, IPv4, their sizes */

static void build(uint8_t op, const struct mac *mac, struct in_addr from, const struct mac *to_mac,
		  struct in_addr to, uint8_t *out)
{
	memcpy(out, head, sizeof(head));
	out[AT_OP] = 0;
	out[AT_OP + 1] = op;
	memcpy(out + AT_SENDER_MAC, mac->bytes, 6);
	memcpy(out + AT_SENDER, &from, 4);
	memcpy(out + AT_TARGET_MAC, to_mac->bytes, 6);
	memcpy(out + AT_TARGET, &to, 4);
}

int arp_answer(const uint8_t *msg, size_t len, const struct in_addr *ours, size_t nours,
	       const struct mac *mac, uint8_t out[static ARP_LEN], struct arp_result *ret)
{
	struct arp_result r = { 0 };
	struct in_addr target;

	if (len < ARP_LEN)
		return -EBADMSG;
	if (memcmp(msg, head, sizeof(head)) != 0)
		return -EPROTONOSUPPORT;
	memcpy(r.mac.bytes, msg + AT_SENDER_MAC, 6);
	memcpy(&r.addr, msg + AT_SENDER, 4);
	memcpy(&target, msg + AT_TARGET, 4);
	if (mac_is_multicast(&r.mac))
		return -EBADMSG;
	for (size_t i = 0; i < nours; i++) {
		if (ours[i].s_addr == r.addr.s_addr)
			return -EBADMSG; /* claims to be us */
		r.answer |= get_be16(msg + AT_OP) == OP_REQUEST && ours[i].s_addr == target.s_addr;
	}
	if (r.answer)
		build(OP_REPLY, mac, target, &r.mac, r.addr, out);
	*ret = r;
	return 0;
}

void arp_request(struct in_addr from, struct in_addr target, const struct mac *mac,
		 uint8_t out[static ARP_LEN])
{
	build(OP_REQUEST, mac, from, &(struct mac){ 0 }, target, out);
}
