/* SPDX-License-Identifier: MIT */
/* `mezzo do`: a command in a fresh domain over the caller's own root file system. */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cli/cli.h"

static const char usage[] =
"Usage: mezzo do [options] [--] COMMAND [ARGUMENTS]\n"
"\n"
"Run COMMAND in a fresh domain whose root is a private, copy-on-write view of yours: what it\n"
"changes is gone when it ends. Directory, environment, ids and standard streams are your own.\n"
"\n"
"  -e, --env NAME=VALUE   set a variable; NAME alone takes your value\n"
"  -w, --workdir DIR      start in DIR instead of the current directory\n"
"  -v, --volume SOURCE:PATH[:ro]\n"
"                         share a directory (/... or ./...), or the store's volume of that\n"
"                         name, at PATH; what is changed there is changed for all at once\n"
"      --hostname NAME    what the domain calls itself\n"
"      --trace            print each system call of the programs to stderr\n"
"      --trace-file FILE  the same, to FILE\n"
"      --log-file FILE    the system layer's log goes to FILE instead of stderr\n"
"      --verbose          log more: calls that are lacking, warnings\n"
"      --layer FILE       use another system layer\n"
"      --no-key           run without the wall between programs and their system layer\n"
"  -i, --interactive      accepted for others' habits; stdin is always connected\n"
"  -h, --help             this text\n"
"\n"
"The exit status is the command's own, 128 plus the number of a signal that killed it, 126 if it\n"
"can't be run, 127 if it is not found, 125 if mezzo itself failed, 120 if the system layer\n"
"crashed.\n";

static const struct option options[] = {
	CLI_COMMON_OPTIONS,
	{ 0 }
};

static int take_options(struct plan *plan, int argc, char **argv)
{
	struct error err;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:e:w:v:i", options, NULL)) != -1) {
		int result;

		if (cli_asks_help(option)) {
			fputs(usage, stdout);
			return -1;
		}
		result = cli_take_option(plan, option, optarg, &err);
		if (result == 1)
			return cli_fail_option("do", option, argv);
		if (result)
			return cli_fail(&err);
	}
	plan->argv = argv + optind;
	return cli_check_command(plan, "do");
}

int verb_do(int argc, char **argv)
{
	char hostname[65] = "mezzo";
	struct plan plan;
	struct error err;
	int status;

	if (plan_init_as_caller(&plan, environ, &err) || plan_note_streams(&plan, &err))
		return cli_fail(&err);
	gethostname(hostname, sizeof(hostname) - 1);
	plan.hostname = hostname;
	status = take_options(&plan, argc, argv);
	if (!status)
		status = volumes_find(&plan, &err) ? cli_fail(&err) : domain_run(&plan);
	plan_release(&plan);
	return status < 0 ? 0 : status;
}
