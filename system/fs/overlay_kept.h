/* SPDX-License-Identifier: MIT */
/*
 * What the overlay kept of each inode, read from its log at the start. For overlay_kept.c,
 * overlay_start.c, overlay_load.c and overlay_compact.c.
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

/* All that is kept, by inode number. */
struct kept_table {
	struct kept **inodes;
	u32 size, used;
};

/* What is only needed while the log is read. */
struct reading {
	struct kept_table *table;
	struct kept_name **names;	/* by parent and name */
	u32 names_size, names_used;
	struct overlay_part *pages, *extents;
	u64 log_size;			/* bytes of the extents */
	u64 max_ino;
	struct kept **objects;		/* those with objects, by id: table->size chains */
	bool has_unused;		/* objects that no file has */
};

/* What was kept when the domain started. */
extern struct kept_table kept_table;

/* Reads the log, claims its space, and goes on writing it where it ends. 0, -ENOMEM. */
int log_read(struct reading *reading);
/* What is kept of an inode, or NULL. */
struct kept *kept_find(const struct kept_table *table, u64 ino);
/* The same; a new entry if need be. At the start only. NULL: out of memory. */
struct kept *kept_get(struct kept_table *table, u64 ino);
/*
 * Calls visit for each inode of which something is kept, until it returns an error, which is then
 * the result. At the start only.
 */
int kept_visit(const struct kept_table *table, int (*visit)(struct kept *kept, void *data),
	       void *data);

/*
 * Writes the log anew where most of what it tells is past, and frees the former one. At the start,
 * before any inode was made; all slots that are not in use are free. What goes wrong leaves the log
 * as it was.
 */
void overlay_compact(const struct reading *reading);

#endif
