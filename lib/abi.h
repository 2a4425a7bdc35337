/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel constants that Debian 12's headers (6.1) lack, each with the kernel
 * version that brought it. Everything else comes from <linux/...>.
 */
#ifndef LIB_ABI_H
#define LIB_ABI_H

#include <linux/netfilter/nf_tables.h>

#define ABI_NFT_TABLE_F_OWNER 0x2   /* 5.12 */
#define ABI_NFT_TABLE_F_PERSIST 0x4 /* 6.9 */

#endif
