/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of a unit test program:
 *
 *	static void addr_parse_refuses_scopes(void) { CU_ASSERT_...; }
 *	UNIT_MAIN("addr", UNIT(addr_parse_refuses_scopes), UNIT(...))
 *
 * Prints failed assertions, then "N passed, N failed, N skipped".
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <CUnit/Basic.h>

struct unit_test {
	const char *name;
	void (*fn)(void);
};

#define UNIT(fn)        \
	{               \
#fn, fn \
	}

static inline int unit_run(const char *name, const struct unit_test *tests, size_t n)
{
	CU_pSuite suite;
	unsigned failed, run;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	suite = CU_add_suite(name, NULL, NULL);
	for (size_t i = 0; suite && i < n; i++)
		CU_add_test(suite, tests[i].name, tests[i].fn);
	CU_basic_set_mode(CU_BRM_SILENT);
	CU_basic_run_tests();
	CU_basic_show_failures(CU_get_failure_list());
	failed = CU_get_number_of_tests_failed();
	run = CU_get_number_of_tests_run();
	CU_cleanup_registry();
	printf("\n%u passed, %u failed, 0 skipped\n", run - failed, failed);
	return failed || run != n ? 1 : 0;
}

#define UNIT_MAIN(name, ...)                                                    \
	int main(void)                                                          \
	{                                                                       \
		const struct unit_test tests[] = { __VA_ARGS__ };               \
		return unit_run(name, tests, sizeof(tests) / sizeof(tests[0])); \
	}

#endif
