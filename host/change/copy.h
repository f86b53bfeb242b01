/* SPDX-License-Identifier: MIT */
/*
 * Copying trees between a domain and the host: what is copied is told, entry by entry, to a sink
 * that makes it there. Names and all else may come from a domain: a sink holds them to its own
 * tree.
 */
#ifndef HOST_CHANGE_COPY_H
#define HOST_CHANGE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "host/change/merged.h"

struct copy_entry {
	const char *path;		/* relative; names that are neither "." nor ".." */
	const char *hard_link;		/* a path that was told before; NULL: this is a new file */
	const char *target;		/* of a symbolic link */
	uint32_t mode, uid, gid;	/* mode: with the type, as st_mode */
	uint32_t rdev_major, rdev_minor;
	uint64_t size;			/* of a regular file */
	int64_t mtime_ns;
	const struct merged_attribute *attributes;
	size_t attribute_count;
};

/*
 * Each entry, behind the directory that it is in; for a regular file that is no hard link, its
 * bytes in rising order (what lies between is zero), then end. All return 0 or -errno with a
 * message. finish: everything was told.
 */
struct copy_sink {
	int (*add)(struct copy_sink *sink, const struct copy_entry *entry, struct error *err);
	int (*bytes)(struct copy_sink *sink, const void *data, size_t size, uint64_t offset,
		     struct error *err);
	int (*end)(struct copy_sink *sink, struct error *err);
	int (*finish)(struct copy_sink *sink, struct error *err);
	uint64_t left_out;		/* out: sockets, and devices where they are not wanted */
};

/*
 * Copies a file, or a directory with all below it, out of a domain. It is called name there; "":
 * of a directory only what is in it is told.
 */
int copy_out(const struct merged *merged, const struct merged_inode *inode, const char *name,
	     struct copy_sink *sink, struct error *err);

/* ---- Sinks ---- */

/*
 * A directory of the host, whose descriptor stays the caller's. Nothing outside of it is touched,
 * whatever links there are in it. archive: owners, all bits of modes and extended attributes are
 * kept; else files are the caller's own, without set-user-id bits, and devices are left out. The
 * process has umask 0. Returns NULL where memory is lacking; host_sink_free() is due.
 */
struct copy_sink *host_sink_create(int directory, bool archive);
void host_sink_free(struct copy_sink *sink);

/* A tar that is written to a descriptor, which stays the caller's. Likewise; err is filled. */
struct copy_sink *tar_sink_create(int fd, struct error *err);
void tar_sink_free(struct copy_sink *sink);

#endif
