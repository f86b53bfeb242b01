/* SPDX-License-Identifier: MIT */
/*
 * Making equal objects of lasting domains one, with each other and with the store's: part of
 * `mezzo store dedup`. They become one file of the host with a name in each place, which is
 * granted to domains to read only (host/domain/own_objects.h) and copied when one changes it.
 */
#ifndef HOST_CHANGE_DEDUP_H
#define HOST_CHANGE_DEDUP_H

#include <stdint.h>

#include "host/base/error.h"
#include "host/domain/folder.h"
#include "host/store/store.h"

struct dedup_counts {
	uint64_t files, bytes;		/* what became superfluous */
	uint64_t running;		/* domains that were left out */
	uint64_t damaged;		/* likewise: `mezzo store fsck` tells why */
};

/*
 * Looks at all domains that don't run; none of them can be started meanwhile. store is open without
 * a transaction; where an object of it is removed meanwhile, nothing becomes one with that. Returns
 * 0 or -errno; what was done until then is good, and counted.
 */
int domains_deduplicate(const struct domains *domains, struct store *store,
			struct dedup_counts *counts, struct error *err);

#endif
