/* SPDX-License-Identifier: MIT */
/*
 * A bundle: named files that make an image together, as a directory or as an archive: an OCI
 * layout, a `docker save`.
 */
#ifndef HOST_IMAGE_BUNDLE_H
#define HOST_IMAGE_BUNDLE_H

#include "host/image/tar_read.h"

struct bundle_member {
	char *name;
	char *target;	      /* another member, for a link; else NULL */
	uint64_t start, size; /* in the spool */
};

struct bundle {
	const char *name; /* for messages */
	int fd; /* of the directory, or of the spool: an unlinked file with an archive's members */
	bool archive;
	struct bundle_member *members; /* of an archive */
	size_t member_count, member_room;
};

/* Returns 0 or -errno; bundle_release() is due. path outlives the bundle. */
int bundle_open(struct bundle *bundle, const char *path, struct error *err);
/*
 * All members of an archive, of which the first entry was read. What is neither a file nor a link
 * is left out: no part of a bundle is any of these.
 */
int bundle_spool(struct bundle *bundle, struct tar_stream *stream, struct archive_entry *entry,
		 struct error *err);
/*
 * A file by its path; links are followed within the bundle. -ENOENT. name outlives the blob, whose
 * release is due.
 */
int bundle_find(struct bundle *bundle, const char *name, struct blob *blob, struct error *err);
bool bundle_has(struct bundle *bundle, const char *name);
void bundle_release(struct bundle *bundle);

/* An unlinked file in $TMPDIR, or /tmp: its descriptor, or -errno. */
int bundle_open_spool(struct error *err);

/* Whether an archive whose first entry has this path is rather a bundle than a tree of files. */
bool bundle_is_likely(const char *path);

#endif
