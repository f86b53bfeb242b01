/* SPDX-License-Identifier: MIT */
/* Adding up what domains use. */
#ifndef HOST_STATS_TOTALS_H
#define HOST_STATS_TOTALS_H

#include "host/stats/stats.h"

/*
 * Fill stats->totals, and count for each image and each of its objects the domains that have it.
 * Returns 0 or -ENOMEM.
 */
int stats_add_up(struct stats *stats);

#endif
