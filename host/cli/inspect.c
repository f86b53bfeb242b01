/* SPDX-License-Identifier: MIT */
/* `mezzo inspect`: what this host offers, what domains may ask of it, and about domains. */
#include <getopt.h>
#include <stdio.h>

#include "host/cli/cli.h"
#include "host/cli/facts.h"
#include "host/launch/filter.h"
#include "host/launch/layer.h"
#include "host/launch/processor.h"

static const char usage[] =
"Usage: mezzo inspect [--seccomp]\n"
"       mezzo inspect [-f FORMAT] [--store DIR] NAME...\n"
"\n"
"Show what this host offers to domains. With NAMEs: all that is known of those domains, as a JSON\n"
"array, or a line for each in a format.\n"
"\n"
"      --seccomp          the host calls that a domain may make, with the arguments that are\n"
"                         allowed, and why\n"
"  -f, --format FORMAT    text with {{.FACT}} in it, or {{json .FACT}}. FACT is a name of the\n"
"                         JSON, as status, or docker's: State.Status, State.Running,\n"
"                         State.ExitCode, State.Pid, State.StartedAt, State.FinishedAt, Name,\n"
"                         Created, Config.Image, Config.Cmd, Config.Env, Config.User, ...\n"
"      --store DIR        where domains are\n"
"  -h, --help             this text\n";

static const struct option options[] = {
	{ "seccomp", no_argument, NULL, 's' },
	{ "format", required_argument, NULL, 'f' },
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

struct inspection {
	const char *format;		/* NULL: JSON */
	size_t count;
};

static int inspect_one(const struct domains *domains, struct folder *folder, void *data)
{
	struct inspection *inspection = data;
	struct domain_record record;
	enum domain_state state;
	struct error err;

	(void)domains;
	if (domain_state_load(folder, &record, &state, &err)) {
		error_context(&err, "domain %s", folder->name);
		return cli_fail(&err);
	}
	if (inspection->format) {
		facts_print_format(inspection->format, folder, &record, state);
	} else {
		putchar(inspection->count ? ',' : '[');
		facts_print_json(folder, &record, state);
	}
	domain_record_release(&record);
	inspection->count++;
	return 0;
}

static int inspect_domains(struct cli_names *names, const char *format, int option, char **words)
{
	struct inspection inspection = { .format = format };
	struct error err;
	int status;

	if (format && facts_check_format(format, &err))
		return cli_fail(&err);
	status = cli_each_domain(names, option, words, inspect_one, &inspection);
	if (inspection.count && !format)
		puts("]");
	return status;
}

int verb_inspect(int argc, char **argv)
{
	struct cli_names names = { .verb = "inspect", .usage = usage };
	const char *format = NULL;
	bool filter = false;
	int option;

	while ((option = cli_next_option(&names, argc, argv, ":f:", options)) > 0) {
		filter |= option == 's';
		format = option == 'f' ? optarg : format;
	}
	if (!option && !argv[optind] && !format) {
		if (!filter)
			return inspect_host();
		filter_print(stdout);
		return 0;
	}
	if (!option && filter) {
		fprintf(stderr, "mezzo: inspect --seccomp takes no names\n");
		return EXIT_MEZZO_FAILED;
	}
	return inspect_domains(&names, format, option, argv + optind);
}
