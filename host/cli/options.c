/* SPDX-License-Identifier: MIT */
/* What the verbs share: errors, and the options that do and run have in common. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"

int cli_fail(const struct error *err)
{
	char line[sizeof(err->text)];

	fprintf(stderr, "mezzo: %s\n", error_line(err, line));
	return EXIT_MEZZO_FAILED;
}

bool cli_asks_help(int option)
{
	return option == OPTION_HELP || (option == '?' && optopt == 'h');
}

int cli_fail_option(const char *verb, int option, char **argv)
{
	const char *what = option == ':' ? "needs an argument" : "is not known";

	/* A short option is in optopt; a long one is the argument just passed. */
	if (optopt > 0 && optopt < OPTION_HELP)
		fprintf(stderr, "mezzo: option -%c %s: try `mezzo %s --help`\n", optopt, what,
			verb);
	else
		fprintf(stderr, "mezzo: option %s %s: try `mezzo %s --help`\n", argv[optind - 1],
			what, verb);
	return EXIT_MEZZO_FAILED;
}

int cli_check_command(const struct plan *plan, const char *verb)
{
	if (plan->argv[0])
		return 0;
	fprintf(stderr, "mezzo: no command given: try `mezzo %s --help`\n", verb);
	return EXIT_MEZZO_FAILED;
}

static int take_workdir(struct plan *plan, const char *argument, struct error *err)
{
	char *copy = strdup(argument);

	if (!copy)
		return error_set(err, ENOMEM, "--workdir");
	free(plan->cwd);
	plan->cwd = copy;
	plan->cwd_is_chosen = true;
	return 0;
}

int cli_take_option(struct plan *plan, int option, char *argument, struct error *err)
{
	switch (option) {
	case OPTION_TRACE:
		plan->flags |= CONFIG_TRACE;
		return 0;
	case OPTION_TRACE_FILE:
		plan->flags |= CONFIG_TRACE;
		plan->log_file = argument;
		return 0;
	case OPTION_LOG_FILE:
		plan->log_file = argument;
		return 0;
	case OPTION_VERBOSE:
		plan->flags |= CONFIG_VERBOSE;
		return 0;
	case OPTION_LAYER:
		plan->layer_file = argument;
		return 0;
	case OPTION_NO_KEY:
		plan->no_key = true;
		return 0;
	case OPTION_HOSTNAME:
		plan->hostname = argument;
		return 0;
	case 'e':
		return plan_set_variable(plan, argument, err);
	case 'w':
		return take_workdir(plan, argument, err);
	case 'v':
		return plan_add_volume(plan, argument, err);
	case 'i':
		return 0;
	}
	return 1;
}
