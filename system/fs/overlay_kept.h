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
	u32 hash;
	u16 name_size;
	char name[];			/* does not end with NUL */
};

struct kept_xattr {
	struct kept_xattr *next;
	struct overlay_xattr xattr;	/* what the log told last of the attribute, whole */
};

/* All that is kept of one inode. */
struct kept {
	struct kept *next;
	u64 ino;
	struct overlay_slot *slot;	/* NULL: its attributes are the image's */
	struct kept_name *names;	/* of a directory */
	struct kept_xattr *xattrs;	/* each once */
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
	bool at_start;			/* what is read is claimed, and slots are known */
	struct kept_name **names;	/* by parent and name */
	u32 names_size, names_used;
	struct overlay_part *pages, *extents;	/* the last one first */
	u64 max_ino;
	struct kept **objects;		/* those with objects, by id: table->size chains */
	bool has_unused;		/* objects that no file has */
};

/* What was kept when the domain started. */
extern struct kept_table kept_table;

/*
 * Reads the log on, into the table, until the walk comes there, or (-EUCLEAN) to a record that
 * can't be true. Or -ENOMEM. The log must not change before that.
 */
int log_read(struct reading *reading, struct overlay_log *walk, u64 until);
/* Notes an extent of the log, and claims it at the start. 0, -EUCLEAN, -ENOMEM. */
int log_extent_note(struct reading *reading, u64 offset);
/* Frees what was only needed meanwhile. */
void reading_release(struct reading *reading);
void kept_table_release(struct kept_table *table);
/* What is kept of an inode, or NULL. */
struct kept *kept_find(const struct kept_table *table, u64 ino);
/* The same; a new entry if need be. NULL: out of memory. */
struct kept *kept_get(struct kept_table *table, u64 ino);
/*
 * Calls visit for each inode of which something is kept, until it returns an error, which is then
 * the result. At the start only.
 */
int kept_visit(const struct kept_table *table, int (*visit)(struct kept *kept, void *data),
	       void *data);

/*
 * Where most of what the log tells is past, it is written anew. At the start, when it was read
 * until walk, and before any inode was made; all slots that are not in use are free. What goes
 * wrong leaves the log as it was.
 */
void overlay_compact(struct reading *reading, const struct overlay_log *walk);

#endif
