/* SPDX-License-Identifier: MIT */
/*
 * Volumes of a store: directories with names, STORE/volumes/NAME/data, that outlive the domains
 * which share them. Only the store's owner can look into STORE/volumes. Names are as those of
 * domains. A volume is made in the workshop (workshop.h) and removed by a rename to there.
 *
 * Whoever runs a domain with a volume, or makes one that names it, shares the lock of its folder
 * (flock(2)) meanwhile; who removes it has the lock alone.
 */
#ifndef HOST_DOMAIN_VOLUMES_H
#define HOST_DOMAIN_VOLUMES_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/base/place.h"

struct store_volumes {
	int fd;				/* STORE/volumes; -1: there are none yet */
	char store[PLACE_SIZE];		/* absolute where fd >= 0 */
};

/*
 * Open the volumes of a store (`option` as for place_store()); with make, the place is made where
 * there is none. store_volumes_close() is due on success.
 */
int store_volumes_open(struct store_volumes *volumes, const char *option, bool make,
		       struct error *err);
void store_volumes_close(struct store_volumes *volumes);

/* Returns 0, or -EINVAL with the rule as the message. */
int store_volume_check_name(const char *name, struct error *err);

/* Makes the volume, unless it is there. Returns 0, -EUCLEAN as store_volume_find(), or -errno. */
int store_volume_make(const struct store_volumes *volumes, const char *name, struct error *err);

/*
 * Its directory, and when it was made. -ENOENT where there is no such volume, -EUCLEAN where what
 * has its name is no volume; that can be removed all the same.
 */
int store_volume_find(const struct store_volumes *volumes, const char *name,
		      char path[PLACE_SIZE], int64_t *created_ns, struct error *err);

/*
 * The volume, which is made where it is not there, with a share in its lock: nobody removes it
 * before the descriptor is closed. Returns that, open on its folder, or -errno.
 */
int store_volume_use(const struct store_volumes *volumes, const char *name, struct error *err);

/* The lock alone, as a descriptor to be closed; or -EWOULDBLOCK, -ENOENT or another -errno. */
int store_volume_claim(const struct store_volumes *volumes, const char *name, struct error *err);

/*
 * Removes it with all that is in it. Who calls has the lock alone, and has seen that no domain
 * names it.
 */
int store_volume_remove(const struct store_volumes *volumes, const char *name, struct error *err);

/* Calls visit with each name, sorted, until it returns non-zero, which is then the result. */
int store_volumes_visit(const struct store_volumes *volumes,
			int (*visit)(const char *name, void *data), void *data, struct error *err);

#endif
