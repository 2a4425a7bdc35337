// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long does an attach take, from the request to the descriptors in hand?
 *
 *	attach_bench SOCKET NETWORK COUNT
 *
 * Prints the median and the 99th percentile in microseconds.
 */
#include <time.h>

#include "log.h"
#include "varlink.h"

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void call(struct varlink_client *c, const char *method, json_t *parameters,
		 struct varlink_result *res)
{
	struct error err = { 0 };

	if (varlink_client_call(c, method, parameters, NULL, 0, res, &err) < 0)
		die("%s", err.message);
	if (res->error_name)
		die("%s: %s", method, res->error_name);
}

int main(int argc, char **argv)
{
	struct varlink_client *c;
	struct varlink_result res;
	struct error err = { 0 };
	double *times;
	int n;

	if (argc != 4 || (n = atoi(argv[3])) < 1)
		die("usage: attach_bench SOCKET NETWORK COUNT");
	times = calloc(n, sizeof(*times));
	if (!times || varlink_client_open(argv[1], &c, &err) < 0)
		die("%s", err.message);
	for (int i = 0; i < n; i++) {
		double start = now_us();

		call(c, "io.netd.Attach",
		     json_pack("{s:s, s:s}", "network", argv[2], "name", "bench"), &res);
		times[i] = now_us() - start;
		varlink_result_done(&res);
		/* The tap is gone, but its name lives until netd has heard of it. */
		while (varlink_client_call(c, "io.netd.Detach",
					   json_pack("{s:s, s:s}", "network", argv[2], "name",
						     "bench"),
					   NULL, 0, &res, &err) == 0 &&
		       !res.error_name)
			varlink_result_done(&res);
		varlink_result_done(&res);
	}
	qsort(times, n, sizeof(*times), by_value);
	printf("%.0f %.0f\n", times[n / 2], times[n * 99 / 100]);
	varlink_client_free(c);
	free(times);
	return 0;
}
