/* SPDX-License-Identifier: MIT */
/* Starting a lasting domain: what start and run have in common. */
#ifndef HOST_CLI_START_H
#define HOST_CLI_START_H

#include <stdbool.h>

#include "host/domain/folder.h"

/*
 * Start the domain and return when its first program runs, or where another has started it just
 * now: 0; else mezzo's exit status, and what there is to say has been said.
 */
int start_detached(const struct domains *domains, const struct folder *folder);

/* Start it and attend it to its end, whose exit status this returns. */
int start_attended(const struct domains *domains, const struct folder *folder, bool gives_input);

#endif
