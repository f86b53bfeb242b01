/* SPDX-License-Identifier: MIT */
/* `mezzo inspect`: what this host offers, and what domains may ask of it. */
#include <stdio.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/launch/filter.h"
#include "host/launch/layer.h"
#include "host/launch/processor.h"

static const char usage[] =
"Usage: mezzo inspect [--seccomp]\n"
"\n"
"Show what this host offers to domains. With --seccomp: the host calls that a domain may make,\n"
"with the arguments that are allowed, and why.\n";

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

int verb_inspect(int argc, char **argv)
{
	if (argc == 1)
		return inspect_host();
	if (argc == 2 && !strcmp(argv[1], "--seccomp")) {
		filter_print(stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	fprintf(stderr, "mezzo: inspect knows only --seccomp: try `mezzo inspect --help`\n");
	return EXIT_MEZZO_FAILED;
}
