/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by nft.c, nft_elements.c, nft_ruleset.c and their tests alone. */
#ifndef NETD_NFT_INTERNAL_H
#define NETD_NFT_INTERNAL_H

#include "nft.h" /* first: <netinet/in.h> has to come before the kernel's headers */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#define NFT_TABLE_NAME "netd"

enum nft_set_id {
	/* inet */
	SET_BRIDGES, /* ifname: bridges of nat, route and isolated networks */
	SET_SAME,    /* ifname . ifname: a bridge with itself (bridged frames under br_netfilter) */
	SET_CLOSED,  /* ifname: bridges of isolated networks */
	SET_INWARD,  /* ifname: bridges of nat networks, not reachable from outside */
	SET_UPLINKED, /* ifname: bridges with an uplink of their own */
	SET_UPLINKS,  /* ifname . ifname: such a bridge and its uplink */
	SET_NAT4,     /* network address . prefix length */
	SET_NAT6,
	SET_HAIRPIN4, /* guest's address . its bridge */
	SET_HAIRPIN6,
	SET_RESTRICTED,	 /* ifname: bridges without host-access */
	SET_FOREIGN,	 /* nfproto: ipv6 while what is not ours is not to be forwarded */
	SET_FWD4,	 /* protocol . port → address . port */
	SET_FWD4_LISTEN, /* address . protocol . port → address . port */
	SET_FWD6,
	SET_FWD6_LISTEN,
	/* bridge */
	SET_GUARDED, /* ifname: ports with guard mac or full */
	SET_FULL,    /* ifname: ports with guard full */
	SET_WAITING, /* ifname: joined ports whose MAC is not known yet */
	SET_MACS,    /* ifname . MAC */
	SET_PINNED,  /* MAC: of any port or bridge of ours */
	SET_ADDR4,   /* ifname . address */
	SET_ADDR6,
	SET_PREFIX6, /* ifname . /64 */
	SET_TAKEN6,  /* address: gateways and ports */
	NFT_NSETS
};

struct nft_set_info {
	const char *name;
	int family;
	uint32_t key_type, key_len;
	uint32_t data_type, data_len; /* 0: a set, no map */
};
extern const struct nft_set_info nft_sets[NFT_NSETS];
/* Bytes of one of nft(8)'s data types; in a concatenation it is padded to a multiple of 4. */
size_t nft_type_size(uint32_t type);
bool nft_type_is_name(uint32_t type);

#define NFT_KEY_MAX 32
#define NFT_DATA_MAX 20

struct nft_element {
	uint8_t set;
	uint8_t key[NFT_KEY_MAX]; /* key_len bytes, the rest zero */
	uint8_t data[NFT_DATA_MAX];
};

struct nft_elements {
	struct nft_element *list;
	size_t n, size;
	bool failed;
};

int nft_element_cmp(const void *a, const void *b); /* set, key */
bool nft_element_equal(const struct nft_element *a, const struct nft_element *b);
/* "guard lab-web: MAC 52:54:…" */
void nft_element_format(const struct nft_element *e, char *buf, size_t size);

/* Tables, sets, chains and rules as messages of one batch. */
struct nft_batch;
struct nlmsghdr *nft_batch_message(struct nft_batch *b, uint16_t type, uint16_t family,
				   uint16_t flags);
void nft_batch_commit_message(struct nft_batch *b, struct nlmsghdr *nlh);
void nft_ruleset_put(struct nft_batch *b, uint32_t table_flags);
/* How many rules nft_ruleset_put() makes in each table: a cheap check against tampering. */
size_t nft_ruleset_rules(int family);

#endif
