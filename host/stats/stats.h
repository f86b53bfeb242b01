/* SPDX-License-Identifier: MIT */
/* What domains use, each and all together, with what they share counted once. */
#ifndef HOST_STATS_STATS_H
#define HOST_STATS_STATS_H

#include "host/base/strings.h"
#include "host/domain/state.h"
#include "host/stats/folder_usage.h"
#include "host/stats/image_usage.h"
#include "host/stats/memory_usage.h"

struct domain_usage {
	char *name;
	enum domain_state state;
	char *rootfs;			/* NULL: it is over an image */
	size_t image;			/* which of stats.images, where rootfs is NULL */
	pid_t monitor;			/* 0: it does not run, or nobody tells; no memory then */
	struct memory_usage memory;
	struct folder_usage folder;
};

/* The sums; each object of an image is in them once. */
struct stats_totals {
	size_t running, processes;
	uint64_t private_bytes, shared_bytes, pss_bytes;
	uint64_t image_cache_bytes, own_cache_bytes;
	uint64_t image_disk_bytes, own_disk_bytes;
	size_t image_objects, own_objects;
	uint64_t cpu_ns;
	bool cache_is_known, disk_is_known;	/* else something could not be read */
	/* If each domain had copies of its own of all that it shares: */
	uint64_t unshared_memory_bytes, unshared_cache_bytes, unshared_disk_bytes;
};

struct stats {
	struct domain_usage *domains;	/* by name */
	size_t domain_count;
	struct image_usage *images;	/* of those domains */
	size_t image_count;
	struct store *store;		/* NULL: none of them is over an image */
	struct stats_totals totals;
	size_t skipped;			/* domains whose records can't be read */
};

/*
 * Of the domains with these names, or where there are none, of those that run, or of all. tell is
 * called for each one whose record can't be read, and the others are looked at. Returns 0 or
 * -errno; stats_release() is due after either.
 */
int stats_read(struct stats *stats, const struct domains *domains, const struct strings *names,
	       bool all, void (*tell)(const struct error *err), struct error *err);
void stats_release(struct stats *stats);

/* NULL: it is over no image, or that is gone. */
const struct image_usage *stats_image(const struct stats *stats,
				      const struct domain_usage *domain);

/* The paths of those objects of images that are in the page cache. Returns 0 or -errno. */
int stats_name_objects(struct stats *stats, struct error *err);

#endif
