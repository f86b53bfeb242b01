/* SPDX-License-Identifier: MIT */
/* What the verbs of `mezzo-image` share; see cli.h. One thread. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/image/cli.h"
#include "host/image/interrupt.h"

const char *cli_program = "mezzo-image";
int cli_failed_status = 1;
bool cli_dies_of_pipe;

int cli_fail(const struct error *err)
{
	char line[sizeof(err->text)];
	struct error plain;

	/* It is of no interest in the middle of what. */
	if (err->code == EINTR && interrupt_check(&plain))
		err = &plain;
	if (err->code == EPIPE && cli_dies_of_pipe) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	fprintf(stderr, "%s: %s\n", cli_program, error_line(err, line));
	return cli_failed_status;
}

static int refuse_option(int option, char **argv, struct error *err)
{
	const char *what = option == ':' ? "needs an argument" : "is not known";

	/* A short option is in optopt; a long one is the argument just passed. */
	if (optopt > 0 && optopt < OPTION_HELP)
		return error_set(err, 0, "option -%c %s: try `%s %s --help`", optopt, what,
				 cli_program, argv[0]);
	return error_set(err, 0, "option %s %s: try `%s %s --help`", argv[optind - 1], what,
			 cli_program, argv[0]);
}

int cli_next_option(struct cli *cli, int argc, char **argv, const struct option *options,
		    const char *usage, struct error *err)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, cli->letters ? cli->letters : ":", options,
				     NULL)) != -1) {
		/* -h, which no verb names among its letters. */
		if (option == '?' && optopt == 'h')
			option = OPTION_HELP;
		switch (option) {
		case OPTION_HELP:
			fputs(usage, stdout);
			cli->done = true;
			return -EINVAL;
		case OPTION_STORE:
			cli->store = optarg;
			continue;
		case OPTION_JSON:
			cli->json = true;
			continue;
		case OPTION_REPLACE:
			cli->replace = true;
			continue;
		case 'f':
			cli->force = true;
			continue;
		case '?':
		case ':':
			return refuse_option(option, argv, err);
		}
		return option;
	}
	return -1;
}

int cli_check_end(int result, int argc, char **argv, struct error *err)
{
	if (result != -1 || optind == argc)
		return result == -1 ? 0 : result;
	return error_set(err, 0, "%s takes no '%.60s': try `%s %s --help`", argv[0], argv[optind],
			 cli_program, argv[0]);
}

int cli_open_store(const struct cli *cli, unsigned flags, struct store **store,
		   char path[PLACE_SIZE], struct error *err)
{
	int result = place_store(cli->store, path, err);

	if (!result && (flags & STORE_CREATE))
		result = place_make_parents(path, err);
	if (!result)
		result = store_open_disk(path, flags, store, err);
	return result == -ENOENT && !(flags & STORE_CREATE) ? cli_no_store(path, err) : result;
}

int cli_no_store(const char *path, struct error *err)
{
	error_set(err, 0, "%s: there is no store here yet: `mezzo image import` makes one", path);
	err->code = ENOENT;
	return -ENOENT;
}
