/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process gives up once it is set up: capabilities (libcap-ng), new
 * privileges, the file system (Landlock, as far as the kernel has it) and
 * system calls (libseccomp allow-list).
 */
#ifndef LIB_SANDBOX_H
#define LIB_SANDBOX_H

#include "error.h"

/* One allowed system call; its reason stands beside it in the caller's table. */
struct sandbox_syscall {
	int nr; /* SCMP_SYS(name) */
	/* arg < 0: any arguments; else argument number @arg must equal one of the entries with
	 * the same nr (ioctl requests, socket families, prctl options). */
	int arg;
	uint64_t value;
};

struct sandbox_path {
	const char *path;
	bool write; /* else read-only */
	bool execute;
};

/* Drops all capabilities but @keep (libcap-ng CAP_*), from the bounding set too. */
int sandbox_drop_capabilities(const int *keep, size_t nkeep, struct error *err);
int sandbox_no_new_privs(struct error *err);
/* Landlock; a kernel without it is 0 with *ret_abi 0, so that the caller can say so. */
int sandbox_landlock(const struct sandbox_path *paths, size_t npaths, int *ret_abi,
		     struct error *err);
/*
 * Loads the allow-list for the calling thread (@all_threads: TSYNC). A call
 * outside it kills the process. Needs no_new_privs. $SANDBOX_TRAP=log, for finding what is missing,
 * lets it pass and leaves a line in the kernel's log; who can set it starts the program anyway.
 */
int sandbox_seccomp(const struct sandbox_syscall *allowed, size_t n, bool all_threads,
		    struct error *err);

#endif
