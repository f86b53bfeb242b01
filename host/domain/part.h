/* SPDX-License-Identifier: MIT */
/* A folder of the store, with what has names there: domains, volumes. */
#ifndef HOST_DOMAIN_PART_H
#define HOST_DOMAIN_PART_H

#include <stdbool.h>

#include "host/base/error.h"
#include "host/base/place.h"

/*
 * Open the folder `name` of a store (`option` as for place_store()); with make, it is made where
 * there is none, and without it *fd is -1 then. store: the store's path, absolute where there is a
 * store. Folder and store must be ones that are believed (owner.h). Returns 0 or -errno.
 */
int part_open(const char *option, const char *name, bool make, char store[PLACE_SIZE], int *fd,
	      struct error *err);

#endif
