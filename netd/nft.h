/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our two nftables tables, `inet netd` and `bridge netd`, through libmnl and
 * libnftnl. The chains are fixed; what networks, ports and forwards add are
 * elements of hash sets and verdict maps. So the desired state of a network is
 * a list of elements, a change is the difference of two lists, and a commit
 * is one transaction guarded by the generation id.
 */
#ifndef NETD_NFT_H
#define NETD_NFT_H

#include "netd.h"

struct nft;

/* Opaque: the elements one network (its ports and forwards included) should have. Pure. */
struct nft_elements;
int nft_elements_new(struct nft_elements **ret);
void nft_elements_free(struct nft_elements *e);
/* Pure: from the network's config, addresses and ports in state ATTACHED or WAITING. */
int nft_elements_build(const struct network *net, struct nft_elements *e);

enum nft_owner { NFT_OWNER_AUTO, NFT_OWNER_YES, NFT_OWNER_NO };

/* Told when someone else changed our tables; pid and comm of who did, where the kernel says. */
typedef void (*nft_drift_fn)(void *data, const char *what, pid_t pid, const char *comm);

/*
 * Opens the sockets, makes or adopts the tables (owned and persistent where
 * the kernel can, else plain and watched) and loads what they hold.
 */
int nft_open(struct loop *l, enum nft_owner owner, nft_drift_fn fn, void *data, struct nft **ret,
	     struct error *err);
void nft_close(struct nft *n); /* the tables stay */
bool nft_is_owned(const struct nft *n);

/*
 * The difference between what is in force for @network and @want (NULL: nothing),
 * one call of @fn a line ("add forward tcp/2222 → 10.77.0.10:22"). Returns the number of lines.
 */
size_t nft_diff(const struct nft *n, const char *network, const struct nft_elements *want,
		void (*fn)(void *data, const char *line), void *data);
/* One transaction that makes it so; retried on a foreign generation. Takes @want on success. */
int nft_commit(struct nft *n, const char *network, struct nft_elements *want, struct error *err);
/* The same for many networks at once (start, apply): one batch, as few transactions as fit. */
struct nft_change {
	const char *network;
	struct nft_elements *want;
};
int nft_commit_many(struct nft *n, struct nft_change *changes, size_t nchanges, struct error *err);
/* Re-reads the tables from the kernel and puts back what is missing or changed; number of repairs. */
int nft_repair(struct nft *n, struct error *err);
/* Networks that have elements in force (after a restart): name by name. */
void nft_networks(const struct nft *n, void (*fn)(void *data, const char *network), void *data);
/* Deletes both tables. */
int nft_purge(struct nft *n, struct error *err);

#endif
