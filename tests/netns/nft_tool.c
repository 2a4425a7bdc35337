// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts networks and ports into nftables through netd/nft alone, without the daemon.
 *
 *	nft_tool [--plain] [--hold] CONFIG-DIR [NETWORK/PORT,IFNAME,MAC,ADDRESS,ADDRESS6[,waiting]]…
 *
 * Prints the elements it committed. --hold: stays until its stdin ends, telling of drift on
 * stdout and repairing it.
 */
#include <net/if.h>

#include "nft_internal.h"

static void drift(void *data, const char *what, pid_t pid, const char *comm)
{
	(void)data;
	printf("drift: %s by %s (%s)\n", what, comm, pid ? "pid known" : "pid unknown");
	fflush(stdout);
}

static void port_parse(struct network *nets, size_t n, char *arg)
{
	struct port *p = calloc(1, sizeof(*p));
	char *field = strchr(arg, '/');

	*field++ = '\0';
	str_copy(p->name, sizeof(p->name), strsep(&field, ","));
	str_copy(p->ifname, sizeof(p->ifname), strsep(&field, ","));
	mac_parse(strsep(&field, ","), &p->mac);
	addr_parse(strsep(&field, ","), &p->addr4);
	addr_parse(strsep(&field, ","), &p->addr6);
	p->state = field && streq(field, "waiting") ? PORT_WAITING : PORT_ATTACHED;
	for (size_t i = 0; i < n; i++) {
		if (!streq(nets[i].name, arg))
			continue;
		p->network = &nets[i];
		HASH_ADD_STR(nets[i].ports, name, p);
	}
}

static void stdin_end(struct source *s, int fd, uint32_t events, void *data)
{
	char c;

	(void)s;
	(void)events;
	if (read(fd, &c, 1) <= 0)
		loop_stop(data, 0);
}

int main(int argc, char **argv)
{
	struct config_errors errors = { 0 };
	struct error err = { 0 };
	struct nft_change *changes;
	struct network *nets;
	struct nft *n = NULL;
	struct config *c;
	struct loop *loop;
	bool plain = false, hold = false;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		plain |= streq(argv[i], "--plain");
		hold |= streq(argv[i], "--hold");
	}
	if (config_load(argv[i++], &c, &errors) < 0)
		die("%s:%d: %s", errors.errors[0].file, errors.errors[0].line,
		    errors.errors[0].message);
	nets = calloc(c->nnetworks, sizeof(*nets));
	changes = calloc(c->nnetworks, sizeof(*changes));
	for (size_t k = 0; k < c->nnetworks; k++) {
		nets[k].config = &c->networks[k];
		str_copy(nets[k].name, sizeof(nets[k].name), c->networks[k].name);
		nets[k].naddresses = c->networks[k].naddresses;
		memcpy(nets[k].addresses, c->networks[k].addresses,
		       sizeof(c->networks[k].addresses));
		mac_parse("02:00:00:00:00:01", &nets[k].mac);
	}
	for (; i < argc; i++)
		port_parse(nets, c->nnetworks, argv[i]);
	if (loop_new(&loop) < 0 ||
	    nft_open(loop, plain ? NFT_OWNER_NO : NFT_OWNER_AUTO, drift, NULL, &n, &err) < 0)
		die("%s", err.message);
	for (size_t k = 0; k < c->nnetworks; k++) {
		changes[k].network = nets[k].name;
		if (nft_elements_new(&changes[k].want) < 0 ||
		    nft_elements_build(&nets[k], changes[k].want) < 0)
			die("out of memory");
		if (c->nnetworks < 5)
			printf("%s", nft_elements_text(changes[k].want));
	}
	if (nft_commit(n, changes, c->nnetworks, &err) < 0 || nft_sweep(n, &err) < 0)
		die("%s", err.message);
	printf("committed, %s\n", nft_is_owned(n) ? "owned" : "plain");
	fflush(stdout);
	if (hold) {
		loop_add_io(loop, STDIN_FILENO, EPOLLIN, stdin_end, loop, NULL);
		loop_run(loop);
	}
	nft_close(n);
	return 0;
}
