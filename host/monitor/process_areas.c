/* SPDX-License-Identifier: MIT */
/* The mappings of a domain's process: REQ_PROCESS_AREAS; see process.h. No locks. */
#include <stdio.h>
#include <string.h>

#include "boundary/layout.h"
#include "host/base/smaps.h"
#include "host/monitor/process.h"

struct collected {
	uint64_t from;
	char *area;			/* only ever written */
	size_t count, capacity;		/* of struct area_use */
	uint64_t next;			/* the first that had no room; 0: none */
};

static bool is_the_layers(const struct area_use *use)
{
	return use->start >= LAYER_BASE && use->end <= LAYER_END;
}

static void collect(const struct smaps_mapping *mapping, void *data)
{
	struct collected *collected = data;

	if (mapping->use.start < collected->from || is_the_layers(&mapping->use))
		return;
	if (collected->count < collected->capacity)
		memcpy(collected->area + collected->count++ * sizeof(mapping->use), &mapping->use,
		       sizeof(mapping->use));
	else if (!collected->next)
		collected->next = mapping->use.start;
}

int process_areas_read(struct process_finder *finder, uint32_t inner, uint64_t from,
		       struct answer *answer)
{
	struct collected collected = {
		.from = from, .area = answer->area,
		.capacity = answer->room / sizeof(struct area_use),
	};
	FILE *smaps;
	int error = process_open(finder, inner, "smaps", &smaps);

	if (error)
		return error;
	error = smaps_parse(smaps, collect, &collected);
	fclose(smaps);
	if (error)
		return error;
	answer->count = (uint32_t)collected.count;
	answer->used = collected.count * sizeof(struct area_use);
	answer->offset = collected.next;
	return 0;
}
