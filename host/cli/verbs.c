/* SPDX-License-Identifier: MIT */
/* The verbs of `mezzo`, by name. */
#include <stdio.h>
#include <string.h>

#include "host/base/verb_hint.h"
#include "host/cli/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "do", verb_do },
	{ "run", verb_run },
	{ "image", verb_image },
	{ "store", verb_store },
	{ "exec", verb_exec },
	{ "create", verb_create },
	{ "start", verb_start },
	{ "stop", verb_stop },
	{ "kill", verb_kill },
	{ "wait", verb_wait },
	{ "attach", verb_attach },
	{ "logs", verb_logs },
	{ "ps", verb_ps },
	{ "stats", verb_stats },
	{ "ls", verb_ls },
	{ "rm", verb_rm },
	{ "rename", verb_rename },
	{ "diff", verb_diff },
	{ "commit", verb_of_image },
	{ "cp", verb_cp },
	{ "volume", verb_volume },
	{ "inspect", verb_inspect },
	{ "version", verb_version },
	{ "--version", verb_version },
	{ "help", verb_help },
	{ "--help", verb_help },
	{ "-h", verb_help },
};

int cli_run_verb(int argc, char **argv)
{
	char hint[VERB_HINT_SIZE];
	const char *near = NULL;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(argv[0], verbs[i].name))
			return verbs[i].run(argc, argv);
		if (verb_is_near(argv[0], verbs[i].name))
			near = verbs[i].name;
	}
	fprintf(stderr, "mezzo: unknown verb '%.60s': %s\n", argv[0],
		verb_hint("mezzo", argv[0], near, hint));
	return EXIT_MEZZO_FAILED;
}
