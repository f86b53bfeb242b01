/* SPDX-License-Identifier: MIT */
/* What differs between a domain's tree and its image, by path. */
#ifndef HOST_CHANGE_DIFF_H
#define HOST_CHANGE_DIFF_H

#include "host/change/merged.h"

enum diff_kind { DIFF_ADDED = 'A', DIFF_CHANGED = 'C', DIFF_REMOVED = 'D' };

struct diff_line {
	enum diff_kind kind;
	char *path;			/* from the root, with a slash before it */
};

struct diff {
	struct diff_line *lines;	/* in the order of paths */
	size_t count;
};

/*
 * All that was added, changed and removed. Of what was removed only the top is told; a directory
 * with something of these below it has changed. The root itself is told of where more than its time
 * is another. Looks at directories of the image only where something in them is different. Returns
 * 0 or -errno; diff_release() is due on success.
 */
int diff_make(const struct merged *merged, struct diff *diff, struct error *err);
void diff_release(struct diff *diff);

#endif
