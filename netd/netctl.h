/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the netctl_*.c files: the connection, the options every verb has, tables. */
#ifndef NETD_NETCTL_H
#define NETD_NETCTL_H

#include <jansson.h>

#include "error.h"
#include "varlink.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct netctl {
	const char *socket;
	bool json;
	struct varlink_client *client; /* opened at the first call */
};

struct netctl_verb {
	const char *name;
	const char *synopsis;				     /* what follows the name */
	const char *help;				     /* one line */
	const char *details;				     /* more lines for --help, or NULL */
	int (*run)(struct netctl *c, int argc, char **argv); /* argv[0] is the verb */
};

/*
 * A call; prints the error with its cause and its fix when it fails.
 * Return: 0 with @ret filled (varlink_result_done() it), or an exit status.
 */
int netctl_call(struct netctl *c, const char *method, json_t *parameters, const int *fds,
		size_t nfds, struct varlink_result *ret);
/* "netctl: …" on stderr; returns EXIT_FAILED. */
int netctl_fail(const char *fmt, ...) _printf_(1, 2);
/* "netctl VERB: …, see netctl VERB --help"; returns EXIT_USAGE. */
int netctl_usage(const char *verb, const char *fmt, ...) _printf_(2, 3);
/* Prints the error of a result; returns EXIT_FAILED. */
int netctl_print_error(const struct varlink_result *r);
void netctl_print_json(const json_t *json);

/* A table: columns as wide as their widest cell, a header, two blanks between. */
struct table {
	char ***rows;
	size_t nrows, ncols;
};
void table_init(struct table *t, size_t ncols);
/* @ncols strings. */
void table_row(struct table *t, ...);
void table_print(const struct table *t);
void table_done(struct table *t);

/* "10.77.0.1 fd77::1" */
void netctl_join(const json_t *array, char *buf, size_t size);
const char *netctl_str(const json_t *object, const char *key);
long long netctl_int(const json_t *object, const char *key);
/* Is stdout a terminal where colours are welcome? */
bool netctl_colours(void);

int netctl_list(struct netctl *c, int argc, char **argv);
int netctl_show(struct netctl *c, int argc, char **argv);
int netctl_ports(struct netctl *c, int argc, char **argv);
int netctl_leases(struct netctl *c, int argc, char **argv);
int netctl_monitor(struct netctl *c, int argc, char **argv);
int netctl_metrics(struct netctl *c, int argc, char **argv);
int netctl_graph(struct netctl *c, int argc, char **argv);
int netctl_check(struct netctl *c, int argc, char **argv);
int netctl_plan(struct netctl *c, int argc, char **argv);
int netctl_apply(struct netctl *c, int argc, char **argv);
int netctl_confirm(struct netctl *c, int argc, char **argv);
int netctl_purge(struct netctl *c, int argc, char **argv);
int netctl_attach(struct netctl *c, int argc, char **argv);
int netctl_detach(struct netctl *c, int argc, char **argv);
int netctl_run(struct netctl *c, int argc, char **argv);

#endif
