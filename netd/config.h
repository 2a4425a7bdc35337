/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration: DIR/netd.conf and DIR/networks/ *.conf, parsed (libconfuse) and
 * checked, as plain data. Nothing here asks the kernel; what a network may not
 * collide with on this host is checked by the caller with config_check_host().
 */
#ifndef NETD_CONFIG_H
#define NETD_CONFIG_H

#include <jansson.h>
#include <net/if.h>
#include <sys/types.h>

#include "addr.h"
#include "error.h"

#define NETWORK_NAME_MAX 63 /* a DNS label, and part of marks and file names */
#define PORT_NAME_MAX 63    /* a DNS label */
#define NETWORK_ADDRESSES_MAX 8
#define NETWORKS_MAX 4096

enum net_mode { MODE_NAT, MODE_ROUTE, MODE_ISOLATED, MODE_BRIDGE, NET_NMODES };
enum guard_mode { GUARD_FULL, GUARD_MAC, GUARD_OFF, GUARD_NMODES };
const char *net_mode_name(enum net_mode m);
const char *guard_mode_name(enum guard_mode m);

struct config_option {	 /* dhcp option "42" { value = "…" } */
	unsigned number; /* 1–254; 0 with v6 set: DHCPv6 option */
	char *value;	 /* dnsmasq's own syntax after the comma */
	bool v6;
	int line;
};

struct config_record { /* dns record, srv, txt */
	enum { RECORD_ADDRESS, RECORD_SRV, RECORD_TXT } kind;
	char *name;		  /* relative names are completed with the domain */
	struct addr addresses[4]; /* RECORD_ADDRESS */
	size_t naddresses;
	char *target; /* SRV: host */
	uint16_t port, priority, weight;
	char *text; /* TXT */
	int line;
};

struct config_host { /* host "web" { mac, address } */
	char *name;
	struct mac mac; /* not set: derived */
	struct addr addr4, addr6;
	int line;
};

struct config_forward {	      /* forward "tcp/8000-8010" { to = "web:80", listen = "192.0.2.1" } */
	uint8_t protocol;     /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t first, last; /* host ports, host order */
	char *to_name;	      /* port name; NULL when to_addr is set */
	struct addr to_addr;
	uint16_t to_port;   /* guest port of `first`; the rest follow one to one */
	struct addr listen; /* not set: every address of the host */
	int line;
};

struct config_network {
	char name[NETWORK_NAME_MAX + 1];
	char *file;
	int line; /* of the section; of single keys below */
	int address_line, uplink_line, bridge_line, ports_line;
	enum net_mode mode;
	struct prefix addresses[NETWORK_ADDRESSES_MAX]; /* the host's own: gateway/len */
	size_t naddresses;
	bool address_given; /* rightly or not: what was wrong is told already */
	bool address_auto; /* "auto": addresses[] is filled in by netd, remembered in the state dir */
	char *uplink;	   /* "auto" → NULL for nat/route; bridge: NIC name, or NULL */
	char bridge[IFNAMSIZ];
	bool bridge_given; /* else br-NAME */
	unsigned mtu;	   /* 0: not given (1500, or the existing bridge's) */
	enum guard_mode guard;
	bool isolated;
	bool host_access; /* isolated mode: default false, others true */
	char **ports;	  /* interface name patterns, fnmatch(3) */
	size_t nports;

	struct {
		bool enabled;		  /* default: true unless mode bridge */
		struct addr_range range;  /* family unset: the whole prefix but the gateway */
		struct addr_range range6; /* likewise */
		unsigned lease_s;	  /* 0: infinite */
		struct config_option *options;
		size_t noptions;
		char *bootfile, *tftp_root;
		struct addr next_server;
	} dhcp;
	struct {
		bool enabled;
		char *domain; /* default NAME.internal */
		struct addr *forwarders;
		size_t nforwarders;
		struct config_record *records;
		size_t nrecords;
		bool resolve_on_host;
	} dns;
	struct config_host *hosts;
	size_t nhosts;
	struct config_forward *forwards;
	size_t nforwards;
	struct {
		char **users, **groups;
		size_t nusers, ngroups;
		uid_t *uids; /* as the names resolved when the file was read; unknown ones are left
				out */
		gid_t *gids;
		size_t nuids, ngids;
		unsigned max_ports; /* per uid; default 32 */
	} allow;
};

struct config {
	struct config_network *networks; /* sorted by name */
	size_t nnetworks;
	/* netd.conf */
	unsigned dnsmasq_idle_s; /* default 60 */
	unsigned hook_timeout_s; /* default 10 */
	char *nft_owner;	 /* "auto" (default), "yes", "no": owned + persistent table */
	int log_level;
};

struct config_error {
	char *file;
	int line; /* 0: the whole file */
	char *message;
};

struct config_errors {
	struct config_error *errors;
	size_t n;
};
void config_errors_add(struct config_errors *e, const char *file, int line, const char *fmt, ...)
	_printf_(4, 5);
void config_errors_done(struct config_errors *e);
json_t *config_errors_json(const struct config_errors *e);

/**
 * config_load() - read and check a whole configuration
 * @dir: /etc/netd
 * @ret: the configuration, on success only
 * @errors: every semantic error of all files, and one syntax error a file
 *
 * Return: 0; -EINVAL with @errors filled; or -errno.
 */
int config_load(const char *dir, struct config **ret, struct config_errors *errors);
void config_free(struct config *c); /* NULL is fine */
static inline void config_freep(struct config **c)
{
	config_free(*c);
	*c = NULL;
}
const struct config_network *config_find(const struct config *c, const char *name);
/* Everything but files and lines. The caller releases it. */
json_t *config_network_json(const struct config_network *n);
bool config_network_equal(const struct config_network *a, const struct config_network *b);

/* What the host has of its own (not netd's): for overlap checks. */
struct config_host_prefix {
	struct prefix prefix;
	char ifname[IFNAMSIZ];
	bool route; /* else an address */
};
/* Errors for subnets that overlap what the host uses. 0 or -EINVAL. */
int config_check_host(const struct config *c, const struct config_host_prefix *prefixes, size_t n,
		      struct config_errors *errors);
/* Near matches of @name, for errors: at most @max, best first (edit distance). Borrowed strings. */
size_t name_near(const char *name, const char *const names[], size_t n, const char **ret,
		 size_t max);
/* "br-NAME", or "br-" + its beginning + a hash where that is too long. */
void config_bridge_name(const char *network, char ret[static IFNAMSIZ]);
/* dev_valid_name() of the kernel. */
bool ifname_valid(const char *name);
/* 64 well-mixed bits, the same for ever: interface names, MACs and addresses come of it. */
uint64_t name_hash(const char *text);
/* A DNS label: 1–63 of a-z 0-9 -, not at the ends. */
bool name_valid(const char *name);

#endif
