/* SPDX-License-Identifier: MIT */
/* Filling a console of the channel with the program that is to be started there. */
#ifndef HOST_LAUNCH_PROGRAM_H
#define HOST_LAUNCH_PROGRAM_H

#include "boundary/abi.h"
#include "host/launch/plan.h"

/*
 * What the program's text needs in the channel, ends of strings and the host name included. At most
 * CONFIG_TEXT_MAX fits.
 */
size_t program_text_size(const struct plan *plan);

/*
 * Describe the plan's command in a console that nobody uses: strings, ids, kinds of streams, empty
 * rings. Of the plan only these count. The terminal is the monitor's to add.
 */
void program_fill(struct channel *channel, uint32_t console, const struct plan *plan);

#endif
