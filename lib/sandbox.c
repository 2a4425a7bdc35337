// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a process gives up once it is set up: capabilities, new privileges,
 * the file system, system calls. No state; acts on the calling thread (and,
 * where said, on all). capabilities(7), landlock(7), seccomp(2).
 */
#include "sandbox.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int sandbox_drop_capabilities(const int *keep, size_t nkeep, struct error *err)
{
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < nkeep; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			     keep[i]);
	/* The bounding set can only shrink with CAP_SETPCAP, which an ordinary user has not. */
	if (capng_apply(CAPNG_SELECT_BOTH) < 0 && capng_apply(CAPNG_SELECT_CAPS) < 0)
		return error_set(err, EPERM, "cannot drop capabilities");
	return 0;
}

int sandbox_no_new_privs(struct error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "no_new_privs: %s", strerror(errno));
	return 0;
}

/* Access rights by ABI version, landlock(7). Bookworm's header knows the first two. */
#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_V1 (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1)
#define RIGHTS_WRITE                                                      \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)

static int landlock_add(int ruleset, const struct sandbox_path *p, struct error *err)
{
	_cleanup_close_ int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };

	if (fd < 0)
		return errno == ENOENT ? 0
				       : error_set(err, errno, "%s: %s", p->path, strerror(errno));
	rule.allowed_access = RIGHTS_READ | (p->write ? RIGHTS_WRITE : 0) |
			      (p->execute ? LANDLOCK_ACCESS_FS_EXECUTE : 0);
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
		return 0;
	/* A file, not a directory: the directory rights do not apply. */
	rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			       LANDLOCK_ACCESS_FS_EXECUTE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return error_set(err, errno, "landlock: %s: %s", p->path, strerror(errno));
	return 0;
}

int sandbox_landlock(const struct sandbox_path *paths, size_t npaths, int *ret_abi,
		     struct error *err)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = RIGHTS_V1 };
	_cleanup_close_ int ruleset = -1;
	int abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 1) {
		*ret_abi = 0;
		return 0;
	}
	if (abi >= 2)
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return error_set(err, errno, "landlock: %s", strerror(errno));
	for (size_t i = 0; i < npaths; i++) {
		int r = landlock_add(ruleset, &paths[i], err);

		if (r < 0)
			return r;
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return error_set(err, errno, "landlock: %s", strerror(errno));
	*ret_abi = abi;
	return 0;
}

int sandbox_seccomp(const struct sandbox_syscall *allowed, size_t n, bool all_threads,
		    struct error *err)
{
	const char *trap = getenv("SANDBOX_TRAP");
	uint32_t otherwise = SCMP_ACT_KILL_PROCESS;
	scmp_filter_ctx ctx;
	int r = 0;

	if (trap && streq(trap, "log"))
		otherwise = SCMP_ACT_LOG;
	ctx = seccomp_init(otherwise);
	if (!ctx)
		return error_set(err, ENOMEM, "seccomp: out of memory");
	if (all_threads)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct sandbox_syscall *s = &allowed[i];

		if (s->arg < 0)
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, s->nr, 0);
		else
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, s->nr, 1,
					     SCMP_CMP(s->arg, SCMP_CMP_EQ, s->value));
	}
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r < 0 ? error_set(err, -r, "seccomp: %s", strerror(-r)) : 0;
}
