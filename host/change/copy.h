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
#include "host/change/resolve.h"
#include "host/receive/stream.h"

struct copy_entry {
	/* relative; names that are neither "." nor "..", but for "." as the first one */
	const char *path;
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
	/* In place of end, where the rest can't be had: the file goes (in a tar it gets zeros) */
	int (*drop)(struct copy_sink *sink, struct error *err);
	int (*finish)(struct copy_sink *sink, struct error *err);
	/* The directory of the host that the copy becomes, or whose content; ino 0: none. */
	dev_t own_dev;
	ino_t own_ino;
	uint64_t left_out;		/* out: sockets, and devices where they are not wanted */
};

/* Parts of a copy that came to nothing, while the rest went on. */
struct copy_failures {
	void (*tell)(const struct error *err);	/* called for each */
	uint64_t count;			/* out */
	const char *source;		/* out: what is copied, for messages */
};

/*
 * Copies a file, or a directory with all below it, out of a domain, as its programs see it: with
 * what is in volumes, of which parts can fail. It is called name there; "": of a directory only
 * what is in it is told. 0 also where files can't be opened, as those that the image has lost.
 */
int copy_out(const struct merged *merged, const struct spot *spot, const char *name,
	     struct copy_sink *sink, struct copy_failures *failures, struct error *err);

/*
 * For copy_out(): what is beneath a volume by this path ("": the volume itself), which is told as
 * `path`; finish is not called. As copy_host(), with ids and modes as programs of the domain see
 * them.
 */
int copy_volume(const struct merged *merged, int volume, const char *beneath, const char *path,
		struct copy_sink *sink, struct copy_failures *failures, struct error *err);

/* ---- Other sources ---- */

struct progress;

/*
 * Copies a file of the host, or a directory with all below it: paths begin with ".", which is the
 * source itself. No link is followed. archive: extended attributes that mean something in a domain
 * are told. 0 also where parts failed; -errno where the sink did.
 */
int copy_host(const char *source, bool archive, struct copy_sink *sink,
	      struct copy_failures *failures, struct error *err);

/*
 * Copies what is in a tar on standard input, packed or not. Likewise, and -errno where the tar is
 * damaged. Owners and all else are told as they are in it. progress is moved on.
 */
int copy_tar(struct copy_sink *sink, struct copy_failures *failures, struct progress *progress,
	     struct error *err);

/* ---- Sinks ---- */

/*
 * A directory of the host, whose descriptor stays the caller's. Nothing outside of it is touched,
 * whatever links there are in it. archive: owners, all bits of modes and extended attributes are
 * kept; else files are the caller's own, without set-user-id bits, and devices are left out. The
 * process has umask 0. name: as copy_out() is told. Returns NULL where memory is lacking;
 * host_sink_free() is due.
 */
struct copy_sink *host_sink_create(int directory, const char *name, bool archive);
void host_sink_free(struct copy_sink *sink);

/*
 * The stream to mezzo-receive (host/receive/stream.h) on a descriptor, which stays the caller's;
 * name is what is copied. archive: as above. progress is moved on, and outlives it. Likewise; err
 * is filled.
 */
struct copy_sink *stream_sink_create(int fd, enum stream_kind kind, const char *name, bool archive,
				     struct progress *progress, struct error *err);
void stream_sink_free(struct copy_sink *sink);

/* A tar that is written to a descriptor, which stays the caller's. Likewise; err is filled. */
struct copy_sink *tar_sink_create(int fd, struct error *err);
void tar_sink_free(struct copy_sink *sink);

#endif
