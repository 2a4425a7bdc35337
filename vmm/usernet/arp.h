/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ARP for the addresses that usernet plays (RFC 826, 5227): the bytes after
 * the Ethernet header in, those of the answer out. Pure.
 */
#ifndef USERNET_ARP_H
#define USERNET_ARP_H

#include "addr.h"

#define ARP_LEN 28

struct arp_result {
	bool answer;	     /* @out holds a reply for @mac */
	struct mac mac;	     /* who asked */
	struct in_addr addr; /* its address; 0 in a probe */
};

/**
 * arp_answer() - one ARP packet
 * @msg: from the ARP header
 * @ours: addresses we answer for
 * @mac: our MAC
 * @out: the reply, ARP_LEN bytes
 *
 * Return: 0, -EBADMSG (short), or -EPROTONOSUPPORT (not IPv4 over Ethernet).
 */
int arp_answer(const uint8_t *msg, size_t len, const struct in_addr *ours, size_t nours,
	       const struct mac *mac, uint8_t out[static ARP_LEN], struct arp_result *ret);

/* A request for @target, to learn a guest's MAC. */
void arp_request(struct in_addr from, struct in_addr target, const struct mac *mac,
		 uint8_t out[static ARP_LEN]);

#endif
