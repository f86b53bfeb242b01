/* SPDX-License-Identifier: MIT */
/* `mezzo create`: a lasting domain, which `mezzo start` runs. */
#include <getopt.h>
#include <stdio.h>

#include "host/cli/cli.h"
#include "host/cli/settings.h"

static const char usage[] =
"Usage: mezzo create [options] NAME IMAGE [--] [COMMAND [ARGUMENTS]]\n"
"       mezzo create [options] --rootfs DIR NAME [--] COMMAND [ARGUMENTS]\n"
"\n"
"Make a domain that lasts: it is started by `mezzo start`, as often as you like, and is there\n"
"until `mezzo rm`. NAME begins with a letter or digit; letters, digits and _.- follow, 64 bytes\n"
"at most.\n"
"\n"
"  -i, --interactive      its standard input is what `mezzo start -i` and `mezzo attach` give it\n"
"  -t, --tty              it has a terminal of its own\n"
"      --rm               remove it when it has ended\n"
SETTINGS_HELP
"      --help             this text\n";

static const struct option options[] = { SETTINGS_OPTIONS, { 0 } };

static int take_options(struct settings *settings, int argc, char **argv)
{
	struct error err;
	int option, result;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:" SETTINGS_LETTERS, options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(usage, stdout);
			return -1;
		}
		result = settings_take(settings, option, optarg, &err);
		if (result == 1)
			return cli_fail_option("create", option, argv);
		if (result)
			return cli_fail(&err);
	}
	settings->name = argv[optind];
	if (settings->name)
		return settings_take_command(settings, argv + optind + 1, "create");
	fprintf(stderr, "mezzo: create needs a NAME: try `mezzo create --help`\n");
	return EXIT_MEZZO_FAILED;
}

static int create(struct settings *settings)
{
	struct domains domains;
	struct folder folder;
	struct error err;
	int error;

	if (domains_open(&domains, settings->plan.store, true, &err))
		return cli_fail(&err);
	error = settings_create(settings, &domains, &folder, &err);
	domains_close(&domains);
	if (error)
		return cli_fail(&err);
	puts(folder.name);
	folder_close(&folder);
	return 0;
}

int verb_create(int argc, char **argv)
{
	struct settings settings;
	struct error err;
	int status;

	if (settings_init(&settings, &err))
		return cli_fail(&err);
	status = take_options(&settings, argc, argv);
	if (!status)
		status = create(&settings);
	settings_release(&settings);
	return status < 0 ? 0 : status;
}
