/* SPDX-License-Identifier: MIT */
/* What the verbs for lasting domains share: options, and one work for each name. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "host/cli/cli.h"

int cli_next_option(struct cli_names *names, int argc, char **argv, const char *letters,
		    const struct option *options)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, options, NULL)) == OPTION_STORE)
		names->store = optarg;
	if (option == -1)
		return 0;
	if (cli_asks_help(option)) {
		fputs(names->usage, stdout);
		names->status = 0;
		return -1;
	}
	if (option == '?' || option == ':') {
		names->status = cli_fail_option(names->verb, option, argv);
		return -1;
	}
	return option;
}

int cli_open_domains(struct cli_names *names, int option, char **words, struct domains *domains)
{
	struct error err;

	if (option < 0)
		return -ECANCELED;
	names->status = 0;
	if (!*words) {
		fprintf(stderr, "mezzo: %s needs the NAME of a domain: try `mezzo %s --help`\n",
			names->verb, names->verb);
		names->status = EXIT_MEZZO_FAILED;
	} else if (domains_open(domains, names->store, false, &err)) {
		names->status = cli_fail(&err);
	}
	return names->status ? -EINVAL : 0;
}

int cli_each_domain(struct cli_names *names, int option, char **words,
		    int (*work)(const struct domains *domains, struct folder *folder, void *data),
		    void *data)
{
	struct domains domains;
	struct error err;
	int status = 0;

	if (cli_open_domains(names, option, words, &domains))
		return names->status;
	for (; *words; words++) {
		struct folder folder;
		int result;

		if (folder_open(&domains, *words, &folder, &err)) {
			status = cli_fail(&err);
			continue;
		}
		result = work(&domains, &folder, data);
		if (result)
			status = result;
		folder_close(&folder);
	}
	domains_close(&domains);
	return status;
}
