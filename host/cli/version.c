/* SPDX-License-Identifier: MIT */
/* `mezzo version`. */
#include <stdio.h>

#include "host/cli/cli.h"

#define MEZZO_VERSION "0.1"

int verb_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("mezzo %s (boundary version %d)\n", MEZZO_VERSION, BOUNDARY_VERSION);
	return 0;
}
