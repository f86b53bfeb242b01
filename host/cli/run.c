/* SPDX-License-Identifier: MIT */
/* `mezzo run`: a command in a fresh domain over a root file system in a directory. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "host/cli/cli.h"

static const char usage[] =
"Usage: mezzo run [options] IMAGE [--] COMMAND [ARGUMENTS]\n"
"       mezzo run [options] --rootfs DIR [--] COMMAND [ARGUMENTS]\n"
"\n"
"Run COMMAND in a fresh domain whose root is a private, copy-on-write view of an image (see\n"
"`mezzo image --help`) or of DIR, neither of which is ever changed. The command starts in / as\n"
"user 0 with a small environment; what an image's config says is not used yet.\n"
"\n"
"      --rootfs DIR       a directory as the root file system\n"
"      --store DIR        where images are; else $MEZZO_STORE, /var/lib/mezzo for root, or\n"
"                         ~/.local/share/mezzo\n"
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
	{ "store", required_argument, NULL, OPTION_STORE },
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
		case OPTION_STORE:
			plan->store = optarg;
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
	if (!plan->rootfs && optind < argc) {
		plan->image = argv[optind++];
		/* Ids of an image mean what they say. */
		plan->own_ids_are_root = false;
		if (optind < argc && !strcmp(argv[optind], "--"))
			optind++;
	}
	plan->argv = argv + optind;
	if (plan->rootfs || plan->image)
		return cli_check_command(plan, "run");
	fprintf(stderr, "mezzo: run needs an IMAGE or --rootfs DIR: try `mezzo run --help`\n");
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
