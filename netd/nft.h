/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our two nftables tables, `inet netd` and `bridge netd`, through libmnl and
 * libnftnl. Chains and rules are fixed (nft_ruleset.c); what networks, ports
 * and forwards add are elements of hash sets and maps (nft_elements.c). So the
 * desired state of a network is a list of elements, a change is the difference
 * of two lists, and a commit is one transaction guarded by the generation id
 * (nft.c).
 */
#ifndef NETD_NFT_H
#define NETD_NFT_H

#include "netd.h"

struct nft;

/* The elements one network (its ports and forwards included) should have: sorted. */
struct nft_elements;
int nft_elements_new(struct nft_elements **ret);
void nft_elements_free(struct nft_elements *e); /* NULL is fine */
static inline void nft_elements_freep(struct nft_elements **e)
{
	nft_elements_free(*e);
	*e = NULL;
}
/* Pure: from the network's config, addresses and ports. -ENOMEM. */
int nft_elements_build(const struct network *net, struct nft_elements *e);
size_t nft_elements_count(const struct nft_elements *e);
/* One line an element, for tests: "macs lab-web 52:54:00:12:34:56". The caller frees. */
char *nft_elements_text(const struct nft_elements *e);

enum nft_owner { NFT_OWNER_AUTO, NFT_OWNER_YES, NFT_OWNER_NO };

/* Someone else changed our tables: which process, where the kernel says (else 0 and ""). It is
 * repaired already or, with an error, could not be. Loop thread. */
typedef void (*nft_drift_fn)(void *data, const char *what, pid_t pid, const char *comm);

/*
 * Opens the sockets and puts the tables' chains and rules in place in one transaction: owned and
 * persistent where the kernel can (Linux 6.9), else plain and watched. Elements that are there
 * stay in force and are known, until a network claims them or nft_sweep() deletes them.
 */
int nft_open(struct loop *l, enum nft_owner owner, nft_drift_fn fn, void *data, struct nft **ret,
	     struct error *err);
void nft_close(struct nft *n); /* the tables stay; NULL is fine */
bool nft_is_owned(const struct nft *n);

/*
 * The difference between what is in force for @network and @want (NULL: nothing), one call of
 * @fn an element. Returns the number of elements.
 */
size_t nft_diff(const struct nft *n, const char *network, const struct nft_elements *want,
		void (*fn)(void *data, bool add, const char *what), void *data);

struct nft_change {
	const char *network;
	struct nft_elements *want; /* NULL: nothing */
};
/* One transaction that makes it so, retried when someone else committed meanwhile. Takes the
 * elements over when it returns 0. */
int nft_commit(struct nft *n, struct nft_change *changes, size_t nchanges, struct error *err);
/* After the start: deletes what no network has claimed. */
int nft_sweep(struct nft *n, struct error *err);
/* Reads the kernel's elements and rules again and puts back what is missing or changed. */
int nft_repair(struct nft *n, struct error *err);
/* While forwarding is on only because netd needs it: what is not ours is not forwarded. */
int nft_set_foreign(struct nft *n, sa_family_t family, bool drop, struct error *err);
/* Deletes both tables. */
int nft_purge(struct nft *n, struct error *err);

#endif
