/* SPDX-License-Identifier: MIT */
/* `mezzo create`: a lasting domain, which `mezzo start` runs. */
#include <getopt.h>
#include <stdio.h>

#include "host/cli/cli.h"
#include "host/cli/settings.h"

static const char usage[] =
"Usage: mezzo create [options] NAME IMAGE [--] [COMMAND [ARGUMENTS]]\n"
"       mezzo create [options] --rootfs DIR NAME [--] COMMAND [ARGUMENTS]\n"
"       mezzo create [options] --name NAME IMAGE [--] [COMMAND [ARGUMENTS]]\n"
"\n"
"Make a domain that lasts: it is started by `mezzo start`, as often as you like, and is there\n"
"until `mezzo rm`. NAME begins with a letter or digit; letters, digits and _.- follow, 64 bytes\n"
"at most.\n"
"\n"
"      --name NAME        the domain's name, in place of the first word\n"
"  -i, --interactive      its standard input is what `mezzo start -i` and `mezzo attach` give it\n"
"  -t, --tty              it has a terminal of its own\n"
"      --rm               remove it when it has ended\n"
SETTINGS_HELP
"  -h, --help             this text\n";

static const struct option options[] = {
	SETTINGS_OPTIONS,
	{ "name", required_argument, NULL, OPTION_NAME },
	{ 0 }
};

static int take_words(struct settings *settings, char **words)
{
	if (!settings->name)
		settings->name = *words ? *words++ : NULL;
	if (settings->name)
		return settings_take_command(settings, words, "create");
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
	static const struct settings_verb verb = {
		.name = "create", .usage = usage, .letters = "+:" SETTINGS_LETTERS,
		.options = options, .take_words = take_words, .work = create,
	};

	return settings_run(&verb, argc, argv);
}
