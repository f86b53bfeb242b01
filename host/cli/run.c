/* SPDX-License-Identifier: MIT */
/*
 * `mezzo run`: a command over an image or a root file system in a directory: in a domain that is
 * gone with it, or in one that lasts.
 */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cli/settings.h"
#include "host/cli/start.h"

static const char usage[] =
"Usage: mezzo run [options] IMAGE [--] [COMMAND [ARGUMENTS]]\n"
"       mezzo run [options] --rootfs DIR [--] COMMAND [ARGUMENTS]\n"
"\n"
"Run COMMAND in a fresh domain whose root is a private, copy-on-write view of an image (see\n"
"`mezzo image --help`) or of DIR, neither of which is ever changed. Command, environment, user\n"
"and directory that are not given here are those of the image's config; over DIR the command\n"
"starts in / as user 0 with a small environment.\n"
"\n"
"The domain is gone with its command, and has your standard streams. With --name or -d it is one\n"
"that lasts, as by `mezzo create` and `mezzo start`: it stays after its end, and has your\n"
"standard input with -i alone.\n"
"\n"
"      --name NAME        make a domain that lasts\n"
"  -d, --detach           the same, and return when it runs; prints its name, which is made where\n"
"                         none is given\n"
"      --rm               remove it when it has ended\n"
"  -i, --interactive      connect standard input; without --name and -d it always is\n"
"  -t, --tty              a terminal of its own; without --name and -d it has yours, if any. With\n"
"                         -i standard input must be one; without -i and -d input is at its end\n"
SETTINGS_HELP
"  -h, --help             this text\n"
"\n"
"The exit status is as with `mezzo do`.\n";

static const struct option options[] = {
	SETTINGS_OPTIONS,
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "detach", no_argument, NULL, 'd' },
	{ 0 }
};

static int take_words(struct settings *settings, char **words)
{
	return settings_take_command(settings, words, "run");
}

/* Keys are what a terminal is about: who has none to give is told before anything is made. */
static int check_input(const struct settings *settings)
{
	if (!settings->interactive || !settings->terminal || settings->detach ||
	    isatty(STDIN_FILENO))
		return 0;
	fprintf(stderr, "mezzo: run -it: standard input is not a terminal: leave out -t to give it "
		"as it is, or -i to give none\n");
	return EXIT_MEZZO_FAILED;
}

/* What bounds what a domain keeps is not to be taken for a bound of what goes with its command. */
static int check_bounds(const struct settings *settings)
{
	const char *option = settings->plan.disk_limit ? "--disk" : "--log-size";

	if (settings->name || settings->detach ||
	    (!settings->plan.disk_limit && !settings->log_size))
		return 0;
	fprintf(stderr, "mezzo: run %s is for a domain that lasts: give it a --name, and --rm to "
		"have it removed at its end\n", option);
	return EXIT_MEZZO_FAILED;
}

static int run_lasting(struct settings *settings)
{
	struct domains domains;
	struct folder folder;
	struct error err;
	int status;

	if (domains_open(&domains, settings->plan.store, true, &err))
		return cli_fail(&err);
	if (settings_create(settings, &domains, &folder, &err)) {
		domains_close(&domains);
		return cli_fail(&err);
	}
	if (settings->detach) {
		status = start_detached(&domains, &folder);
		if (!status)
			puts(folder.name);
	} else {
		status = start_attended(&domains, &folder, settings->interactive);
	}
	folder_close(&folder);
	domains_close(&domains);
	return status;
}

static int run_ephemeral(struct settings *settings)
{
	struct error err;

	if (plan_note_streams(&settings->plan, &err) || settings_complete(settings, &err))
		return cli_fail(&err);
	settings->plan.hostname = settings->plan.hostname ? settings->plan.hostname : "mezzo";
	return domain_run(&settings->plan);
}

static int run(struct settings *settings)
{
	int status = check_input(settings);

	if (!status)
		status = check_bounds(settings);
	if (status)
		return status;
	return settings->name || settings->detach ? run_lasting(settings) :
						    run_ephemeral(settings);
}

int verb_run(int argc, char **argv)
{
	static const struct settings_verb verb = {
		.name = "run", .usage = usage, .letters = "+:d" SETTINGS_LETTERS,
		.options = options, .take_words = take_words, .work = run,
	};

	return settings_run(&verb, argc, argv);
}
