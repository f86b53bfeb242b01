/* SPDX-License-Identifier: MIT */
/* `mezzo run`: a command in a fresh domain over a root file system in a directory. */
#include <getopt.h>
#include <stdio.h>

#include "host/cli/cli.h"

static const char usage[] =
"Usage: mezzo run --rootfs DIR [options] [--] COMMAND [ARGUMENTS]\n"
"\n"
"Run COMMAND in a fresh domain whose root is a private, copy-on-write view of DIR: DIR itself is\n"
"never changed. The command starts in / as user 0 with a small environment.\n"
"\n"
"      --rootfs DIR       the root file system\n"
"  -e, --env NAME=VALUE   set a variable; NAME alone takes your value\n"
"  -w, --workdir DIR      start in DIR\n"
"  -u, --user UID[:GID]   start as this user, as numbers\n"
"      --hostname NAME    what the domain calls itself\n"
"      --trace            print each system call of the programs to stderr\n"
"      --trace-file FILE  the same, to FILE\n"
"      --log-file FILE    the system layer's log goes to FILE instead of stderr\n"
"      --verbose          log more: calls that are lacking, warnings\n"
"      --layer FILE       use another system layer\n"
"      --no-key           run without the wall between programs and their system layer\n"
"  -i, --interactive      accepted for others' habits; stdin is always connected\n"
"      --help             this text\n"
"\n"
"The exit status is as with `mezzo do`.\n";

static const struct option options[] = {
	CLI_COMMON_OPTIONS,
	{ "rootfs", required_argument, NULL, OPTION_ROOTFS },
	{ "user", required_argument, NULL, 'u' },
	{ 0 }
};

static int take_options(struct plan *plan, int argc, char **argv)
{
	struct error err;
	int option, result;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:e:w:u:i", options, NULL)) != -1) {
		switch (option) {
		case OPTION_HELP:
			fputs(usage, stdout);
			return -1;
		case OPTION_ROOTFS:
			plan->rootfs = optarg;
			continue;
		case 'u':
			result = plan_set_user(plan, optarg, &err);
			break;
		default:
			result = cli_take_option(plan, option, optarg, &err);
		}
		if (result == 1)
			return cli_fail_option("run", option, argv);
		if (result)
			return cli_fail(&err);
	}
	plan->argv = argv + optind;
	if (plan->rootfs)
		return 0;
	fprintf(stderr, "mezzo: run needs --rootfs DIR: try `mezzo run --help`\n");
	return EXIT_MEZZO_FAILED;
}

int verb_run(int argc, char **argv)
{
	struct plan plan;
	struct error err;
	int status;

	if (plan_init_for_rootfs(&plan, NULL, &err) || plan_note_streams(&plan, &err))
		return cli_fail(&err);
	plan.hostname = "mezzo";
	status = take_options(&plan, argc, argv);
	if (!status)
		status = domain_run(&plan);
	plan_release(&plan);
	return status < 0 ? 0 : status;
}
