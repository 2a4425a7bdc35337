/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DHCPv4 server of one guest network: the payload of a UDP packet to port
 * 67 in, the payload of the answer and where it goes out. RFC 2131, 2132,
 * 3397 (119), 3442 (121); BOOTP clients (RFC 951) are answered too. No system
 * call; the caller owns everything.
 *
 * Addresses go by client MAC, the first client gets config.first. At most
 * DHCP_CLIENTS_MAX; who comes when the table is full gets no answer until
 * one is released: there is one guest behind a NIC, perhaps with a bridge.
 */
#ifndef USERNET_DHCP_H
#define USERNET_DHCP_H

#include "addr.h"
#include "dns_name.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP_CLIENTS_MAX 16
#define DHCP_DNS_MAX 3
#define DHCP_MESSAGE_MAX 1500 /* what dhcp_answer() may want to write */

struct dhcp_config {
	struct in_addr server;	    /* our identifier, option 54 */
	struct in_addr router;	    /* options 3 and 121; 0: none */
	struct in_addr first;	    /* the first client's address */
	struct in_addr next_server; /* siaddr; 0: server when there is a bootfile */
	struct in_addr dns[DHCP_DNS_MAX];
	size_t ndns;
	uint8_t prefix_len;
	uint16_t mtu;
	uint32_t lease_s;
	const char *hostname, *domain; /* NULL: option not sent */
	const char *bootfile;	       /* option 67 and the file field */
	const char *tftp_name;	       /* option 66 */
	const struct dns_search *search;
};

enum dhcp_binding_state { DHCP_FREE, DHCP_OFFERED, DHCP_BOUND, DHCP_DECLINED };

struct dhcp_server {
	struct dhcp_config config;
	struct {
		struct mac mac;
		enum dhcp_binding_state state;
	} bindings[DHCP_CLIENTS_MAX];
};

struct dhcp_destination {
	struct mac mac; /* of the frame */
	struct in_addr addr;
	uint16_t port; /* 68, host order */
};

void dhcp_init(struct dhcp_server *s, const struct dhcp_config *config);

/**
 * dhcp_answer() - one message from a client
 * @msg: UDP payload
 * @out: room for the answer's UDP payload, @size at least DHCP_MESSAGE_MAX
 * @ret_to: where the answer goes
 *
 * Return: the answer's length; 0: none is due (another server's client, a
 * release, no address left); -EBADMSG: malformed; -EPROTONOSUPPORT: nothing for us (a relay's, not
 * Ethernet, a reply).
 */
ssize_t dhcp_answer(struct dhcp_server *s, const uint8_t *msg, size_t len, uint8_t *out,
		    size_t size, struct dhcp_destination *ret_to);

#endif
