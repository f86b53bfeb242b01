/* SPDX-License-Identifier: MIT */
/*
 * Inside of diff.c: where the trees may differ. An inode is touched where its attributes, its bytes
 * or its extended attributes are others than the image's, and marked where it is touched, or
 * is a directory in or below which something may differ.
 */
#ifndef HOST_CHANGE_DIFF_MARKS_H
#define HOST_CHANGE_DIFF_MARKS_H

#include "host/change/merged.h"

struct diff_marks {
	const struct merged *merged;
	unsigned char *flags;		/* by merged_number() */
	struct diff_parent *parents;	/* of inodes whose names the log tells, by inode */
	size_t parent_count;
};

/* Returns 0 or -errno; diff_marks_release() is due in both cases. */
int diff_marks_make(struct diff_marks *marks, const struct merged *merged, struct error *err);
/* All zero is allowed. */
void diff_marks_release(struct diff_marks *marks);

bool diff_is_touched(const struct diff_marks *marks, uint64_t ino);
bool diff_is_marked(const struct diff_marks *marks, uint64_t ino);
/* False: the directory was visited before. */
bool diff_visit(struct diff_marks *marks, uint64_t directory);

#endif
