/* SPDX-License-Identifier: MIT */
/* `mezzo inspect`: what this host offers, and what domains may ask of it. */
#include <getopt.h>
#include <stdio.h>

#include "host/cli/cli.h"
#include "host/cli/list.h"
#include "host/launch/filter.h"
#include "host/launch/layer.h"
#include "host/launch/processor.h"

static const char usage[] =
"Usage: mezzo inspect [--seccomp]\n"
"       mezzo inspect [--store DIR] NAME...\n"
"\n"
"Show what this host offers to domains. With --seccomp: the host calls that a domain may make,\n"
"with the arguments that are allowed, and why. With NAMEs: all that is known of those domains, as\n"
"a JSON array.\n";

static const struct option options[] = {
	{ "seccomp", no_argument, NULL, 's' },
	CLI_STORE_OPTIONS,
	{ 0 }
};

static int inspect_host(void)
{
	struct layer layer;
	struct error err;
	uint64_t mask, size;

	processor_xsave(&mask, &size);
	printf("boundary version  %d\n", BOUNDARY_VERSION);
	printf("FSGSBASE          %s\n",
	       processor_has_fsgsbase() ? "yes" : "no: no domain can run");
	printf("protection keys   %s\n", processor_allocate_key() >= 0 ? "yes" :
	       "no: nothing guards a system layer against its own programs");
	printf("XSAVE area        %lu bytes, components 0x%lx\n", (unsigned long)size,
	       (unsigned long)mask);
	if (layer_open(&layer, NULL, &err))
		return cli_fail(&err);
	printf("system layer      %s\n", layer.path);
	layer_release(&layer);
	return 0;
}

static int inspect_one(const struct domains *domains, struct folder *folder, void *data)
{
	size_t *count = data;
	struct domain_record record;
	enum domain_state state;
	struct error err;

	(void)domains;
	if (domain_state_load(folder, &record, &state, &err)) {
		error_context(&err, "domain %s", folder->name);
		return cli_fail(&err);
	}
	putchar(*count ? ',' : '[');
	list_print_json(folder, &record, state);
	domain_record_release(&record);
	++*count;
	return 0;
}

int verb_inspect(int argc, char **argv)
{
	struct cli_names names = { .verb = "inspect", .usage = usage };
	bool filter = false;
	size_t count = 0;
	int option, status;

	while ((option = cli_next_option(&names, argc, argv, ":", options)) > 0)
		filter = true;
	if (!option && !argv[optind]) {
		if (!filter)
			return inspect_host();
		filter_print(stdout);
		return 0;
	}
	if (!option && filter) {
		fprintf(stderr, "mezzo: inspect --seccomp takes no names\n");
		return EXIT_MEZZO_FAILED;
	}
	status = cli_each_domain(&names, option, argv + optind, inspect_one, &count);
	if (count)
		puts("]");
	return status;
}
