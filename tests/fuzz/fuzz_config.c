// SPDX-License-Identifier: GPL-2.0-or-later
/* A networks file of any bytes: parsed, checked, turned into JSON. */
#include <sys/mman.h>
#include <sys/stat.h>

#include "config.h"

static const char *fuzz_dir(void)
{
	static char dir[64];

	if (!dir[0]) {
		char path[128];

		str_copy(dir, sizeof(dir), "/tmp/netd-fuzz.XXXXXX");
		if (!mkdtemp(dir))
			abort();
		snprintf(path, sizeof(path), "%s/networks", dir);
		if (mkdir(path, 0755) < 0)
			abort();
	}
	return dir;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_errors errors = { 0 };
	struct config *c = NULL;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/networks/a.conf", fuzz_dir());
	f = fopen(path, "we");
	if (!f)
		abort();
	fwrite(data, 1, size, f);
	fclose(f);
	if (config_load(fuzz_dir(), &c, &errors) == 0) {
		for (size_t i = 0; i < c->nnetworks; i++)
			json_decref(config_network_json(&c->networks[i]));
	} else if (!errors.n) {
		abort(); /* refused without a reason */
	}
	config_errors_done(&errors);
	config_free(c);
	return 0;
}
