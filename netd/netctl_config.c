// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs about the configuration: check, plan, apply, confirm, purge.
 */
#include "config.h"
#include "netctl.h"

int netctl_check(struct netctl *c, int argc, char **argv)
{
	const char *dir = argc > 1 ? argv[1] : "/etc/netd";
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int r;

	if (argc > 2)
		return netctl_usage(argv[0], "it takes one directory at most");
	r = config_load(dir, &config, &errors);
	if (c->json) {
		json_t *j = json_pack("{s:s, s:b, s:o}", "directory", dir, "good", r == 0, "errors",
				      config_errors_json(&errors));

		netctl_print_json(j);
		json_decref(j);
	}
	for (size_t i = 0; i < errors.n; i++) {
		if (errors.errors[i].line)
			fprintf(stderr, "%s:%d: %s\n", errors.errors[i].file, errors.errors[i].line,
				errors.errors[i].message);
		else
			fprintf(stderr, "%s: %s\n", errors.errors[i].file,
				errors.errors[i].message);
	}
	if (r == 0 && !c->json)
		printf("%s: good, %zu network%s\n", dir, config->nnetworks,
		       config->nnetworks == 1 ? "" : "s");
	config_errors_done(&errors);
	config_free(config);
	return r == 0 ? EXIT_DONE : EXIT_FAILED;
}

static void print_steps(struct netctl *c, const json_t *parameters, const char *nothing)
{
	const json_t *steps = json_object_get(parameters, "steps");
	json_t *s;
	size_t i;

	if (c->json) {
		netctl_print_json(steps);
		return;
	}
	if (!json_array_size(steps))
		puts(nothing);
	json_array_foreach(steps, i, s) {
		printf("%s: %s%s\n", netctl_str(s, "network"), netctl_str(s, "text"),
		       json_is_true(json_object_get(s, "interrupts")) ? "  (interrupts)" : "");
	}
}

int netctl_plan(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	int status;

	if (argc > 1)
		return netctl_usage(argv[0], "it takes no '%s'", argv[1]);
	status = netctl_call(c, "io.netd.Plan", NULL, NULL, 0, &res);
	if (status)
		return status;
	print_steps(c, res.parameters, "nothing to do");
	varlink_result_done(&res);
	return EXIT_DONE;
}

int netctl_apply(struct netctl *c, int argc, char **argv)
{
	json_t *parameters = json_object();
	struct varlink_result res;
	long seconds = 0;
	int status;

	if (argc > 1) {
		char *end = NULL;

		if (streq(argv[1], "--confirm") && argc == 3)
			seconds = strtol(argv[2], &end, 10);
		else if (str_has_prefix(argv[1], "--confirm=") && argc == 2)
			seconds = strtol(argv[1] + strlen("--confirm="), &end, 10);
		if (!end || *end || seconds < 1 || seconds > 86400) {
			json_decref(parameters);
			return netctl_usage(argv[0], "expected --confirm SECONDS, 1 to 86400");
		}
		json_object_set_new(parameters, "confirm_seconds", json_integer(seconds));
	}
	status = netctl_call(c, "io.netd.Apply", parameters, NULL, 0, &res);
	if (status)
		return status;
	print_steps(c, res.parameters, "nothing to do, it is so already");
	if (seconds && !c->json && json_array_size(json_object_get(res.parameters, "steps")))
		printf("it is undone in %ld seconds unless you say: netctl confirm\n", seconds);
	varlink_result_done(&res);
	return EXIT_DONE;
}

static int simple(struct netctl *c, int argc, char **argv, const char *method, const char *done)
{
	struct varlink_result res;
	int status;

	if (argc > 1)
		return netctl_usage(argv[0], "it takes no '%s'", argv[1]);
	status = netctl_call(c, method, NULL, NULL, 0, &res);
	if (status)
		return status;
	if (c->json)
		netctl_print_json(res.parameters);
	else
		puts(done);
	varlink_result_done(&res);
	return EXIT_DONE;
}

int netctl_confirm(struct netctl *c, int argc, char **argv)
{
	return simple(c, argc, argv, "io.netd.Confirm", "confirmed, it stays");
}

int netctl_purge(struct netctl *c, int argc, char **argv)
{
	return simple(c, argc, argv, "io.netd.Purge", "everything that netd made is gone");
}
