/* SPDX-License-Identifier: MIT */
/* `mezzo`: runs the verb, and sees to it that what that prints has been written. */
#include <stdio.h>

#include "host/base/fd.h"
#include "host/base/output.h"
#include "host/cli/cli.h"

int main(int argc, char **argv)
{
	struct error err;
	int status;

	if (fd_secure_standard())
		return EXIT_MEZZO_FAILED;
	if (argc < 2) {
		fprintf(stderr, "mezzo: no verb given: try `mezzo help`\n");
		return EXIT_MEZZO_FAILED;
	}
	status = cli_run_verb(argc - 1, argv + 1);
	/* Who has failed has said why. */
	return !status && output_flush(&err) ? cli_fail(&err) : status;
}
