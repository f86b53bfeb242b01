/* SPDX-License-Identifier: MIT */
/*
 * Headers of tar archives in the format pax (POSIX.1-2001), with only as many records as an entry
 * needs. Made here and not by a library, so that the bytes stay the same whatever is installed.
 */
#ifndef HOST_IMAGE_PAX_H
#define HOST_IMAGE_PAX_H

#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"

#define PAX_BLOCK 512u

enum pax_type {
	PAX_FILE = '0',
	PAX_HARD_LINK = '1',
	PAX_SYMBOLIC_LINK = '2',
	PAX_CHARACTER = '3',
	PAX_BLOCK_DEVICE = '4',
	PAX_DIRECTORY = '5',
	PAX_FIFO = '6',
};

/* Of a file with that st_mode. What tar has no type for is told as a regular file. */
enum pax_type pax_type_of(uint32_t mode);

struct pax_entry {
	enum pax_type type;
	const char *path, *target; /* target: of links, else NULL */
	uint32_t mode, uid, gid, rdev_major, rdev_minor;
	uint64_t size;
	int64_t mtime_ns;
};

/* Records, and then blocks, as they grow; reused from entry to entry. */
struct pax {
	char *data;
	size_t size, room;
};

/*
 * Before pax_header(), for each extended attribute, in the order of names. -EINVAL: a name that tar
 * can't tell.
 */
int pax_xattr(struct pax *pax, const char *name, size_t name_size, const void *value, size_t size,
	      struct error *err);
/* Makes pax->data the blocks of the entry's header, with the attributes that were told. */
int pax_header(struct pax *pax, const struct pax_entry *entry, struct error *err);
/* Forgets what was told, and keeps the memory. */
void pax_clear(struct pax *pax);
void pax_release(struct pax *pax);

#endif
