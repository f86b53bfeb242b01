/* SPDX-License-Identifier: MIT */
/*
 * What an overlay (boundary/overlay.h) tells, in tables: each name with what the log said last of
 * it, each inode with its slot and attributes. Written by a domain, and so hostile: everything is
 * checked before it is used, and the work is in proportion to the overlay's size. system/fs/
 * overlay_load.c reads the same for the domain itself, and what it leaves out is left out here: the
 * log from the first record on that can't be true, and files whose bytes are not there. A power
 * failure leaves such things, too. Knows nothing of the image below (merged.h does).
 *
 * Everything is sorted and found by binary search: no choice of names makes it slow.
 */
#ifndef HOST_CHANGE_CHANGES_H
#define HOST_CHANGE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boundary/overlay_read.h"
#include "host/base/error.h"

/* The last word on a name. */
struct change_name {
	uint64_t parent;
	uint64_t ino;			/* 0: there is no such name */
	const char *name;		/* in the overlay; does not end with NUL */
	uint32_t name_size;
	uint32_t sequence;		/* while the log is read */
};

/* The last word on an extended attribute. */
struct change_xattr {
	const struct overlay_xattr *xattr;	/* in the overlay; its sizes were checked */
	uint64_t ino;
	uint32_t sequence;
};

/* All that is told of one inode. */
struct change_inode {
	uint64_t ino;
	const struct overlay_slot *slot;	/* in the overlay; NULL: as in the image, or lost */
	size_t first_name, name_count;		/* of a directory: in changes.names */
	size_t first_xattr, xattr_count;	/* in changes.xattrs */
	uint32_t links;				/* names that lead to it */
	bool is_dead;				/* OVERLAY_REMOVE_LAST */
};

struct changes {
	const char *data;
	uint64_t size;
	struct change_name *names;	/* by parent, then name; each once */
	size_t name_count;
	struct change_inode *inodes;	/* by number */
	size_t inode_count;
	struct change_xattr *xattrs;	/* by inode, then name; each once */
	size_t xattr_count;
	uint64_t *slot_pages;		/* offsets, as told */
	size_t slot_page_count;
	uint64_t *extents;		/* of the log */
	size_t extent_count;
	struct overlay_log log;		/* where it ends; at is 0 where there is none */
	uint64_t bad_record;		/* where the log was read no further, for damage; or 0 */
	bool is_cut;			/* names were durable once that it does not tell any more */
	void (*say)(const char *line, void *data);	/* NULL: nobody is told */
	void *say_data;
	struct error *err;
};

/*
 * Reads the size bytes at data, a page at least, which do not change meanwhile and outlive
 * *changes. say is called with a line for all that is left out. Returns 0 or -errno (-EUCLEAN: no
 * overlay); changes_release() is due in both cases.
 */
int changes_read(struct changes *changes, const void *data, uint64_t size,
		 void (*say)(const char *line, void *data), void *say_data, struct error *err);
/* All zero, those of no overlay at all, is allowed; as it is for the following. */
void changes_release(struct changes *changes);

/* NULL: nothing is told of it. */
const struct change_inode *changes_inode(const struct changes *changes, uint64_t ino);
/* The change of a name in the directory, or NULL. */
const struct change_name *changes_name(const struct changes *changes,
				       const struct change_inode *directory, const char *name,
				       size_t size);

/* The order of names: as bytes. */
int change_compare_names(const char *left, size_t left_size, const char *right,
			 size_t right_size);

/* Tells what is left out. */
void changes_finding(const struct changes *changes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Inside (claims.c): takes the slots of files whose bytes are not there, or are not theirs alone.
 * Returns 0 or -errno.
 */
int changes_claim(struct changes *changes);

#endif
