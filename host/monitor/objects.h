/* SPDX-License-Identifier: MIT */
/*
 * The objects of one domain: what its local ids mean, and the handles that it is granted on them.
 * Ids from a domain are hostile: whatever it asks for, it gets its own objects or an error.
 *
 * Local ids up to 2^32 - 1 are those of the image's index; they are granted to be read. Ids from
 * OVERLAY_OWN_OBJECT on are those of a lasting domain's own, which it may write.
 */
#ifndef HOST_MONITOR_OBJECTS_H
#define HOST_MONITOR_OBJECTS_H

#include "boundary/abi.h"
#include "host/base/error.h"
#include "host/domain/own_objects.h"
#include "host/monitor/quota.h"
#include "host/store/store.h"

struct objects {
	struct store *store;		/* NULL: the domain has no objects */
	mapping_id mapping;		/* of the image */
	int index;			/* the image's index, to be mapped by the domain */
	uint64_t index_size;
	/* Of a lasting domain: */
	int overlay;			/* likewise; -1: its changes are not kept */
	uint64_t overlay_size;
	struct own_objects own;
	struct quota quota;
	/* Ids that the domain has deleted and can still write, rising (objects_delete()). */
	uint64_t *going;
	size_t going_count, going_room;
};

/*
 * Of the image of a store, NULL for the usual one, whose objects the mapping has; image: what it
 * was called. Returns 0 or -errno; objects_release() is due.
 */
int objects_open(struct objects *objects, const char *store, const char *image, mapping_id mapping,
		 struct error *err);
/*
 * Of a lasting domain, too, what it keeps in its folder. Its lock is held. disk_limit: 0
 * for none. Returns 0 or -errno; after either, objects_release() is still due.
 */
int objects_open_kept(struct objects *objects, int folder_fd, uint64_t disk_limit,
		      struct error *err);
/* Harmless where there are none, if the struct is all zeros. */
void objects_release(struct objects *objects);

/*
 * A handle on an object for the domain, the caller's to close, or -errno: -ENOENT, -EIO where the
 * store can't give it. *told: what the domain is told of it, 0 or OBJECT_SHARED.
 */
int objects_grant(const struct objects *objects, uint64_t id, int32_t *told);

/*
 * The domain does not need an object of its own any more. Where it has a limit of disk and can
 * still write the object, by a handle or a mapping, the object loses its bytes and stays,
 * and counts, until objects_sweep() finds that this is over, or objects_release().
 */
void objects_delete(struct objects *objects, uint64_t id);
void objects_sweep(struct objects *objects);

/*
 * Takes disk for an object of the domain's own: an id, offset, size and mode that can be. Returns 0
 * or the -errno that the domain gets.
 */
int objects_allocate(struct objects *objects, const struct object_space *space);

/* The overlay is to have so many bytes. Returns 0 or the -errno that the domain gets. */
int objects_grow_overlay(struct objects *objects, uint64_t size);
/* A part of the overlay, whole pages, gets its disk back. Likewise. */
int objects_fill_overlay(struct objects *objects, uint64_t offset, uint64_t size);

#endif
