/* SPDX-License-Identifier: MIT */
/*
 * What the overlay kept of each inode, read from its log at the start. For overlay_load.c and
 * overlay_compact.c.
 */
#ifndef FS_OVERLAY_KEPT_H
#define FS_OVERLAY_KEPT_H

#include "boundary/overlay.h"
#include "core/types.h"

struct kept_name {
	struct kept_name *hash_next;	/* while the log is read */
	struct kept_name *sibling;
	u64 parent, ino;		/* ino 0: the name is absent */
	const char *name;		/* in the log */
	const char *next_name;		/* in the log that is written */
	u32 hash;
	u16 name_size;
};

struct kept_xattr {
	struct kept_xattr *next;	/* as the log told them */
	const struct overlay_xattr *xattr;
	const struct overlay_xattr *next_xattr;
};

/* All that is kept of one inode. */
struct kept {
	struct kept *next;
	u64 ino;
	struct overlay_slot *slot;	/* NULL: its attributes are the image's */
	struct kept_name *names;	/* of a directory */
	struct kept_xattr *xattrs, **xattrs_end;
	struct kept *object_next;	/* while objects are read */
	u32 links;			/* names that lead to it */
	u32 gone;			/* names that the image has for it, and that were removed */
	bool is_counted;
	bool is_dead;
	bool object_is_there;
};

/* Pages of slots and extents of the log that was read. */
struct overlay_part {
	struct overlay_part *next;
	u64 offset;
};

/*
 * Calls visit for each inode of which something is kept, until it returns an error, which is then
 * the result. At the start only.
 */
int kept_visit(int (*visit)(struct kept *kept, void *data), void *data);

/*
 * Writes the log anew where most of what it tells is past, and frees the former one. At the start,
 * before any inode was made; all slots that are not in use are free. log_size: bytes of the
 * extents that were read. What goes wrong leaves the log as it was.
 */
void overlay_compact(struct overlay_part *slot_pages, struct overlay_part *extents, u64 log_size);

#endif
