// SPDX-License-Identifier: GPL-2.0-or-later
/* lib/sandbox: what is given up is gone, what is kept works. Each in a child of its own. */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "sandbox.h"
#include "unit.h"

static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(fn());
	waitpid(pid, &status, 0);
	return status;
}

static const struct sandbox_syscall few[] = {
	{ SCMP_SYS(write), -1, 0 },
	{ SCMP_SYS(exit_group), -1, 0 },
	{ SCMP_SYS(socket), 0, AF_UNIX },
	/* what the sanitizers do at a call and at the end */
	{ SCMP_SYS(sigaltstack), -1, 0 },
	{ SCMP_SYS(munmap), -1, 0 },
	{ SCMP_SYS(mmap), -1, 0 },
	{ SCMP_SYS(madvise), -1, 0 },
	{ SCMP_SYS(getpid), -1, 0 },
	{ SCMP_SYS(gettid), -1, 0 },
	{ SCMP_SYS(close), -1, 0 },
};

static int enter(void)
{
	struct error err = { 0 };

	if (sandbox_no_new_privs(&err) < 0 ||
	    sandbox_seccomp(few, ARRAY_SIZE(few), false, &err) < 0)
		return -1;
	return 0;
}

static int allowed_calls(void)
{
	if (enter() < 0)
		return 1;
	return write(-1, "", 0) == -1 && socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 2;
}

static int another_call(void)
{
	if (enter() < 0)
		return 1;
	return open("/dev/null", O_RDONLY);
}

static int another_argument(void)
{
	if (enter() < 0)
		return 1;
	return socket(AF_INET, SOCK_STREAM, 0);
}

static void the_allow_list_lets_its_calls_pass(void)
{
	int status = in_child(allowed_calls);

	CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void another_call_ends_the_process(void)
{
	int status = in_child(another_call);

	CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void another_argument_ends_the_process(void)
{
	int status = in_child(another_argument);

	CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static int drop_all_but_one(void)
{
	const int keep[] = { CAP_NET_ADMIN };
	struct error err = { 0 };

	if (geteuid() != 0)
		return 0;
	if (sandbox_drop_capabilities(keep, 1, &err) < 0)
		return 1;
	if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) != 0 ||
	    prctl(PR_CAPBSET_READ, CAP_NET_ADMIN) != 1)
		return 2;
	return unshare(CLONE_NEWNS) == 0 ? 3 : 0;
}

static void dropped_capabilities_are_gone(void)
{
	int status = in_child(drop_all_but_one);

	CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int only_tmp(void)
{
	const struct sandbox_path paths[] = { { "/tmp", true, false } };
	struct error err = { 0 };
	int abi = -1, fd;

	if (sandbox_no_new_privs(&err) < 0 ||
	    sandbox_landlock(paths, ARRAY_SIZE(paths), &abi, &err) < 0)
		return 1;
	fd = open("/etc/hostname", O_RDONLY);
	/* A kernel without Landlock says so by ABI 0, and nothing is closed. */
	return (abi == 0) == (fd >= 0 || errno == ENOENT) ? 0 : 2;
}

static void landlock_closes_the_rest_or_says_that_it_cannot(void)
{
	int status = in_child(only_tmp);

	CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

UNIT_MAIN("sandbox", UNIT(the_allow_list_lets_its_calls_pass), UNIT(another_call_ends_the_process),
	  UNIT(another_argument_ends_the_process), UNIT(dropped_capabilities_are_gone),
	  UNIT(landlock_closes_the_rest_or_says_that_it_cannot))
